package decode

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// pageConsumers lists what reads the pages of memory, of processes and of shared
// objects, with the tables that have it read.
var pageConsumers = []pageConsumer{
	{list("processes", "environment", "auxiliary_vectors"), (*imageSet).newTexts},
	{list("memory_matches"), (*imageSet).newScan},
	{list("memory_elf_headers"), (*imageSet).newELFHeaders},
	{list("memory_pages"), (*imageSet).newDigests},
	{list("stack_frames"), (*imageSet).newStacks},
	{list("memory_strings"), (*imageSet).newStrings},
}

type pageConsumer struct {
	tables []string
	make   func(*imageSet) memory.Consumer
}

// newTexts makes the consumer of command lines and environments.
func (s *imageSet) newTexts() memory.Consumer {
	s.texts = memory.NewTexts(s.decoder.Limits.RegionBytes, func(bytes int64) bool {
		taken := s.take(bytes)
		if !taken {
			s.passedIn(s.decoder.Limits.memory(), "processes", "the archive takes more memory; command lines and environments are left out")
		}
		return taken
	})
	return s.texts
}

// newPagesReader makes the consumer of those who take pages.
func (s *imageSet) newPagesReader() memory.Consumer {
	s.pagesReader = s.decoder.ReadPages(s.dir)
	return s.pagesReader
}

// newMemory makes the memory of a checkpoint, with all that reads it.
func (s *imageSet) newMemory() *memory.Checkpoint {
	var consumers []memory.Consumer
	for _, c := range s.archiveReader.consumers {
		consumers = append(consumers, c(s))
	}
	m := s.archiveReader.pages.NewCheckpoint(consumers...)
	if s.stacks != nil {
		m.Ready = s.hasCore
	}
	return m
}

// memoryOf returns the memory of a process. While the archive is still being
// read, its images may not all be there yet.
func (s *imageSet) memoryOf(pid uint32) *memory.Space {
	m := s.memory.Process(pid)
	if m.Descriptor() == nil {
		if img := s.image(fmt.Sprintf("mm-%d.img", pid)); img != nil && !img.decoded {
			m.SetDescriptor(oneOf[mm.MmEntry](s, img))
		}
	}
	if m.Pagemap() == nil {
		if img := s.image(fmt.Sprintf("pagemap-%d.img", pid)); img != nil {
			s.decodePagemap(m, img)
		}
	}
	return m
}

// sharedMemoryOf returns the memory of the shared object that a page map is of.
func (s *imageSet) sharedMemoryOf(img *image) *memory.Space {
	m := s.memory.SharedObject(img.number)
	if m.Pagemap() == nil {
		s.decodePagemap(m, img)
	}
	return m
}

// decodePagemap decodes a page map, noting what is wrong with it.
func (s *imageSet) decodePagemap(m *memory.Space, img *image) {
	if img.decoded {
		return
	}
	img.decoded = true
	r, err := criu.NewReader(img.kind, img.data, img.truncated)
	img.layout, img.magic = r.Layout, r.Magic
	if err != nil {
		s.imageProblem(img, err)
		return
	}
	const runBytes = 128 // of a run, and its place in the index
	if !s.take(runBytes * int64(r.Count())) {
		s.passedBy(s.decoder.Limits.memory(), img.member, "the archive takes more memory; the page map was not decoded")
		img.status = limitStatus
		return
	}
	p, err := criu.ReadPagemap(r)
	img.entries = ptr(uint64(r.Entries))
	if err != nil {
		s.imageProblem(img, err)
	}
	if p.Extended || p.IsCompressed() || s.decoder.Raw {
		s.keepPagemap(img)
	}
	m.SetPagemap(p)
}

// decodeNewPagemaps decodes the page maps that came since it was last called.
func (s *imageSet) decodeNewPagemaps() {
	for _, img := range s.newPagemaps {
		if img.kind.Name == "PAGEMAP" {
			s.memoryOf(uint32(img.number))
		} else {
			s.sharedMemoryOf(img)
		}
	}
	s.newPagemaps = nil
}

// readPages takes what is wanted of a pages image that the archive is at, as
// far as its page map has come already.
func (s *imageSet) readPages(m *archive.Member, in io.Reader, pagesID uint32) error {
	var at io.ReaderAt // nil where the section is
	if section, ok := m.ReaderAt(); ok {
		at = section
	}
	pages := s.memory.AddPages(pagesID, m.Name, uint64(m.Size), at)
	if len(s.consumers) == 0 {
		return nil
	}
	s.decodeNewPagemaps()
	for _, space := range s.memory.Naming(pagesID) {
		if !space.Shared {
			s.memoryOf(uint32(space.ID))
		}
	}
	if s.images["inventory.img"] != nil { // else it may follow
		s.memory.PreDump = s.inventory() != nil && s.isPreDump()
	}
	s.linkHeirs()
	return s.deliver(pages, in)
}

// deliver reads what is wanted of a pages image, and was not read before.
func (s *imageSet) deliver(p *memory.Pages, in io.Reader) error {
	err := p.Read(in)
	if errors.Is(err, memory.ErrMemory) {
		return &limitError{s.decoder.Limits.memory(), "the archive takes more memory; the pages were not read"}
	}
	return early(err)
}

// readLatePages reads wanted memory from pages images that came before the
// images that say what they are. It reports whether some need another pass over
// the archive.
func (ar *archiveReader) readLatePages() (again bool) {
	if len(ar.consumers) == 0 {
		return false
	}
	sets := ar.allSets()
	for _, s := range sets {
		s.guard("", s.decodeNewPagemaps)
		for _, space := range s.memory.Spaces() {
			if !space.Shared {
				s.memoryOf(uint32(space.ID))
			}
		}
		if s.hasImages() {
			s.linkHeirs()
		}
	}
	ar.pages.Complete = true
	for _, s := range sets {
		isStreamed := false
		for _, p := range s.memory.AllPages() {
			s.guard(p.Member, func() {
				switch {
				case !p.Wanted():
				case p.At == nil && s.stream != nil && s.stream.isSeekable:
					isStreamed = true
				case p.At == nil:
					again = true
				default:
					s.deliverLate(p, nil)
				}
			})
		}
		if isStreamed {
			s.readStreamedPages(nil)
		}
	}
	return again
}

// readMissed is readPages in a second pass.
func (s *imageSet) readMissed(m *archive.Member, pagesID uint32) {
	if p := s.memory.Pages(pagesID); p != nil {
		s.guard(p.Member, func() { s.deliverLate(p, m) })
	}
}

func (s *imageSet) deliverLate(p *memory.Pages, in io.Reader) {
	if err := s.deliver(p, in); err != nil {
		s.container.readProblem(p.Member, err)
	}
}

// linkTo notes that the set builds on another: the link parent names its folder.
// CRIU makes the link relative; it is looked up among the archive's folders and
// never followed.
func (s *imageSet) linkTo(target *string) {
	isFirst := s.parentLink == nil
	s.parentLink = target
	if !isFirst || strings.HasPrefix(*target, "/") {
		return
	}
	dir := path.Join(s.dir, *target)
	if dir == "." {
		dir = ""
	}
	if dir != s.dir {
		folder := site{s.site.archive, dir}
		s.heirs[folder] = append(s.heirs[folder], s)
	}
}

// linkHeirs lets checkpoints that build on this one inherit its memory.
func (s *imageSet) linkHeirs() {
	folder := site{s.site.archive, s.dir}
	for _, heir := range s.heirs[folder] {
		heir.parent = s
		heir.memory.SetParent(s.memory)
	}
	delete(s.heirs, folder)
}

// mappingAt returns the mapping of a process that holds an address, nil if none
// does.
func (s *imageSet) mappingAt(pid uint32, address uint64) *vma.VmaEntry {
	return s.mappings(pid).At(address)
}

// mappings returns the mappings of a process.
func (s *imageSet) mappings(pid uint32) memory.Mappings {
	x, ok := s.facts.mappingsOf[pid]
	if !ok {
		if s.facts.mappingsOf == nil {
			s.facts.mappingsOf = map[uint32]memory.Mappings{}
		}
		x = memory.NewMappings(s.spaces()[pid])
		s.facts.mappingsOf[pid] = x
	}
	return x
}

// textsOf returns the texts of a process.
func (s *imageSet) textsOf(m *memory.Space) *memory.ProcessTexts { return s.texts.Of(m) }

// textProblem notes that a text of a process is not available.
func (s *imageSet) textProblem(table string, pid uint32, what string, status memory.Status) {
	if m := s.memory.Process(pid).Pagemap(); m != nil && m.Extended {
		return // that its pages are of an unknown form, the pages image tells
	}
	key := pidKey(pid)
	p := schema.Problem{TableName: &table, RowKey: &key, Severity: Warning, Code: MemoryNotKept}
	switch status {
	case memory.StatusOK, memory.StatusEmpty:
		return
	case memory.StatusMissing:
		p.Message = fmt.Sprintf("the %s is in memory that this archive does not hold", what)
		switch {
		case s.memory.Process(pid).Unread:
			p.Message = fmt.Sprintf("the %s is in pages that were not read, as it is not known where they lie", what)
		case s.parent != nil:
			p.Message = fmt.Sprintf("the %s is in memory that neither this checkpoint nor its parent in the archive holds", what)
		case s.parentLink != nil:
			p.Code, p.Message = ParentMissing, fmt.Sprintf("the %s is in memory that the parent checkpoint's archive holds", what)
		}
	case memory.StatusTooLong:
		p.Severity, p.Code = Error, LimitExceeded
		p.Message = fmt.Sprintf("the %s is longer than %d bytes, or has more than %d strings", what, s.decoder.Limits.RegionBytes, memory.MaxStrings)
	case memory.StatusInconsistent:
		p.Severity, p.Code, p.Message = Error, Inconsistent, fmt.Sprintf("the bounds of the %s make no sense", what)
	default:
		p.Message = fmt.Sprintf("the %s is not in mapped memory that is kept", what)
		if m := s.memory.Process(pid); m.Pagemap() != nil && !m.KnowsHoles() {
			p.Severity, p.Code = Error, Inconsistent
			p.Message = fmt.Sprintf("the %s is not in the page map, which is not whole, or not that of these mappings and pages", what)
		}
	}
	s.problem(p)
}
