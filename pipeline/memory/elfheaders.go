package memory

import (
	"bytes"
	"cmp"
	"slices"
)

// ELFHeaders is the consumer that finds ELF images: pages that begin as one
// does. Only the first bytes of each page are looked at, and of what is found, the
// pages that tell of its build id and the libraries it needs.
type ELFHeaders struct {
	// Full is set if there were more images, or they took more memory, than is
	// kept.
	Full bool

	take   func(bytes int64) bool
	count  int
	kept   int // bytes of images, over all of them
	images map[*Space][]*ELFImage
	open   []*ELFImage // of the space at hand: those that want more of it
}

// Bounds of what is kept. Ordinary archives have an image or two for each process.
const (
	maxELFImages = 10_000
	maxELFOpen   = 64       // that take pages at a time
	maxELFKept   = 16 << 20 // bytes, over all images
	elfHeadBytes = 128 << 10
	maxELFTable  = 64 << 10 // of a dynamic section, or of notes
)

// NewELFHeaders returns a consumer that asks take for the memory it keeps.
func NewELFHeaders(take func(bytes int64) bool) *ELFHeaders {
	return &ELFHeaders{take: take, images: map[*Space][]*ELFImage{}}
}

// Wants implements Consumer.
func (e *ELFHeaders) Wants(*Space) []Range { return []Range{Everything} }

// Pages implements Consumer.
func (e *ELFHeaders) Pages(b Block) {
	page := int(b.Space.PageSize())
	for at := 0; at+elfMostHeader <= len(b.Data); at += page {
		if head := b.Data[at:]; startsImage(head) {
			e.begin(b, at, head[:min(page, len(head))])
		}
	}
	e.open = slices.DeleteFunc(e.open, func(i *ELFImage) bool {
		if i.Space != b.Space {
			return true
		}
		return !e.keep(i, b)
	})
}

// startsImage reports in a few instructions whether a page may be the first of
// an image.
func startsImage(page []byte) bool {
	if page[0] == elfMagic[0] {
		return string(page[:len(elfMagic)]) == elfMagic
	}
	return mayBeTable(page[elfHeader64:]) || mayBeTable(page[elfHeader32:])
}

// begin adds an image whose first page is at hand.
func (e *ELFHeaders) begin(b Block, at int, page []byte) {
	if e.count >= maxELFImages {
		e.Full = true
		return
	}
	i := readELFImage(page)
	if i == nil {
		return
	}
	if !e.take(elfImageBytes) {
		e.Full = true
		return
	}
	e.count++
	i.Space, i.Address, i.Inherited = b.Space, b.Address+uint64(at), b.Inherited
	i.plan()
	e.images[b.Space] = append(e.images[b.Space], i)
	if len(e.open) == maxELFOpen {
		e.open = e.open[1:]
	}
	e.open = append(e.open, i)
}

// keep keeps what an image wants of a block; false where nothing is left that
// it may want.
func (e *ELFHeaders) keep(i *ELFImage, b Block) (more bool) {
	end := b.Address + uint64(len(b.Data))
	for _, w := range i.wants {
		from, to := max(w.Start, b.Address), min(w.End, end)
		more = more || w.End > end
		if from >= to {
			continue
		}
		if e.kept+int(to-from) > maxELFKept || !e.take(int64(to-from)) {
			e.Full = true
			return false
		}
		e.kept += int(to - from)
		i.add(from, b.Data[from-b.Address:to-b.Address])
	}
	return more
}

// Of returns the images of a space, by address, once all pages have passed by.
func (e *ELFHeaders) Of(s *Space) []*ELFImage {
	list := e.images[s]
	slices.SortFunc(list, func(a, b *ELFImage) int { return cmp.Compare(a.Address, b.Address) })
	return list
}

// part is memory that was kept.
type part struct {
	address uint64
	data    []byte
}

// add keeps memory; what follows what was kept last becomes one with it.
func (i *ELFImage) add(address uint64, data []byte) {
	if n := len(i.parts); n > 0 && i.parts[n-1].address+uint64(len(i.parts[n-1].data)) == address {
		i.parts[n-1].data = append(i.parts[n-1].data, data...)
		return
	}
	i.parts = append(i.parts, part{address, bytes.Clone(data)})
}

// at returns what was kept from an address on, nil for nothing.
func (i *ELFImage) at(address uint64) []byte {
	for _, p := range i.parts {
		if address >= p.address && address-p.address < uint64(len(p.data)) {
			return p.data[address-p.address:]
		}
	}
	return nil
}
