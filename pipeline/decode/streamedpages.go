package decode

import (
	"errors"
	"io"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
)

// streamedPages reads the pages images of a stream one after another. Pieces of
// those that were written at the same time are kept until it is their turn.
type streamedPages struct {
	set    *imageSet
	stream *criu.ImageStream
	wanted map[string]*memory.Pages // by member, those that were not read
	begun  []string                 // of these, in the order in which they begin
	kept   map[string]*keptPages
	bytes  int64 // of all that is kept
	err    error // that ended the stream
}

// keptPages is what was kept of a pages image while another was read.
type keptPages struct {
	data  []byte
	ended bool
	over  error // the limit that it passed
}

// readStreamedPages reads the wanted pages of a stream of images: from in, if it
// is not seekable. What is wrong with the stream, the first pass told.
func (s *imageSet) readStreamedPages(in *archive.Member) {
	stream, err := s.stream.open(in)
	if err != nil {
		return
	}
	p := &streamedPages{set: s, stream: stream, wanted: map[string]*memory.Pages{}, kept: map[string]*keptPages{}}
	for _, pages := range s.memory.AllPages() {
		if pages.At == nil && pages.Wanted() {
			p.wanted[pages.Member] = pages
		}
	}
	for len(p.wanted) > 0 {
		for len(p.begun) == 0 {
			if !p.pull("", nil) {
				return
			}
		}
		name := p.begun[0]
		p.begun = p.begun[1:]
		image := &pagesOfStream{of: p, name: name, rest: p.kept[name]}
		s.guard(name, func() { s.deliverLate(p.wanted[name], image) })
		p.release(len(image.rest.data))
		delete(p.wanted, name)
		delete(p.kept, name)
	}
}

// release gives the memory of what was kept back.
func (p *streamedPages) release(bytes int) {
	p.set.give(int64(bytes))
	p.bytes -= int64(bytes)
}

// pull takes the next piece of the stream; false where there is none. One of the
// image that is being read goes to take, others are kept.
func (p *streamedPages) pull(reading string, take func(*criu.Piece)) bool {
	if p.err != nil {
		return false
	}
	piece, err := p.stream.Next()
	if err != nil {
		p.err = err
		return false
	}
	name := p.set.stream.memberOf(piece.File)
	switch {
	case p.wanted[name] == nil:
		return true
	case name == reading:
		take(piece)
		return true
	}
	k := p.kept[name]
	if k == nil {
		k = &keptPages{}
		p.kept[name] = k
		p.begun = append(p.begun, name)
	}
	switch {
	case piece.End:
		k.ended = true
	case k.over != nil:
	case p.bytes+piece.Size > 2*p.set.decoder.Limits.MetadataBytes || !p.set.take(piece.Size):
		k.over = &limitError{p.set.decoder.Limits.memory(), "the archive takes more memory; pages that stand between those of others were not read"}
	default:
		p.bytes += piece.Size
		data, err := readAll(piece.Content, piece.Size)
		k.data = append(k.data, data...)
		if err != nil {
			p.err = err
			return false
		}
	}
	return true
}

// pagesOfStream is the content of one pages image of the stream.
type pagesOfStream struct {
	of    *streamedPages
	name  string
	rest  *keptPages
	piece io.Reader
}

func (r *pagesOfStream) Read(b []byte) (int, error) {
	for {
		if k := r.rest; len(k.data) > 0 {
			n := copy(b, k.data)
			r.of.release(n)
			k.data = k.data[n:]
			return n, nil
		}
		if r.rest.over != nil {
			return 0, r.rest.over
		}
		if r.piece != nil {
			n, err := r.piece.Read(b)
			if errors.Is(err, io.EOF) {
				err, r.piece = nil, nil
			}
			if n > 0 || err != nil {
				return n, err
			}
		}
		if r.rest.ended {
			return 0, io.EOF
		}
		more := r.of.pull(r.name, func(piece *criu.Piece) {
			if r.rest.ended = piece.End; !piece.End {
				r.piece = piece.Content
			}
		})
		if !more {
			return 0, io.ErrUnexpectedEOF
		}
	}
}
