package decode

import (
	"cmp"
	"slices"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/memfd"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// decodeSharedPagemaps decodes the page maps of shared objects.
func (s *set) decodeSharedPagemaps() {
	for _, img := range s.ofKind("SHMEM_PAGEMAP") {
		if p := s.sharedMemoryOf(img).Pagemap(); p != nil && img.decoded {
			s.pagemapRows("shared", img, p)
		}
	}
}

// decodeSharedMemory fills shared_memory: from memfd.img, from SysV images,
// and what only mappings and page maps tell of.
func (s *set) decodeSharedMemory() {
	named := map[uint64]bool{}
	mappings := map[uint64][]*schema.MemoryMapping{} // by what they show
	for i := range s.rows.MemoryMappings {
		if v := &s.rows.MemoryMappings[i]; v.ShmemID != nil {
			mappings[*v.ShmemID] = append(mappings[*v.ShmemID], v)
		}
	}
	inodes := make([]*memfd.MemfdInodeEntry, 0, len(s.files.memfds))
	for _, m := range s.files.memfds {
		inodes = append(inodes, m)
	}
	slices.SortFunc(inodes, func(a, b *memfd.MemfdInodeEntry) int { return cmp.Compare(a.GetInodeId(), b.GetInodeId()) })
	for _, m := range inodes {
		row := schema.SharedMemory{
			Kind: "memfd", ShmemID: uint64(m.GetShmid()), Name: optionalText(m.Name), SizeBytes: m.Size, UID: m.Uid, GID: m.Gid,
			Mode: m.Mode, Seals: optionalFlags(&criu.MemfdSeals, m.Seals), HugetlbFlag: m.HugetlbFlag, MemfdInodeID: m.InodeId,
		}
		if m.GetName() == sharedAnonymous {
			row.Kind = "shared_anon"
		}
		named[row.ShmemID] = true
		s.addShared(row, mappings, "memfd", "shared_anon")
	}
	for _, g := range s.segments {
		d := g.entry.GetDesc()
		if d == nil { // noted as a missing field: without it there is no id
			continue
		}
		named[uint64(d.GetId())] = true
		s.addShared(schema.SharedMemory{
			Kind: "sysv", ShmemID: uint64(d.GetId()), SizeBytes: g.entry.Size, UID: d.Uid, GID: d.Gid, Mode: d.Mode, HugetlbFlag: g.entry.HugetlbFlag,
			SysVKey: d.Key, CreatorUID: d.Cuid, CreatorGID: d.Cgid, IpcNsID: ptr(g.namespace), InPagemaps: g.entry.InPagemaps,
		}, mappings, "sysv")
	}
	for _, v := range s.rows.MemoryMappings {
		if v.ShmemID != nil && !named[*v.ShmemID] {
			named[*v.ShmemID] = true
			s.addShared(schema.SharedMemory{Kind: v.Kind, ShmemID: *v.ShmemID}, mappings, v.Kind)
		}
	}
	for _, img := range s.ofKind("SHMEM_PAGEMAP") {
		if !named[img.number] {
			s.addShared(schema.SharedMemory{Kind: "unknown", ShmemID: img.number}, mappings)
		}
	}
}

// addShared adds an object with what its page map and its mappings tell; kinds
// are those of the mappings that can be of it.
func (s *set) addShared(row schema.SharedMemory, mappings map[uint64][]*schema.MemoryMapping, kinds ...string) {
	if p := s.memory.SharedObject(row.ShmemID).Pagemap(); p != nil {
		row.PagesID = &p.PagesID
		row.PagesPresent = ptr(uint64(0))
		for i := range p.Runs {
			if p.Runs[i].Content() == criu.Present {
				*row.PagesPresent += p.Runs[i].Pages
			}
		}
	}
	row.MapperPIDs = []uint32{}
	var others []*schema.MemoryMapping // an image may have an id many times over: the first row has the mappings
	for _, v := range mappings[row.ShmemID] {
		if !slices.Contains(kinds, v.Kind) {
			others = append(others, v)
			continue
		}
		row.MapperPIDs = append(row.MapperPIDs, v.PID)
		row.IsExecMapped = row.IsExecMapped || v.Executable
	}
	mappings[row.ShmemID] = others
	slices.Sort(row.MapperPIDs)
	row.MapperPIDs = slices.Compact(row.MapperPIDs)
	add(&s.notes, &s.rows.SharedMemory, row)
}
