package decode

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/schema"
)

// defaultPageSize is assumed where no process tells its own: that of x86_64.
const defaultPageSize = 4096

// memory is the memory of one process, as far as it is looked at.
type memory struct {
	space    *mm.MmEntry
	pagemap  *criu.Pagemap
	pageSize uint64
	args     region
	env      region
	texts    []auxiliaryText
	mappings mappingIndex // while planning
	planned  bool
	wanted   []piece // of this checkpoint's pages image, once planned
}

// region is a range of a process's memory that was read.
type region struct {
	data   []byte
	status string // as processes.cmdline_status; empty if not looked at
	// inherited are the parts that the parent checkpoint has; pending counts
	// those that are still to be read from it. Until then the status is missing.
	inherited []inheritance
	pending   int
}

// Statuses of a region.
const (
	regionOK           = "ok"
	regionEmpty        = "empty"
	regionMissing      = "missing"
	regionUnmapped     = "unmapped"
	regionInconsistent = "inconsistent"
	regionTooLong      = "too_long"
)

// storedPages is one pages image: where it is, and whether what is wanted of
// it has been read.
type storedPages struct {
	member string
	size   uint64
	at     io.ReaderAt // nil in a compressed archive
	done   bool
	late   []latePiece // wanted by checkpoints that have this one as parent
}

// holds reports whether the image has exactly so many pages. The product of
// the two may overflow: both come from the archive.
func (p *storedPages) holds(pages, pageSize uint64) bool {
	return p.size%pageSize == 0 && p.size/pageSize == pages
}

// memoryOf returns the memory of a process. While the archive is still being
// read, its images may not all be there yet.
func (s *set) memoryOf(pid uint32) *memory {
	m := s.memory[pid]
	if m == nil {
		m = &memory{}
		s.memory[pid] = m
	}
	if m.space == nil {
		if img := s.image(fmt.Sprintf("mm-%d.img", pid)); img != nil && !img.decoded {
			m.space = oneOf[mm.MmEntry](s, img)
		}
	}
	if m.pagemap == nil {
		if img := s.image(fmt.Sprintf("pagemap-%d.img", pid)); img != nil && !img.decoded {
			m.pagemap = s.readPagemap(img)
		}
	}
	return m
}

// readPagemap decodes a pagemap image, noting what is wrong with it.
func (s *set) readPagemap(img *image) *criu.Pagemap {
	img.decoded = true
	r, err := criu.NewReader(img.kind, img.data, img.truncated)
	img.layout, img.magic = r.Layout, r.Magic
	if err != nil {
		s.imageProblem(img, err)
		return nil
	}
	const runBytes = 128 // of a run, and its place in the index
	if !s.take(runBytes * int64(r.Count())) {
		s.passedBy(s.decoder.Limits.memory(), img.member, "the archive takes more memory; the page map was not decoded")
		img.status = limitStatus
		return nil
	}
	p, err := criu.ReadPagemap(r)
	img.entries = ptr(uint64(r.Entries))
	if err != nil {
		s.imageProblem(img, err)
	}
	if p.Extended || s.decoder.Raw {
		s.keepPagemap(img)
	}
	return p
}

// auxvPageSize returns the page size the kernel told a process, 0 if none or
// no possible one. Source: linux/auxvec.h, AT_PAGESZ.
func auxvPageSize(space *mm.MmEntry) uint64 {
	const atNull, atPagesz = 0, 6
	auxv := space.GetMmSavedAuxv()
	for i := 0; i+1 < len(auxv) && auxv[i] != atNull; i += 2 {
		if size := auxv[i+1]; auxv[i] == atPagesz && size >= 1<<10 && size <= 1<<21 && size&(size-1) == 0 {
			return size
		}
	}
	return 0
}

// readPages takes what is wanted of a pages image that the archive is at.
func (s *set) readPages(m *archive.Member, pagesID uint32) error {
	stored := &storedPages{member: m.Name, size: uint64(m.Size)}
	stored.at, _ = m.ReaderAt()
	s.pages[pagesID] = stored
	if owners := s.owners(pagesID); len(owners) > 0 { // else its images may follow
		return s.readWanted(owners, stored, m)
	}
	return nil
}

// owners returns the memories whose pagemap names the pages image, as far as
// their images have been seen; shared objects are nobody's own. There may be
// several: a folder that is used again holds page maps of the time before, and
// which ones these are is known only when the tree has been read.
func (s *set) owners(pagesID uint32) []*memory {
	for _, pid := range s.newPagemaps {
		if m := s.memoryOf(pid); m.pagemap != nil {
			s.ownersOf[m.pagemap.PagesID] = append(s.ownersOf[m.pagemap.PagesID], pid)
		}
	}
	s.newPagemaps = nil
	var owners []*memory
	for _, pid := range s.ownersOf[pagesID] {
		if m := s.memoryOf(pid); m.space != nil {
			owners = append(owners, m)
		}
	}
	return owners
}

// readLatePages reads wanted memory from pages images that came before the
// images that say what they are, and from those of parent checkpoints. It
// reports whether some need another pass over the archive.
func (w *walk) readLatePages() (again bool) {
	if !w.decoder.plan.wants(layout.Pages) {
		return false
	}
	sets := w.allSets()
	for _, s := range sets {
		s.findInherited()
	}
	for _, s := range sets {
		for _, id := range slices.Sorted(maps.Keys(s.pages)) {
			stored := s.pages[id]
			owners := s.lateOwners(id, stored)
			switch {
			case len(owners)+len(stored.late) == 0: // read, shared memory, or a process without a memory image
			case stored.at == nil:
				again = true
			default:
				if err := s.readWanted(owners, stored, nil); err != nil {
					s.reading.memberProblem(stored.member, Error, readCode(err), err.Error())
				}
			}
		}
	}
	return again
}

// lateOwners returns the owners of a pages image that passed by before they
// were known.
func (s *set) lateOwners(id uint32, stored *storedPages) []*memory {
	if stored.done {
		return nil
	}
	return s.owners(id)
}

// readMissed is readPages in a second pass.
func (s *set) readMissed(m *archive.Member, pagesID uint32) {
	stored := s.pages[pagesID]
	if stored == nil {
		return
	}
	owners := s.lateOwners(pagesID, stored)
	if len(owners)+len(stored.late) == 0 {
		return
	}
	if err := s.readWanted(owners, stored, m); err != nil {
		s.reading.memberProblem(stored.member, Error, readCode(err), err.Error())
	}
}

// piece is a part of a region and its place in the pages image.
type piece struct {
	offset uint64
	data   []byte
}

func (p piece) end() uint64 { return p.offset + uint64(len(p.data)) }

// readWanted reads the regions of the owners from their pages image, and what
// other checkpoints inherit from it.
func (s *set) readWanted(owners []*memory, stored *storedPages, in io.Reader) error {
	stored.done = true
	var pieces []piece
	for _, m := range owners {
		planned := s.plan(m)
		switch {
		case m.pagemap.Extended && !stored.holds(m.pagemap.StoredPages, m.pageSize):
			m.unavailable()
			s.reading.memberProblem(stored.member, Error, SizeMismatch, fmt.Sprintf(
				"%d bytes for %d pages, with page entries of an unknown form: pages may be compressed and were not read", stored.size, m.pagemap.StoredPages))
		case slices.ContainsFunc(planned, func(p piece) bool { return p.end() > stored.size }):
			m.unavailable() // pagemapRows tells of the sizes, if the page map is not a left-over
		default:
			pieces = append(pieces, planned...)
		}
	}
	late := stored.late
	stored.late = nil
	for _, l := range late {
		pieces = append(pieces, l.piece)
	}
	slices.SortFunc(pieces, func(a, b piece) int { return cmp.Compare(a.offset, b.offset) })
	if err := readPieces(pieces, stored.at, in); err != nil {
		for _, m := range owners {
			m.unavailable()
		}
		return err
	}
	for _, l := range late {
		l.region.received()
	}
	return nil
}

// unavailable says that the regions could not be read.
func (m *memory) unavailable() {
	m.args, m.env, m.texts = region{status: regionMissing}, region{status: regionMissing}, nil
}

// readPieces reads pieces, sorted by offset: at their offsets where the archive
// allows it, else in order. Pieces that overlap are read once.
func readPieces(pieces []piece, at io.ReaderAt, in io.Reader) error {
	var position uint64
	for len(pieces) > 0 {
		start, end, n := pieces[0].offset, pieces[0].end(), 1
		for n < len(pieces) && pieces[n].offset < end {
			end = max(end, pieces[n].end())
			n++
		}
		span := pieces[0].data
		if n > 1 {
			span = make([]byte, end-start)
		}
		if at != nil {
			in, position = io.NewSectionReader(at, int64(start), int64(end-start)), start
		}
		if _, err := io.CopyN(io.Discard, in, int64(start-position)); err != nil {
			return early(err)
		}
		if _, err := io.ReadFull(in, span); err != nil {
			return early(err)
		}
		for _, p := range pieces[:n] {
			copy(p.data, span[p.offset-start:])
		}
		position, pieces = end, pieces[n:]
	}
	return nil
}

// plan settles the regions of a process and returns the pieces of them that
// the pages image has.
func (s *set) plan(m *memory) []piece {
	if m.planned {
		return m.wanted
	}
	m.mappings = newMappingIndex(m.space)
	m.pageSize = auxvPageSize(m.space)
	if m.pageSize == 0 {
		m.pageSize = defaultPageSize
	}
	m.planned = true
	m.pagemap.Index(m.pageSize)
	m.wanted = nil
	m.args, m.wanted = s.planRegion(m, m.space.GetMmArgStart(), m.space.GetMmArgEnd(), m.wanted)
	m.env, m.wanted = s.planRegion(m, m.space.GetMmEnvStart(), m.space.GetMmEnvEnd(), m.wanted)
	m.wanted = s.planTexts(m, m.wanted)
	m.mappings = mappingIndex{}
	return m.wanted
}

// planRegion settles one range: pages of this checkpoint are to be read, holes
// of anonymous mappings are zeros, those of the parent are inherited, anything
// else makes the region unavailable.
func (s *set) planRegion(m *memory, start, end uint64, pieces []piece) (region, []piece) {
	switch {
	case end < start:
		return region{status: regionInconsistent}, pieces
	case end == start:
		return region{status: regionEmpty}, pieces
	case end-start > s.decoder.Limits.RegionBytes:
		return region{status: regionTooLong}, pieces
	}
	if !s.take(2 * int64(end-start)) {
		s.passedIn(s.decoder.Limits.memory(), "processes", "the archive takes more memory; command lines and environments are left out")
		return region{status: regionMissing}, pieces
	}
	planned := pieces
	var inherited []inheritance
	data := make([]byte, end-start)
	for at := start; at < end; {
		upTo := min(end, at-at%m.pageSize+m.pageSize)
		run := m.pagemap.Find(at)
		switch {
		case run == nil && !isAnonymous(m.mappings.at(at)):
			return region{status: regionUnmapped}, pieces
		case run == nil: // never touched: zeros
		case run.Content() == criu.Parent:
			inherited = append(inherited, inheritance{address: at, data: data[at-start : upTo-start]})
		case run.Content() != criu.Present:
			return region{status: regionMissing}, pieces
		default:
			offset, ok := run.Offset(at, m.pageSize)
			if !ok || offset > 1<<62 {
				return region{status: regionInconsistent}, pieces
			}
			planned = append(planned, piece{offset: offset, data: data[at-start : upTo-start]})
		}
		if upTo < at { // wrapped around
			return region{status: regionInconsistent}, pieces
		}
		at = upTo
	}
	if len(inherited) > 0 {
		return region{data: data, status: regionMissing, inherited: inherited}, planned
	}
	return region{data: data, status: regionOK}, planned
}

func isAnonymous(v *vma.VmaEntry) bool {
	return v != nil && v.GetStatus()&(criu.VMAAnonPrivate) != 0
}

// procCmdline returns what /proc/PID/cmdline shows. A process that wrote over
// its arguments so that they no longer end in NUL has one string, which may
// run on into the environment. Source: fs/proc/base.c, get_mm_cmdline.
func procCmdline(m *memory) []byte {
	args := m.args.data
	if len(args) == 0 || args[len(args)-1] == 0 {
		return args
	}
	title := args
	if m.space.GetMmEnvStart() == m.space.GetMmArgEnd() && m.env.status == regionOK {
		title = append(slices.Clip(args), m.env.data...)
	}
	title = title[:min(uint64(len(title)), m.pageSize)]
	if end := bytes.IndexByte(title, 0); end >= 0 {
		return title[:end]
	}
	return title
}

// maxStrings bounds the arguments of a command line. The kernel counts a
// pointer for each towards the 6 MiB that they may take.
const maxStrings = 1 << 20

// splitArgs splits a command line at its NULs; the last one ends it. ok is
// false where there are more arguments than a process can have.
func splitArgs(cmdline []byte) (args []string, ok bool) {
	if len(cmdline) == 0 {
		return []string{}, true
	}
	cmdline = bytes.TrimSuffix(cmdline, []byte{0})
	if bytes.Count(cmdline, []byte{0}) >= maxStrings {
		return nil, false
	}
	for part := range bytes.SplitSeq(cmdline, []byte{0}) {
		args = append(args, string(part))
	}
	return args, true
}

// regionProblem notes that a region of a process is not available.
func (s *set) regionProblem(table string, pid uint32, what string, status string) {
	key := pidKey(pid)
	p := schema.Problem{TableName: &table, RowKey: &key, Severity: Warning, Code: MemoryNotKept}
	switch status {
	case "", regionOK, regionEmpty:
		return
	case regionMissing:
		p.Message = fmt.Sprintf("the %s is in memory that this archive does not hold", what)
		switch {
		case s.parentSet() != nil:
			p.Message = fmt.Sprintf("the %s is in memory that neither this checkpoint nor its parent in the archive holds", what)
		case s.parentLink != nil:
			p.Code, p.Message = ParentMissing, fmt.Sprintf("the %s is in memory that the parent checkpoint's archive holds", what)
		}
	case regionTooLong:
		p.Severity, p.Code = Error, LimitExceeded
		p.Message = fmt.Sprintf("the %s is longer than %d bytes, or has more than %d strings", what, s.decoder.Limits.RegionBytes, maxStrings)
	case regionInconsistent:
		p.Code, p.Message = Inconsistent, fmt.Sprintf("the bounds of the %s make no sense", what)
	default:
		p.Message = fmt.Sprintf("the %s is not in mapped memory that is kept", what)
	}
	s.problem(p)
}
