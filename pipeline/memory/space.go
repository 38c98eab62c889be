package memory

import (
	"iter"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// key names a space in a checkpoint, and in those that build on it.
type key struct {
	shared bool
	id     uint64
}

// Space is memory that has a page map: the address space of a process, or a
// shared object, such as a memfd or System V memory.
type Space struct {
	// ID is the pid, or the number that CRIU gave the object.
	ID     uint64
	Shared bool
	// Unread is set if its pages were not read although the pages image is
	// there: it has more pages than the page map names, or else entries of that are
	// of an unknown form, or tell of compressed pages, and the image has not the size
	// that they tell of.
	Unread bool

	checkpoint *Checkpoint
	descriptor *mm.MmEntry
	pagemap    *criu.Pagemap

	// what consumers want, once they were asked
	asked    bool
	wants    []want
	pageSize uint64
	mappings Mappings
	misfits  bool // the page map is not that of the mappings, or of the pages image
}

// want is what one consumer wants of a space.
type want struct {
	consumer Consumer
	ranges   []Range
}

// SetDescriptor says what mm-PID.img holds.
func (s *Space) SetDescriptor(m *mm.MmEntry) { s.descriptor = m }

// SetPagemap says what the page map is. It must not be called twice.
func (s *Space) SetPagemap(p *criu.Pagemap) {
	s.pagemap = p
	s.checkpoint.naming[p.PagesID] = append(s.checkpoint.naming[p.PagesID], s)
}

// Descriptor returns the memory descriptor of a process: its mappings, and where
// its arguments are. It is nil for shared objects, in pre-dumps, and while its
// image was not seen.
func (s *Space) Descriptor() *mm.MmEntry { return s.descriptor }

// Pagemap returns the page map, nil while its image was not seen.
func (s *Space) Pagemap() *criu.Pagemap { return s.pagemap }

// DefaultPageSize is assumed where nothing tells the page size: that of x86_64.
const DefaultPageSize = 4096

// PageSize returns the page size of the checkpointed host in bytes: as the
// kernel told the process, else as the size of the pages image tells it.
func (s *Space) PageSize() uint64 {
	if s.pageSize != 0 {
		return s.pageSize
	}
	if size := AuxvPageSize(s.descriptor); size != 0 {
		return size
	}
	if s.pagemap != nil {
		if p := s.checkpoint.pages[s.pagemap.PagesID]; p != nil {
			for _, size := range []uint64{4 << 10, 16 << 10, 64 << 10} { // those of the architectures CRIU knows
				if s.pagemap.StoredPages > 0 && p.Holds(s.pagemap, size) {
					return size
				}
			}
		}
	}
	return DefaultPageSize
}

// AuxvPageSize returns the page size the kernel told a process, 0 if none or
// no possible one: blocks hold whole pages, and the kernel has none above 256 KiB
// on what CRIU runs on. Source: linux/auxvec.h, AT_PAGESZ.
func AuxvPageSize(space *mm.MmEntry) uint64 {
	const atNull, atPagesz = 0, 6
	auxv := space.GetMmSavedAuxv()
	for i := 0; i+1 < len(auxv) && auxv[i] != atNull; i += 2 {
		if size := auxv[i+1]; auxv[i] == atPagesz && size >= 1<<10 && size <= MaxBlock && size&(size-1) == 0 {
			return size
		}
	}
	return 0
}

// isWhole reports whether consumers can be asked what they want of the space:
// its images are there, or will never be.
func (s *Space) isWhole() bool {
	c := s.checkpoint
	switch {
	case s.pagemap == nil:
		return false
	case s.Shared, c.PreDump, c.reader.Complete:
		return true
	}
	return s.descriptor != nil && (c.Ready == nil || c.Ready(s))
}

// ask asks the consumers what they want, once.
func (s *Space) ask() {
	if s.asked {
		return
	}
	s.asked = true
	s.pageSize, s.mappings = s.PageSize(), NewMappings(s.descriptor)
	s.misfits = s.isMisfit()
	for _, c := range s.checkpoint.consumers {
		if ranges := merged(c.Wants(s)); len(ranges) > 0 {
			s.wants = append(s.wants, want{c, ranges})
		}
	}
}

// isMisfit tells whether the page map has pages that lie in no mapping, or the pages
// image has more than it names.
func (s *Space) isMisfit() bool {
	if p := s.checkpoint.pages[s.pagemap.PagesID]; p != nil && p.Exceeds(s.pagemap, s.pageSize) {
		return true
	}
	if s.descriptor == nil {
		return false
	}
	s.pagemap.Index(s.pageSize)
	outside, _ := s.mappings.Outside(s.pagemap)
	return outside > 0
}

// Where says where the content of memory is.
type Where int

// Where content can be.
const (
	Present Where = iota // in the checkpoint's own pages image
	Parent               // in the parent checkpoint, if the archive holds that
	Lazy                 // left on the host
	Zero                 // nowhere, as it is zeros: anonymous memory that was never written to
	Absent               // in a file that is mapped, or nowhere, or not known
	Invalid              // beyond what a file can hold
)

// Extent is a range of a space whose content is in one place.
type Extent struct {
	Range
	Where Where
}

// maxOffset is more than any file has.
const maxOffset = 1 << 62

// KnowsHoles tells whether memory that the page map leaves out was never written to:
// its image is whole, and fits the mappings and the pages image. Else pages may be
// missing from it.
func (s *Space) KnowsHoles() bool { return s.pagemap != nil && !s.pagemap.Incomplete && !s.misfits }

// Extents yields the extents of a range, by address.
func (s *Space) Extents(r Range) iter.Seq[Extent] {
	return func(yield func(Extent) bool) {
		s.pagemap.Index(s.PageSize())
		at := r.Start
		for part := range s.pagemap.Within(r.Start, r.End) {
			if !s.holes(Range{at, part.Start}, yield) || !yield(s.extentOf(part)) {
				return
			}
			at = part.End
		}
		s.holes(Range{at, r.End}, yield)
	}
}

func (s *Space) extentOf(part criu.Part) Extent {
	e := Extent{Range: Range{part.Start, part.End}}
	switch part.Run.Content() {
	case criu.Parent:
		e.Where = Parent
	case criu.Lazy:
		e.Where = Lazy
	default:
		offset, ok := part.Run.Offset(part.Start, s.PageSize())
		if !part.Run.Unplaced && (!ok || offset > maxOffset) { // of one that is not placed, nothing will come
			e.Where = Invalid
		}
	}
	return e
}

// holes yields the extents of a range that has no pages; false ends all. Of a
// shared object CRIU saves all that is not zeros. Source: CRIU criu/shmem.c.
func (s *Space) holes(r Range, yield func(Extent) bool) bool {
	for r.Start < r.End {
		v, end := s.mappings.upTo(r.Start, r.End)
		where := Absent
		if s.KnowsHoles() && (s.Shared || isAnonymous(v)) {
			where = Zero
		}
		if !yield(Extent{Range: Range{r.Start, end}, Where: where}) {
			return false
		}
		r.Start = end
	}
	return true
}
