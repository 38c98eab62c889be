package memory

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// Reader reads the pages images of the checkpoints of one archive.
type Reader struct {
	// Take asks for memory of what the archive may have, see ErrMemory.
	Take func(bytes int64) bool
	// Spend is asked before so many bytes of compressed pages are expanded.
	Spend func(stored, expanded int64) error
	// Complete is set when all images were seen, and none will be any more.
	Complete bool

	extents []wanted
	buffer  []byte
}

// ErrMemory says that a page map has so many runs that the archive may not take
// the memory to read them in order.
var ErrMemory = errors.New("no memory for the plan of a pages image")

// wanted is a part of a pages image that a consumer wants.
type wanted struct {
	offset, size uint64 // in the pages image
	address      uint64
	space        *Space
	consumer     Consumer
	inherited    bool
}

func (w *wanted) end() uint64 { return w.offset + w.size }

// What an extent takes, and how many are taken for nothing: what command lines
// and environments of ordinary processes need.
const wantedBytes, freeWanted = 64, 4096

// add adds to the plan; false where there is no memory for it.
func (r *Reader) add(w wanted) bool {
	if n := len(r.extents); n == cap(r.extents) {
		grow := max(n, 64)
		if n+grow > freeWanted && !r.Take(int64(grow)*wantedBytes) {
			return false
		}
		r.extents = slices.Grow(r.extents, grow)
	}
	r.extents = append(r.extents, w)
	return true
}

// Wanted reports whether something of the image is wanted that was not
// delivered, as far as it is known whose its pages are.
func (p *Pages) Wanted() bool {
	if p.Unreadable {
		return false
	}
	_, err := p.plan()
	return err != nil || len(p.checkpoint.reader.extents) > 0
}

// Read delivers what is wanted of the image and was not delivered: from in, which
// is at its beginning, or from At where in is nil. It may be called again when more is
// known. Errors other than ErrMemory are those of the readers; an early end is
// io.EOF or io.ErrUnexpectedEOF.
func (p *Pages) Read(in io.Reader) error {
	spaces, err := p.plan()
	if err != nil {
		return err
	}
	for _, s := range spaces {
		p.delivered[s] = true
	}
	in, at := p.source(in)
	return p.checkpoint.reader.deliver(in, at)
}

// plan makes the reader's list of extents, and returns the spaces it is for.
func (p *Pages) plan() ([]*Space, error) {
	r := p.checkpoint.reader
	r.extents = r.extents[:0]
	var spaces []*Space
	for v := range p.views() {
		if p.delivered[v.space] || !v.space.isWhole() {
			continue
		}
		v.space.ask()
		spaces = append(spaces, v.space)
		if !p.settle(v.chain[0], v.space.pageSize) {
			v.space.Unread = len(v.space.wants) > 0
			continue
		}
		for _, m := range v.chain {
			m.Index(v.space.pageSize)
		}
		for _, w := range v.space.wants {
			for _, part := range w.ranges {
				if !p.planRange(v, w.consumer, v.chain, part) {
					return nil, fmt.Errorf("%w: %d runs", ErrMemory, len(r.extents))
				}
			}
		}
	}
	return spaces, nil
}

// planRange adds what the image has of a range: what all page maps of the chain
// but the first leave to their parents, and the first has.
func (p *Pages) planRange(v view, c Consumer, chain []*criu.Pagemap, part Range) bool {
	last := len(chain) - 1
	pageSize := v.space.pageSize
	stored := p.contentSize(pageSize)
	for found := range chain[last].Within(part.Start, part.End) {
		content := found.Run.Content()
		switch {
		case last > 0 && content == criu.Parent:
			if !p.planRange(v, c, chain[:last], Range{found.Start, found.End}) {
				return false
			}
		case last == 0 && content == criu.Present:
			offset, ok := found.Run.Offset(found.Start, pageSize)
			if !ok || offset >= stored {
				continue
			}
			size := min(found.End-found.Start, stored-offset)
			if !p.checkpoint.reader.add(wanted{offset: offset, size: size, address: found.Start, space: v.space, consumer: c, inherited: v.isInherited()}) {
				return false
			}
		}
	}
	return true
}

// merged returns ranges by address, without those that are empty, and those
// that touch as one.
func merged(ranges []Range) []Range {
	ranges = slices.DeleteFunc(slices.Clone(ranges), func(r Range) bool { return r.Start >= r.End })
	slices.SortFunc(ranges, func(a, b Range) int { return cmp.Compare(a.Start, b.Start) })
	var list []Range
	for _, r := range ranges {
		if n := len(list); n > 0 && r.Start <= list[n-1].End {
			list[n-1].End = max(list[n-1].End, r.End)
			continue
		}
		list = append(list, r)
	}
	return list
}

// deliver reads the extents of the plan: at their offsets where the archive
// allows it, else in order. What several want is read once.
func (r *Reader) deliver(in io.Reader, at io.ReaderAt) error {
	rest := r.extents
	slices.SortStableFunc(rest, func(a, b wanted) int { return cmp.Compare(a.offset, b.offset) })
	var position, start uint64
	var open []wanted // begun, and not yet delivered to their end
	for len(open)+len(rest) > 0 {
		if len(open) == 0 {
			start = rest[0].offset
		}
		end := start
		border := start - start%MaxBlock + MaxBlock // blocks begin and end with pages
		for _, w := range open {
			end = max(end, min(w.end(), border))
		}
		for len(rest) > 0 && rest[0].offset <= end && rest[0].offset < border {
			end = max(end, min(rest[0].end(), border))
			open, rest = append(open, rest[0]), rest[1:]
		}
		if at != nil {
			in, position = io.NewSectionReader(at, int64(start), int64(end-start)), start
		}
		if _, err := io.CopyN(io.Discard, in, int64(start-position)); err != nil {
			return err
		}
		data := r.room(int(end - start))
		if _, err := io.ReadFull(in, data); err != nil {
			return err
		}
		position = end
		open = slices.DeleteFunc(open, func(w wanted) bool {
			from, to := max(w.offset, start), min(w.end(), end)
			w.blocks(w.address+from-w.offset, data[from-start:to-start])
			return to == w.end()
		})
		start = end
	}
	return nil
}

// room returns a buffer of at most MaxBlock bytes, which the next call uses again.
func (r *Reader) room(size int) []byte {
	if size > len(r.buffer) {
		r.buffer = make([]byte, min(max(size, 2*len(r.buffer)), MaxBlock))
	}
	return r.buffer[:size]
}

// blocks delivers what was read, mapping by mapping.
func (w *wanted) blocks(address uint64, data []byte) {
	for len(data) > 0 {
		v, end := w.space.mappings.upTo(address, address+uint64(len(data)))
		n := end - address
		w.consumer.Pages(Block{Space: w.space, Mapping: v, Address: address, Data: data[:n:n], Inherited: w.inherited})
		address, data = end, data[n:]
	}
}
