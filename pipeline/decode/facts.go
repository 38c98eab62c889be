package decode

import (
	"encoding/binary"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	fsimg "github.com/checkpoint-restore/go-criu/v8/crit/images/fs"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/inventory"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/netdev"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pstree"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/seccomp"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/userns"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// facts are what several families of tables build on: messages of images, and
// indexes over them. Each is made when it is first asked for, and then fixed.
// A fact has a line here, a method of its name, and a need in needs.go that
// says which images it reads.
type facts struct {
	inventory         fact[*inventory.InventoryEntry]
	byteOrder         fact[*string]
	dialect           fact[criu.Dialect]
	processTree       fact[processTree]
	cores             fact[map[uint32]*core.CoreEntry]
	ids               fact[map[uint32]*core.TaskKobjIdsEntry]
	spaces            fact[map[uint32]*mm.MmEntry]
	pageSize          fact[uint32]
	folders           fact[map[uint32]*fsimg.FsEntry]
	filters           fact[*seccomp.SeccompEntry]
	idMaps            fact[map[uint32]*userns.UsernsEntry]
	files             fact[*fileTable]
	queues            fact[[]queuedPacket]
	mounts            fact[*mountTable]
	namespaces        fact[[]schema.Namespace]
	networks          fact[map[uint32]*netdev.NetnsEntry]
	devices           fact[*deviceTable]
	sharedMappings    fact[[]sharedMapping]
	segments          fact[[]segment]
	containerInfo     fact[*containerInfo]
	packaging         fact[*packaging]
	containerNetworks fact[[]schema.ContainerNetwork]
	mappingsOf        map[uint32]memory.Mappings // see mappings
}

// fact is a value that is made once.
type fact[T any] struct {
	known bool
	value T
}

func (f *fact[T]) get(make func() T) T {
	if !f.known {
		f.known = true // even if making it faults: the next to ask gets nothing, not the same fault
		f.value = make()
	}
	return f.value
}

// inventory returns the set's inventory, nil if there is none.
func (s *imageSet) inventory() *inventory.InventoryEntry {
	return s.facts.inventory.get(func() *inventory.InventoryEntry {
		return one[inventory.InventoryEntry](s, "inventory.img")
	})
}

// byteOrder names the byte order of the dumped host, by how the inventory
// begins; nil where that does not tell.
func (s *imageSet) byteOrder() *string {
	return s.facts.byteOrder.get(func() *string {
		img := s.image("inventory.img")
		if img == nil {
			return nil
		}
		r, err := criu.NewReader(img.kind, img.data, false)
		switch {
		case err != nil:
			return nil
		case r.Order == binary.ByteOrder(binary.BigEndian):
			return ptr("big")
		}
		return ptr("little")
	})
}

// hostOrder returns the byte order of the dumped host: that of nearly all where
// it is not known.
func (s *imageSet) hostOrder() binary.ByteOrder {
	if s.bigEndian() {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// bigEndian reports whether the dumped host was big-endian.
func (s *imageSet) bigEndian() bool { return s.byteOrder() != nil && *s.byteOrder() == "big" }

// processTree is what pstree.img tells.
type processTree struct {
	processes []*pstree.PstreeEntry
	pids      map[uint32]bool
	cut       bool // not whole: --max-processes
}

func (s *imageSet) processTree() *processTree {
	s.facts.processTree.get(s.readProcessTree)
	return &s.facts.processTree.value
}

func (s *imageSet) readProcessTree() processTree {
	t := processTree{pids: map[uint32]bool{}}
	each(s, s.image("pstree.img"), func(_ *entry, p *pstree.PstreeEntry) {
		if t.pids[p.GetPid()] {
			s.rowProblem("processes", pidKey(p.GetPid()), Error, DuplicateObject, "the pid occurs twice in pstree.img; only the first was decoded")
			return
		}
		if limits := &s.decoder.Limits; len(t.processes) >= limits.Processes {
			t.cut = true
			s.passedBy(limits.processes(), s.image("pstree.img").member, "the checkpoint has more processes; they are left out")
			return
		}
		t.pids[p.GetPid()] = true
		t.processes = append(t.processes, p)
	})
	return t
}

// tree returns the processes, in the order of pstree.img.
func (s *imageSet) tree() []*pstree.PstreeEntry { return s.processTree().processes }

// isInTree reports whether the process tree has a pid.
func (s *imageSet) isInTree(pid uint32) bool { return s.processTree().pids[pid] }

// mayBeInTree reports whether a pid is in the process tree. A pre-dump has no
// tree: then every pid may be.
func (s *imageSet) mayBeInTree(pid uint32) bool { return len(s.tree()) == 0 || s.isInTree(pid) }

// cores returns the core images by pid or thread id, completed from those of
// the older layout.
func (s *imageSet) cores() map[uint32]*core.CoreEntry {
	return s.facts.cores.get(func() map[uint32]*core.CoreEntry {
		cores := byNumber[core.CoreEntry](s, "CORE")
		s.adoptOldCores(cores)
		return cores
	})
}

// ids returns the images of kernel objects, by pid. See kernelIDs.
func (s *imageSet) ids() map[uint32]*core.TaskKobjIdsEntry {
	return s.facts.ids.get(func() map[uint32]*core.TaskKobjIdsEntry { return byNumber[core.TaskKobjIdsEntry](s, "IDS") })
}

// kernelIDs returns the ids of a process; some images have them in core.
// dialect returns the names of numbers on the dumped host's architecture: that of
// the first thread whose core image tells it.
func (s *imageSet) dialect() criu.Dialect {
	return s.facts.dialect.get(func() criu.Dialect {
		arch, first := core.CoreEntry_UNKNOWN, uint32(0)
		for tid, c := range s.cores() {
			if c.Mtype != nil && (arch == core.CoreEntry_UNKNOWN || tid < first) {
				arch, first = c.GetMtype(), tid
			}
		}
		return criu.DialectOf(arch)
	})
}

func (s *imageSet) kernelIDs(pid uint32) *core.TaskKobjIdsEntry {
	if ids := s.ids()[pid]; ids != nil {
		return ids
	}
	return s.cores()[pid].GetIds()
}

// folders returns the images of working and root directories, by pid.
func (s *imageSet) folders() map[uint32]*fsimg.FsEntry {
	return s.facts.folders.get(func() map[uint32]*fsimg.FsEntry { return byNumber[fsimg.FsEntry](s, "FS") })
}

// filters returns the seccomp filters, nil if there are none.
func (s *imageSet) filters() *seccomp.SeccompEntry {
	return s.facts.filters.get(func() *seccomp.SeccompEntry { return one[seccomp.SeccompEntry](s, "seccomp.img") })
}

// idMaps returns the maps of users and groups, by user namespace.
func (s *imageSet) idMaps() map[uint32]*userns.UsernsEntry {
	return s.facts.idMaps.get(func() map[uint32]*userns.UsernsEntry { return byNumber[userns.UsernsEntry](s, "USERNS") })
}

// networks returns the images of network namespaces, by namespace.
func (s *imageSet) networks() map[uint32]*netdev.NetnsEntry {
	return s.facts.networks.get(func() map[uint32]*netdev.NetnsEntry { return byNumber[netdev.NetnsEntry](s, "NETNS") })
}

// spaces returns the address spaces of the processes, by pid.
func (s *imageSet) spaces() map[uint32]*mm.MmEntry {
	return s.facts.spaces.get(func() map[uint32]*mm.MmEntry {
		spaces := map[uint32]*mm.MmEntry{}
		for _, img := range s.ofKind("MM") {
			if space := s.memoryOf(uint32(img.number)).Descriptor(); space != nil && s.mayBeInTree(uint32(img.number)) {
				spaces[uint32(img.number)] = space
			}
		}
		s.adoptOldMappings(spaces)
		return spaces
	})
}

// pageSize returns the page size that a process tells, 0 where none does.
func (s *imageSet) pageSize() uint32 {
	return s.facts.pageSize.get(func() uint32 {
		for _, p := range s.tree() {
			if size := memory.AuxvPageSize(s.spaces()[p.GetPid()]); size != 0 {
				return uint32(size)
			}
		}
		return 0
	})
}

// pageBytes returns the page size in bytes, the default where it is not known.
func (s *imageSet) pageBytes() uint64 {
	if size := s.pageSize(); size != 0 {
		return uint64(size)
	}
	return memory.DefaultPageSize
}
