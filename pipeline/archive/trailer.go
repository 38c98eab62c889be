package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// TrailingError says that something follows the end mark of a tar. Tar never
// looks there, so it is a place to hide things, or what is left of a longer
// archive.
type TrailingError struct {
	End     int64 // offset of the end mark within the tar
	Bytes   int64 // how many bytes follow it
	AtLeast bool  // there may be more of them, which were not read
	Members int   // how many members stand there
}

func (e *TrailingError) Error() string {
	atLeast, what := "", "no members that can be named"
	if e.AtLeast {
		atLeast = "at least "
	}
	if e.Members > 0 {
		what = fmt.Sprintf("%d members, which were not decoded", e.Members)
	}
	return fmt.Sprintf("the archive ends at byte %d, and %s%d bytes follow its end mark, with %s", e.End, atLeast, e.Bytes, what)
}

// maxTrailer bounds what is read behind the end mark, other than what a plain
// tar in a file can be sought over.
const maxTrailer = 64 << 20

// trailer reads what follows the end mark of a tar: zeros in most, up to the
// size that programs write at a time.
type trailer struct {
	in      *io.LimitedReader
	file    *fileReader // not nil for a plain tar in a file
	tar     *tar.Reader // nil before the first member
	end     int64       // offset of the end mark
	from    int64       // offset behind it
	members int
}

func newTrailer(t *tarReader) *trailer {
	tr := &trailer{file: t.file, end: t.end.from, from: t.end.position()}
	if t.file != nil {
		tr.in = &io.LimitedReader{R: t.file, N: maxTrailer}
	} else {
		tr.in = &io.LimitedReader{R: t.end.r, N: maxTrailer}
	}
	return tr
}

// next returns the members behind the end mark, and then why there are no more:
// io.EOF where only zeros follow it.
func (t *trailer) next() (*Member, error) {
	for {
		if t.tar != nil {
			h, err := t.tar.Next()
			if err == nil {
				t.members++
				m := new(Member)
				m.set(h)
				m.BehindEnd, m.Offset = true, t.position()
				return m, nil
			}
			if !errors.Is(err, io.EOF) { // no header: nothing behind it can be named
				return nil, t.rest()
			}
		}
		block, err := t.skipZeros()
		switch {
		case errors.Is(err, io.EOF) && t.tar == nil && t.in.N > 0:
			return nil, io.EOF
		case errors.Is(err, io.EOF):
			return nil, t.rest()
		case err != nil:
			return nil, fmt.Errorf("reading behind the last member: %w", truncation(err))
		}
		if err := t.resume(block); err != nil {
			return nil, err
		}
	}
}

// skipZeros returns the next block that is not all zeros.
func (t *trailer) skipZeros() ([]byte, error) {
	block := make([]byte, blockSize)
	for {
		n, err := io.ReadFull(t.in, block)
		if n > 0 && !isZero(block[:n]) {
			return block[:n], nil
		}
		if err != nil && n == 0 { // else the next read tells whether it is the end
			return nil, err
		}
	}
}

// resume begins to read members with a block that was read already.
func (t *trailer) resume(block []byte) error {
	if t.file == nil {
		t.tar = tar.NewReader(io.MultiReader(bytes.NewReader(block), t.in))
		return nil
	}
	t.tar = tar.NewReader(t.file) // it seeks over contents
	_, err := t.file.Seek(-int64(len(block)), io.SeekCurrent)
	return err
}

// position returns the offset within the tar.
func (t *trailer) position() int64 {
	if t.file != nil {
		return t.file.position()
	}
	return t.from + maxTrailer - t.in.N
}

// rest makes the error that ends the trailer, with the number of bytes in it. A
// failure to read, such as that of a compressed stream's checksum, is told
// instead.
func (t *trailer) rest() error {
	trailing := &TrailingError{End: t.end, Members: t.members}
	if t.file != nil {
		if err := t.file.check(); err != nil {
			return err
		}
		trailing.Bytes = max(t.file.size, t.file.position()) - t.from
		return trailing
	}
	if _, err := io.Copy(io.Discard, t.in); err != nil {
		return fmt.Errorf("reading behind the last member: %w", truncation(err))
	}
	trailing.Bytes, trailing.AtLeast = maxTrailer-t.in.N, t.in.N == 0
	return trailing
}
