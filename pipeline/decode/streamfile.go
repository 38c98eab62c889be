package decode

import (
	"hash"
	"io"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// streamFile is a file of a stream while its pieces come.
type streamFile struct {
	blocks [][]byte // what is kept of it
	taken  int64    // memory for these
	size   int64
	over   error     // the limit that its content passed
	sum    hash.Hash // of pages, which are not kept
}

// keepPiece keeps a piece of a file, as far as one member may take memory.
func (st *imageStream) keepPiece(f *streamFile, piece *criu.Piece) error {
	limits := &st.decoder.Limits
	switch {
	case f.over != nil:
		return nil
	case f.size > limits.MetadataBytes:
		f.over = &limitError{limits.metadata(), "a file of a stream of images is larger; it was not decoded"}
	case f.size > st.share():
		f.over = &limitError{limits.memory(), "the archive takes more memory; a file of a stream of images was not decoded"}
	default:
		return st.fill(f, piece)
	}
	st.drop(f)
	return nil
}

// fill reads a piece into blocks, which are not moved when more comes. CRIU writes
// few files at a time, so those that have not ended take little memory together.
func (st *imageStream) fill(f *streamFile, piece *criu.Piece) error {
	const smallest, largest = 4 << 10, 256 << 10
	for left := piece.Size; left > 0; {
		n := len(f.blocks)
		if n == 0 || len(f.blocks[n-1]) == cap(f.blocks[n-1]) {
			size := min(max(f.taken, min(left, largest), smallest), largest)
			if st.kept+size > 2*st.decoder.Limits.MetadataBytes || !st.take(size) {
				f.over = &limitError{st.decoder.Limits.memory(), "the archive takes more memory; a file of a stream of images was not decoded"}
				st.drop(f)
				return nil
			}
			f.blocks, f.taken, st.kept = append(f.blocks, make([]byte, 0, size)), f.taken+size, st.kept+size
			n++
		}
		block := f.blocks[n-1]
		more, err := io.ReadFull(piece.Content, block[len(block):min(int64(len(block))+left, int64(cap(block)))])
		f.blocks[n-1], left = block[:len(block)+more], left-int64(more)
		if err != nil {
			return early(err)
		}
	}
	return nil
}

// drop gives up what was kept of a file.
func (st *imageStream) drop(f *streamFile) {
	st.release(f)
	f.blocks = nil
}

// release gives the memory of a file back, to be taken by what reads it.
func (st *imageStream) release(f *streamFile) {
	st.give(f.taken)
	st.kept -= f.taken
	f.taken = 0
}

// Read reads what was kept of the file, once.
func (f *streamFile) Read(b []byte) (int, error) {
	for len(f.blocks) > 0 {
		if n := copy(b, f.blocks[0]); n > 0 {
			f.blocks[0] = f.blocks[0][n:]
			return n, nil
		}
		f.blocks[0] = nil // its memory may be used again
		f.blocks = f.blocks[1:]
	}
	return 0, io.EOF
}
