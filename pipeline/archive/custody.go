package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"
	"os"
)

// ErrChanged says that a file is not, at the end, what it was when it was
// opened: what was read of it may be of neither state.
var ErrChanged = errors.New("the file changed while it was read")

// openFile is the file of an archive, with what it was when it was opened.
type openFile struct {
	file   *os.File
	path   string
	before fs.FileInfo
	reader *fileReader
}

// Info returns size and times of the file as it was opened; nil for a folder.
func (a *Archive) Info() fs.FileInfo {
	if a.file == nil {
		return nil
	}
	return a.file.before
}

// Finish is to be called when all that is wanted was read. It returns the
// SHA-256 of the file in hexadecimal, where the opener was asked for it, and
// an error that wraps ErrChanged where the file is not what was opened.
func (a *Archive) Finish() (string, error) {
	if a.file == nil {
		return "", nil
	}
	return a.file.finish()
}

func (f *openFile) finish() (string, error) {
	var sum string
	if f.reader.digest != nil {
		if err := f.reader.digestUpTo(math.MaxInt64); err != nil {
			return "", fmt.Errorf("reading the rest for its SHA-256: %w", err)
		}
		sum = f.reader.digest.String()
	}
	after, err := f.file.Stat()
	if err != nil {
		return sum, fmt.Errorf("looking at it again: %w", err)
	}
	if after.Size() != f.before.Size() || !after.ModTime().Equal(f.before.ModTime()) {
		return sum, fmt.Errorf("%w: %d bytes of %s became %d bytes of %s", ErrChanged,
			f.before.Size(), f.before.ModTime().UTC().Format(timeFormat), after.Size(), after.ModTime().UTC().Format(timeFormat))
	}
	return sum, nil
}

const timeFormat = "2006-01-02T15:04:05.000000Z"

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

// Digest returns the SHA-256 of a file that is no archive.
func (o *Opener) Digest(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	o.begin(ctx)
	reader := o.newFile(&o.outer, f)
	reader.digest = newDigest()
	if err := reader.digestUpTo(math.MaxInt64); err != nil {
		return "", err
	}
	return reader.digest.String(), nil
}
