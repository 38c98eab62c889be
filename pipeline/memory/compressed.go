package memory

import (
	"fmt"
	"io"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// settle finds out how the image has its pages, by the page map that names it;
// false where it has not what that tells. Where several page maps name the image,
// the first one tells its form: one that has pages compressed stands alone.
func (p *Pages) settle(m *criu.Pagemap, pageSize uint64) bool {
	switch {
	case p.layoutOf == m:
		return p.layout != nil
	case p.layoutOf != nil || m.Extended && !p.Holds(m, pageSize) || p.Exceeds(m, pageSize):
		return false
	case !m.IsCompressed():
		p.isPlain = true
		return true
	case p.isPlain:
		return false
	}
	p.layoutOf = m
	layout, ok := m.Layout(pageSize)
	if ok && uint64(layout.StoredSize) == p.Size {
		p.layout, p.content = layout, m.StoredPages*pageSize
	}
	return p.layout != nil
}

// contentSize returns how many bytes of whole pages the image has, when they are
// not compressed.
func (p *Pages) contentSize(pageSize uint64) uint64 {
	if p.layout != nil {
		return p.content
	}
	return p.Size - p.Size%pageSize // what is cut off is not a page
}

// source returns what the pages are read from: in, which is read in order, or
// else what can be read at any offset.
func (p *Pages) source(in io.Reader) (io.Reader, io.ReaderAt) {
	at := p.At
	switch {
	case p.layout == nil && in != nil:
		return in, nil
	case p.layout == nil:
		return nil, at
	case in != nil:
		at = &forward{in: in}
	}
	return nil, p.layout.NewReader(at, p.checkpoint.reader.Spend)
}

// forward reads a stream at offsets that never go back.
type forward struct {
	in io.Reader
	at int64
}

func (f *forward) ReadAt(b []byte, offset int64) (int, error) {
	if offset < f.at {
		return 0, fmt.Errorf("byte %d is wanted behind byte %d", offset, f.at)
	}
	n, err := io.CopyN(io.Discard, f.in, offset-f.at)
	if f.at += n; err != nil {
		return 0, err
	}
	m, err := io.ReadFull(f.in, b)
	f.at += int64(m)
	return m, err
}
