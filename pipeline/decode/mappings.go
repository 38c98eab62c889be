package decode

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/pagemap"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// mappedFile returns the file that a mapping names, nil if it names none.
func (s *imageSet) mappedFile(v *vma.VmaEntry) *openFile {
	if v.GetStatus()&(criu.VMAFilePrivate|criu.VMAFileShared|criu.VMASocket|criu.VMAMemfd) == 0 {
		return nil
	}
	return s.files().byID[uint32(v.GetShmid())]
}

// decodeMappings fills memory_mappings.
func (s *imageSet) decodeMappings() {
	executing := s.instructionPointers()
	for _, p := range s.tree() {
		m := s.memory.Process(p.GetPid())
		if s.spaces()[p.GetPid()] == nil {
			continue
		}
		if n := s.mappings(p.GetPid()).Overlapping; n > 0 {
			s.rowProblem("memory_mappings", pidKey(p.GetPid()), Warning, Inconsistent, fmt.Sprintf("%d mappings overlap others", n))
		}
		for _, v := range m.Descriptor().GetVmas() {
			if isFull(&s.notes, &s.rows.MemoryMappings) {
				break
			}
			add(&s.notes, &s.rows.MemoryMappings, s.mappingRow(p.GetPid(), m, v, executing[p.GetPid()]))
		}
	}
}

// decodePagemaps fills pagemaps.
func (s *imageSet) decodePagemaps() {
	for img, p := range s.sharedPagemaps() {
		s.pagemapRows("shared", img, p)
	}
	for img, p := range s.processPagemaps() {
		s.pagemapRows("process", img, p)
		s.checkCoverage(uint32(img.number), p)
	}
	for _, m := range s.memory.Spaces() {
		if p := m.Pagemap(); m.Unread && p.Extended && !p.IsCompressed() {
			stored := s.memory.Pages(p.PagesID)
			s.container.memberProblem(stored.Member, Error, SizeMismatch, fmt.Sprintf(
				"%d bytes for %d pages, with page entries of an unknown form: pages may be compressed and were not read", stored.Size, p.StoredPages))
		}
	}
}

// processPagemaps yields the page maps of processes, with their images.
func (s *imageSet) processPagemaps() iter.Seq2[*image, *criu.Pagemap] {
	return func(yield func(*image, *criu.Pagemap) bool) {
		for _, img := range s.ofKind("PAGEMAP") {
			p := s.memoryOf(uint32(img.number)).Pagemap()
			if p != nil && s.mayBeInTree(uint32(img.number)) && !yield(img, p) {
				return
			}
		}
	}
}

// instructionPointers returns where the threads of each process execute,
// ascending.
func (s *imageSet) instructionPointers() map[uint32][]uint64 {
	at := map[uint32][]uint64{}
	for _, p := range s.tree() {
		for _, tid := range liveThreads(p) {
			if r := criu.RegistersOf(s.cores()[tid]); r != nil {
				at[p.GetPid()] = append(at[p.GetPid()], r.InstructionPointer)
			}
		}
	}
	for _, list := range at {
		slices.Sort(list)
	}
	return at
}

func (s *imageSet) mappingRow(pid uint32, m *memory.Space, v *vma.VmaEntry, executing []uint64) schema.MemoryMapping {
	file := s.mappedFile(v)
	prot, names := v.GetProt(), s.dialect()
	row := schema.MemoryMapping{
		PID: pid, StartAddress: v.GetStart(), EndAddress: v.GetEnd(), Perms: perms(v), FileOffset: v.GetPgoff(), Shmid: v.GetShmid(),
		Kind:     s.mappingKind(v, file),
		Readable: prot&kernel.PROT_READ != 0, Writable: prot&kernel.PROT_WRITE != 0, Executable: prot&kernel.PROT_EXEC != 0,
		Prot: flags(&criu.Prot, prot), MapFlags: flags(names.MapFlags, v.GetFlags()), VMAStatus: flags(&criu.VMAStatus, v.GetStatus()),
		Madvise: optionalFlags(&criu.Madvise, v.Madv), FdFlags: optionalFlags(names.OpenFlags, v.Fdflags),
	}
	key := func() string { return fmt.Sprintf("pid=%d,start_address=%#x", pid, row.StartAddress) }
	if row.EndAddress <= row.StartAddress {
		s.rowProblem("memory_mappings", key(), Warning, Inconsistent, "the mapping ends before it starts")
	} else {
		row.SizeBytes = row.EndAddress - row.StartAddress
		row.PagesTotal = row.SizeBytes / s.pageBytes()
	}
	if file != nil {
		row.FileID, row.FileDeleted, row.BuildID = ptr(file.id), ptr(file.deleted), file.buildID
		switch row.Kind {
		case "file", "device", "memfd":
			row.Path = file.pathText()
		}
	} else if v.GetStatus()&(criu.VMAFilePrivate|criu.VMAFileShared) != 0 {
		s.dangling("memory_mappings", key(), "file", v.GetShmid())
	}
	s.pageColumns(&row, m, v, file)
	first, _ := slices.BinarySearch(executing, row.StartAddress)
	row.ContainsInstructionPointer = first < len(executing) && executing[first] < row.EndAddress
	judgeMapping(&row)
	return row
}

// perms writes protection and sharing as /proc/PID/maps does.
func perms(v *vma.VmaEntry) string {
	p := []byte("---p")
	for i, bit := range []uint32{kernel.PROT_READ, kernel.PROT_WRITE, kernel.PROT_EXEC} {
		if v.GetProt()&bit != 0 {
			p[i] = "rwx"[i]
		}
	}
	if v.GetFlags()&criu.MapShared != 0 {
		p[3] = 's'
	}
	return string(p)
}

// mappingKind says what a mapping is, by the first that holds.
func (s *imageSet) mappingKind(v *vma.VmaEntry, file *openFile) string {
	status := v.GetStatus()
	has := func(bits uint32) bool { return status&bits != 0 }
	switch {
	case has(criu.VMAVdso):
		return "vdso"
	case has(criu.VMAVvar):
		return "vvar"
	case has(criu.VMAVsyscall):
		return "vsyscall"
	case has(criu.VMAAIORing):
		return "aio"
	case has(criu.VMASysVIPC):
		return "sysv"
	case has(criu.VMASocket):
		return "socket"
	case has(criu.VMAMemfd):
		if file != nil && s.isSharedAnonymous(file) {
			return "shared_anon"
		}
		return "memfd"
	case has(criu.VMAAnonShared):
		return "shared_anon"
	case has(criu.VMAFilePrivate | criu.VMAFileShared):
		if kind := fileKind(fileMode(file)); kind != nil && (*kind == "char_device" || *kind == "block_device") {
			return "device"
		}
		return "file"
	case has(criu.VMAHeap):
		return "heap"
	case v.GetFlags()&s.dialect().MapGrowsdown != 0:
		return "stack"
	}
	return "anon"
}

func fileMode(f *openFile) *uint32 {
	if f == nil || f.entry.GetReg() == nil {
		return nil
	}
	return f.entry.GetReg().Mode
}

// isSharedAnonymous reports whether a memfd is CRIU's form of an anonymous
// shared mapping.
func (s *imageSet) isSharedAnonymous(f *openFile) bool {
	m := s.files().memfds[f.entry.GetMemfd().GetInodeId()]
	return m.GetName() == sharedAnonymous
}

// pageColumns counts pages: a private mapping's in the process's pagemap, a
// shared one's in that of the object.
func (s *imageSet) pageColumns(row *schema.MemoryMapping, m *memory.Space, v *vma.VmaEntry, file *openFile) {
	var counts [3]uint64
	row.ShmemID = s.sharedObject(v, file)
	if row.ShmemID != nil {
		if p := s.sharedPagemap(*row.ShmemID); p != nil && row.FileOffset+row.SizeBytes >= row.FileOffset {
			counts = p.Count(row.FileOffset, row.FileOffset+row.SizeBytes)
		}
	}
	// a private mapping of a shared object has pages of its own too, and an AIO ring is shared with the kernel only
	if m.Pagemap() != nil && (v.GetFlags()&criu.MapShared == 0 || v.GetStatus()&criu.VMAAIORing != 0) {
		m.Pagemap().Index(m.PageSize())
		own := m.Pagemap().Count(row.StartAddress, row.EndAddress)
		for i := range counts {
			if row.ShmemID == nil || own[i] > 0 {
				counts[i] = own[i]
			}
		}
	}
	row.PagesPresent, row.PagesParent, row.PagesLazyOnly = counts[criu.Present], counts[criu.Parent], counts[criu.Lazy]
}

// sharedObject returns the shared object a mapping shows, nil if none.
func (s *imageSet) sharedObject(v *vma.VmaEntry, file *openFile) *uint64 {
	switch {
	case v.GetStatus()&criu.VMAAIORing != 0:
		return nil
	case v.GetStatus()&criu.VMAMemfd != 0:
		if file == nil {
			return nil
		}
		if m := s.files().memfds[file.entry.GetMemfd().GetInodeId()]; m != nil {
			return ptr(uint64(m.GetShmid()))
		}
		return nil
	case v.GetStatus()&(criu.VMAAnonShared|criu.VMASysVIPC) != 0:
		return v.Shmid
	}
	return nil
}

// judgeMapping derives what makes a mapping worth a look.
func judgeMapping(row *schema.MemoryMapping) {
	row.IsRWX = row.Writable && row.Executable
	if !row.Executable {
		return
	}
	switch row.Kind {
	case "anon", "shared_anon", "heap", "stack", "sysv":
		row.IsExecAnon = true
	case "memfd":
		row.IsExecMemfd = true
	case "file":
		row.IsExecDeleted = row.FileDeleted != nil && *row.FileDeleted
		row.IsModifiedCode = row.Perms[3] == 'p' && row.PagesPresent > 0
	}
}

// pagemapRows fills pagemaps, and checks the size of the pages image.
func (s *imageSet) pagemapRows(kind string, img *image, p *criu.Pagemap) {
	size := s.pageBytes()
	pid, shmem := ptr(uint32(img.number)), (*uint64)(nil)
	of := fmt.Sprintf("kind=%s,pid=%d", kind, *pid)
	if kind == "shared" {
		pid, shmem = nil, ptr(img.number) // not the image, which may go
		of = fmt.Sprintf("kind=%s,shmem_id=%d", kind, *shmem)
	}
	if dropped := p.Index(size); dropped > 0 {
		s.rowProblem("pagemaps", of, Warning, Inconsistent,
			fmt.Sprintf("%d runs overlap others or run past the last address; they are not counted in mappings", dropped))
	}
	if n := p.Unaligned(size); n > 0 {
		s.rowProblem("pagemaps", of, Warning, Inconsistent,
			fmt.Sprintf("%d runs begin at an address that is no multiple of the page size, %d", n, size))
	}
	stored := s.memory.Pages(p.PagesID)
	isPlaced := !p.IsCompressed() && (stored == nil || !stored.Exceeds(p, size))
	for i := range p.Runs {
		if isFull(&s.notes, &s.rows.Pagemaps) {
			break
		}
		run := &p.Runs[i]
		row := schema.Pagemap{
			Kind: kind, PID: pid, ShmemID: shmem, PagesID: &p.PagesID, Position: uint32(i), StartAddress: run.Address, PageCount: run.Pages,
			Flags: optionalFlags(&criu.PageFlags, run.Flags), InParent: run.InParent, Content: run.Content().String(),
		}
		if bytes := run.Pages * size; bytes/size == run.Pages {
			row.SizeBytes = &bytes
		}
		if run.Content() == criu.Present && isPlaced {
			if offset, ok := run.Offset(run.Address, size); ok {
				row.PagesOffset = &offset
			}
		}
		add(&s.notes, &s.rows.Pagemaps, row)
	}
	switch {
	case stored == nil: // what must be there tells
	case p.Extended:
		s.container.memberProblem(stored.Member, Error, Unsupported, "entries of the page map have fields that are not known, as of pages that are compressed in another form: where the content of pages lies is not known from there on")
	case p.IsCompressed() && stored.Holds(p, size):
		s.container.memberProblem(stored.Member, Info, CompressedPages, "the pages are compressed with LZ4, and were decompressed")
	case p.IsCompressed():
		s.container.memberProblem(stored.Member, Error, SizeMismatch, fmt.Sprintf("%d bytes, but the page map tells of compressed pages of another size; they were not read", stored.Size))
	case stored.Exceeds(p, size):
		s.container.memberProblem(stored.Member, Error, SizeMismatch, fmt.Sprintf("%d bytes, but the page map has only %d pages of %d bytes: entries are missing from it, so where pages lie is not known; they were not read", stored.Size, p.StoredPages, size))
	case !img.truncated && !stored.Holds(p, size):
		s.container.memberProblem(stored.Member, Error, SizeMismatch, fmt.Sprintf("%d bytes, but the page map has %d pages of %d bytes", stored.Size, p.StoredPages, size))
	}
}

// checkCoverage notes pages of a process that lie in none of its mappings.
func (s *imageSet) checkCoverage(pid uint32, p *criu.Pagemap) {
	if s.spaces()[pid] == nil {
		return
	}
	if outside, pages := s.mappings(pid).Outside(p); outside > 0 {
		s.rowProblem("pagemaps", fmt.Sprintf("kind=process,pid=%d", pid), Warning, Inconsistent,
			fmt.Sprintf("%d of %d pages lie in no mapping of the process", outside, pages))
	}
}

// keepPagemap keeps the messages of a page map, which ReadPagemap decodes
// without making messages of them.
func (s *imageSet) keepPagemap(img *image) {
	r, err := criu.NewReader(img.kind, img.data, img.truncated)
	if err != nil {
		return
	}
	for {
		e := &entry{index: r.Entries, offset: r.Offset(), reader: r}
		data, err := r.Next()
		if err != nil {
			return
		}
		var m proto.Message = &pagemap.PagemapEntry{}
		if e.index == 0 {
			m = &pagemap.PagemapHead{}
		}
		if err := criu.Unmarshal(data, m); err != nil && !errors.Is(err, criu.ErrMissingField) {
			return // ReadPagemap told of it
		}
		s.keepEntry(img, e, m, data, true)
	}
}
