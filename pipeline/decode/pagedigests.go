package decode

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sort"
	"strings"

	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// newDigests makes the consumer that digests pages. What it keeps may take the
// share of one table.
func (s *imageSet) newDigests() memory.Consumer {
	s.pageDigests = memory.NewDigests(s.within(s.share()))
	return s.pageDigests
}

// decodePages fills memory_pages, whose rows stay packed. They take so little
// memory that their number alone is no reason to leave some out.
func (s *imageSet) decodePages() {
	if s.pageDigests.Full {
		s.passedIn(s.decoder.Limits.memory(), "memory_pages", "its rows take more than their share of the memory; some are left out")
	}
	pages := &packedPages{}
	for _, c := range s.contentSpaces() {
		for _, list := range s.pageDigests.Of(c.Space) {
			pages.add(list, func(address uint64) pagePlace { return s.pagePlace(&c, address) })
		}
	}
	if pages.Len() > 0 {
		pack(&s.rows, "memory_pages", schema.PackedRows{Packed: pages, IsSound: true})
	}
}

// pagePlace is what the pages of one mapping have in common; nothing of it is
// part of an image.
type pagePlace struct {
	pid        *uint32
	shmemID    *uint64
	start, end uint64
	kind       *string
	perms      *string
	path       schema.Text
	fileOffset *uint64 // of start
}

func (s *imageSet) pagePlace(c *contentSpace, address uint64) pagePlace {
	around := memory.Everything
	if c.pid != nil {
		around = s.mappings(*c.pid).Around(address)
	}
	at := s.placeAt(c, around.Start)
	return pagePlace{c.pid, c.shmemID, around.Start, around.End, at.kind, at.perms, at.path, at.fileOffset}
}

// packedPages are rows of memory_pages.
type packedPages struct {
	runs []pageRun
	n    int
}

// pageRun is pages of one mapping, by address.
type pageRun struct {
	first int // index of its first row
	place *pagePlace
	pages []memory.PageDigest
}

// add adds pages of a space; placeAt says what an address lies in.
func (p *packedPages) add(list []memory.PageDigest, placeAt func(uint64) pagePlace) {
	for len(list) > 0 {
		place := placeAt(list[0].Address)
		n, _ := slices.BinarySearchFunc(list, place.end, func(d memory.PageDigest, end uint64) int {
			if d.Address < end {
				return -1
			}
			return 1
		})
		n = max(n, 1) // the last address of all is behind no end
		p.runs = append(p.runs, pageRun{p.n, &place, list[:n]})
		p.n += n
		list = list[n:]
	}
}

// Len implements schema.Packed.
func (p *packedPages) Len() int { return p.n }

// Unpack implements schema.Packed.
func (p *packedPages) Unpack(r *schema.Rows, from, to int) {
	r.MemoryPages = slices.Grow(r.MemoryPages[:0], to-from)
	var digits [2 * sha256.Size]byte
	var sums strings.Builder // one text for all
	sums.Grow((to - from) * len(digits))
	for i := sort.Search(len(p.runs), func(i int) bool { return p.runs[i].first > from }) - 1; from < to; i++ {
		run := &p.runs[i]
		pages := run.pages[from-run.first : min(len(run.pages), to-run.first)]
		for j := range pages {
			r.MemoryPages = append(r.MemoryPages, run.row(&pages[j]))
			hex.Encode(digits[:], pages[j].SHA256[:])
			sums.Write(digits[:])
		}
		from += len(pages)
	}
	for i := range r.MemoryPages {
		r.MemoryPages[i].SHA256 = sums.String()[i*len(digits) : (i+1)*len(digits)]
	}
}

// row makes a row, but for its hash.
func (r *pageRun) row(d *memory.PageDigest) schema.MemoryPage {
	row := schema.MemoryPage{
		PID: r.place.pid, ShmemID: r.place.shmemID, Address: d.Address, MappingKind: r.place.kind, Perms: r.place.perms, Path: r.place.path,
		IsZero: d.Zero, Entropy: float64(d.Entropy) / 1000, Inherited: d.Inherited,
	}
	if r.place.fileOffset != nil {
		row.FileOffset = ptr(*r.place.fileOffset + d.Address - r.place.start)
	}
	return row
}
