package extract

import (
	"cmp"
	"slices"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// content says what is known of memory.
type content int

const (
	stored content = iota // it was kept
	zeros                 // it was never written to
	absent                // the archive does not have it
)

var contentNames = [...]string{stored: "pages", zeros: "zeros", absent: "absent"}

// segment is memory of a mapping whose content is in one place.
type segment struct {
	memory.Range
	content content
	at      int64  // of what was kept: where in the file of pages
	why     string // of what is absent
}

// Why memory is absent.
const (
	whyMapped  = "in the file that is mapped"
	whyNotKept = "no checkpoint keeps it"
	whyNone    = "the checkpoint has no page map of it"
	whyUnnamed = "the page map is not whole, or not that of these mappings and pages"
	whyLazy    = "left on the host"
	whyParent  = "in the parent checkpoint, which the archive does not have"
	whyLost    = "the pages image does not have it, or was not read"
	whyInvalid = "the page map leads beyond what a file can hold"
)

// mappings returns the mappings of a process by address. Of those that overlap, the
// one that begins first is kept, as in package memory: a kernel has none that do.
func (c *checkpoint) mappings(pid uint32) (list []*schema.MemoryMapping, overlapping int) {
	var all []*schema.MemoryMapping
	for _, m := range c.rowsOf(pid).mappings {
		if m.StartAddress < m.EndAddress {
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b *schema.MemoryMapping) int { return cmp.Compare(a.StartAddress, b.StartAddress) })
	var end uint64
	for _, m := range all {
		if m.StartAddress < end {
			overlapping++
			continue
		}
		list, end = append(list, m), m.EndAddress
	}
	return list, overlapping
}

// space is the memory of a process, as far as the archive has it.
type space struct {
	pages  *pages
	own    *memory.Space
	shared func(id uint64) *memory.Space
}

func (c *checkpoint) space(pid uint32) *space { return c.pagesOf(c.copies.Memory.Process(pid)) }

// pagesOf returns the pages that were kept, as those of a space.
func (c *checkpoint) pagesOf(own *memory.Space) *space {
	p, ok := c.copies.Pages.(*pages)
	if !ok { // the checkpoint has no folder of images
		p = newPages(c.session)
	}
	return &space{pages: p, own: own, shared: c.copies.Memory.SharedObject}
}

// segments returns what is known of the part of a mapping within a range, by address
// and without gaps.
func (s *space) segments(m *schema.MemoryMapping, within memory.Range) []segment {
	r := memory.Range{Start: max(m.StartAddress, within.Start), End: min(m.EndAddress, within.End)}
	if r.Start >= r.End {
		return nil
	}
	var list segments
	isAnonymous := m.VMAStatus.Bits != nil && *m.VMAStatus.Bits&criu.VMAAnonPrivate != 0
	isKernels := m.Kind == "vvar" || m.Kind == "vdso" || m.Kind == "vsyscall" // and no zeros where it was not kept
	for e := range extents(s.own, r) {
		switch {
		case isKernels && (e.Where == memory.Zero || e.Where == memory.Absent):
			list.add(segment{Range: e.Range, content: absent, why: whyNotKept})
		case e.Where == memory.Absent && isAnonymous && s.own.KnowsHoles():
			list.add(segment{Range: e.Range, content: zeros})
		case e.Where == memory.Absent && isAnonymous && s.own.Pagemap() != nil:
			list.add(segment{Range: e.Range, content: absent, why: whyUnnamed})
		case e.Where == memory.Absent && m.ShmemID != nil:
			s.sharedSegments(&list, m, e.Range)
		case e.Where == memory.Absent && s.own.Pagemap() != nil:
			why := whyNotKept // the kernel's own, of devices
			if m.FileID != nil {
				why = whyMapped
			}
			list.add(segment{Range: e.Range, content: absent, why: why})
		default:
			s.extent(&list, s.own, e, 0)
		}
	}
	return list
}

// sharedSegments adds what is known of a range of a mapping that shows a shared
// object.
func (s *space) sharedSegments(list *segments, m *schema.MemoryMapping, r memory.Range) {
	object := s.shared(*m.ShmemID)
	shift := m.StartAddress - m.FileOffset // may wrap around: so does what it is added to
	offsets := memory.Range{Start: r.Start - shift, End: r.End - shift}
	if offsets.Start >= offsets.End {
		list.add(segment{Range: r, content: absent, why: whyInvalid})
		return
	}
	for e := range extents(object, offsets) {
		s.extent(list, object, e, shift)
	}
}

// extents is Space.Extents for a space that may have no page map.
func extents(s *memory.Space, r memory.Range) func(func(memory.Extent) bool) {
	if s.Pagemap() == nil {
		return func(yield func(memory.Extent) bool) { yield(memory.Extent{Range: r, Where: memory.Absent}) }
	}
	return s.Extents(r)
}

// extent adds what was kept of an extent; shift leads from its addresses to those of
// the process.
func (s *space) extent(list *segments, of *memory.Space, e memory.Extent, shift uint64) {
	moved := func(r memory.Range) memory.Range { return memory.Range{Start: r.Start + shift, End: r.End + shift} }
	why := whyLost
	switch e.Where {
	case memory.Zero:
		list.add(segment{Range: moved(e.Range), content: zeros})
		return
	case memory.Parent:
		why = whyParent
	case memory.Lazy:
		why = whyLazy
	case memory.Invalid:
		why = whyInvalid
	case memory.Absent:
		why = whyNone
		if of.Pagemap() != nil {
			why = whyUnnamed
		}
	}
	if s.pages.limit != nil {
		why = s.pages.limit.Error()
	}
	at := e.Start
	for _, p := range s.pages.of[of].within(e.Range) {
		if at < p.Start {
			list.add(segment{Range: moved(memory.Range{Start: at, End: p.Start}), content: absent, why: why})
		}
		list.add(segment{Range: moved(p.Range), content: stored, at: p.at})
		at = p.End
	}
	if at < e.End {
		list.add(segment{Range: moved(memory.Range{Start: at, End: e.End}), content: absent, why: why})
	}
}

// segments is a list of segments that follow one another.
type segments []segment

// add adds a segment, joined to the last one where it goes on.
func (l *segments) add(next segment) {
	if n := len(*l); n > 0 {
		last := &(*l)[n-1]
		if last.End == next.Start && last.content == next.content && last.why == next.why &&
			(next.content != stored || last.at+int64(last.Size()) == next.at) {
			last.End = next.End
			return
		}
	}
	*l = append(*l, next)
}
