package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
)

// ErrChanged says that a file is not, at the end, what it was when it was
// opened: what was read of it may be of neither state.
var ErrChanged = errors.New("the file changed while it was read")

// custody watches over the file of an archive from its opening to its end.
type custody struct {
	file   FileContent
	before Version
	sum    func() (string, error) // as inputReader has it
}

// Version returns what the file was when it was opened; nil for a folder.
func (a *Archive) Version() *Version {
	if a.custody == nil {
		return nil
	}
	return &a.custody.before
}

// Finish is to be called when all that is wanted was read. It returns the
// SHA-256 of the file in hexadecimal, where the opener was asked for it, and
// an error that wraps ErrChanged where the file is not what was opened.
func (a *Archive) Finish() (string, error) {
	if a.custody == nil {
		return "", nil
	}
	return a.custody.finish()
}

func (c *custody) finish() (string, error) {
	sum, err := c.sum()
	if err != nil {
		return "", fmt.Errorf("reading the rest for its SHA-256: %w", err)
	}
	after, err := c.file.Version()
	if err != nil {
		return sum, fmt.Errorf("looking at it again: %w", err)
	}
	if !after.Equal(c.before) {
		return sum, fmt.Errorf("%w: %s became %s", ErrChanged, c.before, after)
	}
	return sum, nil
}

// digest sums up a file from its beginning, whatever order it is read in.
type digest struct {
	hash.Hash
	upTo   int64 // all bytes before it are in
	buffer []byte
}

func newDigest() *digest { return &digest{Hash: sha256.New()} }

// add takes in what was read at an offset; bytes that are in already are left
// out. What lies before is in, unless the offset is behind the end.
func (d *digest) add(data []byte, at int64) {
	if end := at + int64(len(data)); at <= d.upTo && end > d.upTo {
		d.Write(data[d.upTo-at:])
		d.upTo = end
	}
}

func (d *digest) String() string { return hex.EncodeToString(d.Sum(nil)) }

// digestUpTo reads what the digest lacks before an offset, or before the end.
func (f *fileReader) digestUpTo(offset int64) error {
	d := f.digest
	if d.upTo >= offset {
		return nil
	}
	if d.buffer == nil {
		d.buffer = make([]byte, len(f.buffer))
	}
	for d.upTo < offset {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		n, err := f.file.ReadAt(d.buffer[:min(int64(len(d.buffer)), offset-d.upTo)], d.upTo)
		f.bytes += int64(n)
		d.add(d.buffer[:n], d.upTo)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *fileReader) sum() (string, error) {
	if f.digest == nil {
		return "", nil
	}
	if err := f.digestUpTo(math.MaxInt64); err != nil {
		return "", err
	}
	return f.digest.String(), nil
}

// Digest returns the SHA-256 of a file, archive or not, in hexadecimal. A
// folder has none: it is empty.
func (o *Opener) Digest(ctx context.Context, in Input) (string, error) {
	content, err := in.Open(ctx)
	if err != nil {
		return "", &OpenError{err}
	}
	defer content.Close()
	file, ok := content.(FileContent)
	if !ok {
		return "", nil
	}
	o.begin(ctx)
	version, err := file.Version()
	if err != nil {
		return "", &OpenError{err}
	}
	return o.newReader(file, version.Size, true).sum()
}
