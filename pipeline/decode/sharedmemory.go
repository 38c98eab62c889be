package decode

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/memfd"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/schema"
)

// sharedPagemaps yields the page maps of shared objects, with their images.
func (s *imageSet) sharedPagemaps() iter.Seq2[*image, *criu.Pagemap] {
	return func(yield func(*image, *criu.Pagemap) bool) {
		for _, img := range s.ofKind("SHMEM_PAGEMAP") {
			if p := s.sharedMemoryOf(img).Pagemap(); p != nil && img.decoded && !yield(img, p) {
				return
			}
		}
	}
}

// sharedPagemap returns the page map of a shared object, nil if there is none.
func (s *imageSet) sharedPagemap(shmemID uint64) *criu.Pagemap {
	img := s.image(fmt.Sprintf("pagemap-shmem-%d.img", shmemID))
	if img == nil {
		return nil
	}
	p := s.sharedMemoryOf(img).Pagemap()
	if p != nil {
		p.Index(s.pageBytes())
	}
	return p
}

// sharedMapping is a mapping that shows a shared object.
type sharedMapping struct {
	shmemID    uint64
	pid        uint32
	kind       string
	executable bool
}

// sharedMappings returns the mappings of shared objects, in the order of the
// processes and their mappings.
func (s *imageSet) sharedMappings() []sharedMapping {
	return s.facts.sharedMappings.get(func() (list []sharedMapping) {
		for _, p := range s.tree() {
			for _, v := range s.spaces()[p.GetPid()].GetVmas() {
				file := s.mappedFile(v)
				if id := s.sharedObject(v, file); id != nil {
					list = append(list, sharedMapping{*id, p.GetPid(), s.mappingKind(v, file), v.GetProt()&kernel.PROT_EXEC != 0})
				}
			}
		}
		return list
	})
}

// decodeSharedMemory fills shared_memory: from memfd.img, from SysV images,
// and what only mappings and page maps tell of.
func (s *imageSet) decodeSharedMemory() {
	named := map[uint64]bool{}
	mappings := map[uint64][]sharedMapping{} // by what they show
	for _, v := range s.sharedMappings() {
		mappings[v.shmemID] = append(mappings[v.shmemID], v)
	}
	inodes := make([]*memfd.MemfdInodeEntry, 0, len(s.files().memfds))
	for _, m := range s.files().memfds {
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
	for _, g := range s.segments() {
		d := g.entry.GetDesc()
		if d == nil { // noted as a missing field: without it there is no id
			continue
		}
		named[uint64(d.GetId())] = true
		s.addShared(schema.SharedMemory{
			Kind: "sysv", ShmemID: uint64(d.GetId()), SizeBytes: g.entry.Size, UID: d.Uid, GID: d.Gid, Mode: d.Mode, HugetlbFlag: g.entry.HugetlbFlag,
			SysVKey: d.Key, CreatorUID: d.Cuid, CreatorGID: d.Cgid, IpcNsID: ptr(s.namespaceID(g.img)), InPagemaps: g.entry.InPagemaps,
		}, mappings, "sysv")
	}
	for _, v := range s.sharedMappings() {
		if !named[v.shmemID] {
			named[v.shmemID] = true
			s.addShared(schema.SharedMemory{Kind: v.kind, ShmemID: v.shmemID}, mappings, v.kind)
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
func (s *imageSet) addShared(row schema.SharedMemory, mappings map[uint64][]sharedMapping, kinds ...string) {
	if p := s.sharedPagemap(row.ShmemID); p != nil {
		row.PagesID = &p.PagesID
		row.PagesPresent = ptr(p.Totals()[criu.Present])
	}
	row.PIDs = []uint32{}
	var others []sharedMapping // an image may have an id many times over: the first row has the mappings
	for _, v := range mappings[row.ShmemID] {
		if !slices.Contains(kinds, v.kind) {
			others = append(others, v)
			continue
		}
		row.PIDs = append(row.PIDs, v.pid)
		row.IsExecMapped = row.IsExecMapped || v.executable
	}
	mappings[row.ShmemID] = others
	row.PIDs = sortedUnique(row.PIDs)
	add(&s.notes, &s.rows.SharedMemory, row)
}
