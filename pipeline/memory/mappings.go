package memory

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// Mappings finds the mapping that holds an address: the mappings of a process
// by their start, without those that overlap another. A kernel has none that do.
type Mappings struct {
	ByStart     []*vma.VmaEntry
	Overlapping int // left out, as they overlap another
}

// NewMappings makes the index of an address space, which may be nil. Of
// mappings that overlap, the one that begins first is kept.
func NewMappings(space *mm.MmEntry) Mappings {
	var x Mappings
	sorted := make([]*vma.VmaEntry, 0, len(space.GetVmas()))
	for _, v := range space.GetVmas() {
		if v.GetStart() < v.GetEnd() {
			sorted = append(sorted, v)
		}
	}
	slices.SortStableFunc(sorted, func(a, b *vma.VmaEntry) int { return cmp.Compare(a.GetStart(), b.GetStart()) })
	var end uint64
	for _, v := range sorted {
		if v.GetStart() < end {
			x.Overlapping++
			continue
		}
		x.ByStart = append(x.ByStart, v)
		end = v.GetEnd()
	}
	return x
}

// At returns the mapping that holds an address, nil if none does.
func (x Mappings) At(address uint64) *vma.VmaEntry {
	v, _ := x.upTo(address, address)
	return v
}

// Around returns the range of addresses around one that are all in one mapping, or all
// in none.
func (x Mappings) Around(address uint64) Range {
	next := sort.Search(len(x.ByStart), func(i int) bool { return x.ByStart[i].GetStart() > address })
	r := Everything
	if next < len(x.ByStart) {
		r.End = x.ByStart[next].GetStart()
	}
	if next > 0 {
		if v := x.ByStart[next-1]; address < v.GetEnd() {
			return Range{v.GetStart(), v.GetEnd()}
		}
		r.Start = x.ByStart[next-1].GetEnd()
	}
	return r
}

// upTo returns the mapping that holds an address, nil if none does, and where
// that ceases to be so, at most the end given.
func (x Mappings) upTo(address, end uint64) (*vma.VmaEntry, uint64) {
	next := sort.Search(len(x.ByStart), func(i int) bool { return x.ByStart[i].GetStart() > address })
	if next > 0 && address < x.ByStart[next-1].GetEnd() {
		v := x.ByStart[next-1]
		return v, min(end, v.GetEnd())
	}
	if next < len(x.ByStart) {
		end = min(end, x.ByStart[next].GetStart())
	}
	return nil, end
}

// Outside returns how many pages of a page map lie in none of the mappings, and how
// many it has; where some overlap, none counts as outside.
func (x Mappings) Outside(p *criu.Pagemap) (outside, all uint64) {
	for _, n := range p.Count(0, math.MaxUint64) {
		all += n
	}
	if x.Overlapping > 0 {
		return 0, all
	}
	outside = all
	for _, v := range x.ByStart {
		for _, n := range p.Count(v.GetStart(), v.GetEnd()) {
			outside -= n
		}
	}
	return outside, all
}

func isAnonymous(v *vma.VmaEntry) bool { return v != nil && v.GetStatus()&criu.VMAAnonPrivate != 0 }
