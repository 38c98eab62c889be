package decode

import (
	"cmp"
	"slices"
	"sort"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"
)

// mappingIndex finds the mapping that holds an address: the mappings by their
// start, without those that overlap another. A kernel has none that do.
type mappingIndex struct {
	byStart []*vma.VmaEntry
	dropped int // mappings that overlap another
}

// newMappingIndex makes the index of an address space, which may be nil. Of
// mappings that overlap, the one that begins first is kept.
func newMappingIndex(space *mm.MmEntry) mappingIndex {
	var x mappingIndex
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
			x.dropped++
			continue
		}
		x.byStart = append(x.byStart, v)
		end = v.GetEnd()
	}
	return x
}

// at returns the mapping that holds an address, nil if none does.
func (x mappingIndex) at(address uint64) *vma.VmaEntry {
	i := sort.Search(len(x.byStart), func(i int) bool { return x.byStart[i].GetStart() > address }) - 1
	if i < 0 || address >= x.byStart[i].GetEnd() {
		return nil
	}
	return x.byStart[i]
}

// mappingAt returns the mapping of a process that holds an address, nil if none
// does.
func (s *set) mappingAt(pid uint32, address uint64) *vma.VmaEntry {
	x, ok := s.facts.mappingsOf[pid]
	if !ok {
		if s.facts.mappingsOf == nil {
			s.facts.mappingsOf = map[uint32]mappingIndex{}
		}
		x = newMappingIndex(s.spaces()[pid])
		s.facts.mappingsOf[pid] = x
	}
	return x.at(address)
}
