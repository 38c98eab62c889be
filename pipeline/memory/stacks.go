package memory

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
	"sort"
)

// Stacks is the consumer that keeps the stacks of threads, from the stack pointer
// on, and the ELF files that stand in shared objects, as memfds do.
type Stacks struct {
	// Full is set if something was left out, as the archive may take no more memory.
	Full bool

	pointers func(*Space) []uint64
	take     func(bytes int64) bool
	kept     map[*Space]*pieces
}

// Bounds of what is kept.
const (
	// maxStack is how much of a stack is kept, in bytes. Most are shallower than
	// that; what lies further up are the oldest calls.
	maxStack = 256 << 10
	// redZone is what functions may use below the stack pointer. Source: System V
	// ABI for AMD64, 3.2.2.
	redZone = 128
	// MaxImage is the size of the largest ELF file that is kept, in bytes.
	MaxImage = 64 << 20
)

// NewStacks returns a consumer. Pointers returns the stack pointers of threads that
// may be those of a space; take is asked for memory.
func NewStacks(pointers func(*Space) []uint64, take func(bytes int64) bool) *Stacks {
	return &Stacks{pointers: pointers, take: take, kept: map[*Space]*pieces{}}
}

// Wants implements Consumer.
func (t *Stacks) Wants(s *Space) []Range {
	if s.Shared {
		return []Range{{0, MaxImage}}
	}
	var ranges []Range
	for _, sp := range t.pointers(s) {
		in := s.mappings.Around(sp)
		ranges = append(ranges, Range{max(in.Start, (max(sp, redZone)-redZone)&^7), min(in.End, sp+min(maxStack, -sp-1))})
	}
	return ranges
}

// Pages implements Consumer.
func (t *Stacks) Pages(b Block) {
	p := t.kept[b.Space]
	if p == nil {
		if b.Space.Shared && !(b.Address == 0 && bytes.HasPrefix(b.Data, []byte(elf.ELFMAG))) {
			return // of one that does not begin as an ELF file, nothing is wanted
		}
		p = &pieces{}
		t.kept[b.Space] = p
	}
	if !t.take(int64(len(b.Data))) {
		t.Full = true
		return
	}
	p.add(b.Address, b.Data)
}

// Word returns the 8 bytes at an address of a space.
func (t *Stacks) Word(s *Space, address uint64) (uint64, bool) {
	p := t.kept[s]
	if p == nil {
		return 0, false
	}
	data := p.at(address)
	if len(data) < 8 {
		return 0, false
	}
	return binary.LittleEndian.Uint64(data), true
}

// Image returns the ELF file that stands in a shared object, nil if none does. What
// the checkpoint does not have of it are zeros there.
func (t *Stacks) Image(s *Space) []byte {
	p := t.kept[s]
	if p == nil || !s.Shared || len(p.list) == 0 {
		return nil
	}
	if len(p.list) == 1 {
		return p.list[0].data
	}
	last := p.list[len(p.list)-1]
	size := last.address + uint64(len(last.data))
	if !t.take(int64(size)) {
		t.Full = true
		return nil
	}
	image := make([]byte, size)
	for _, part := range p.list {
		copy(image[part.address:], part.data)
	}
	return image
}

// part is memory that was kept.
type part struct {
	address uint64
	data    []byte
}

// pieces are parts of one space, by address, those that touch as one.
type pieces struct{ list []part }

// add keeps a copy of memory. What is there already is passed over.
func (p *pieces) add(address uint64, data []byte) {
	n := p.before(address)
	if n > 0 {
		end := p.list[n-1].address + uint64(len(p.list[n-1].data))
		if address < end {
			return
		}
		if address == end {
			p.list[n-1].data = append(p.list[n-1].data, data...)
			return
		}
	}
	p.list = slices.Insert(p.list, n, part{address, bytes.Clone(data)})
}

// before returns how many parts begin at or before an address.
func (p *pieces) before(address uint64) int {
	return sort.Search(len(p.list), func(n int) bool { return p.list[n].address > address })
}

// at returns what was kept from an address on, nil for nothing.
func (p *pieces) at(address uint64) []byte {
	if n := p.before(address); n > 0 {
		if found := p.list[n-1]; address-found.address < uint64(len(found.data)) {
			return found.data[address-found.address:]
		}
	}
	return nil
}
