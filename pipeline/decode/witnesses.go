package decode

import (
	"slices"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/mnt"
	remap "github.com/checkpoint-restore/go-criu/v8/crit/images/remap-file-path"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/kernel"
)

func (s *imageSet) demandOfTree(demand func(uint64)) {
	for _, p := range s.tree() {
		demand(uint64(p.GetPid()))
	}
}

func (s *imageSet) demandOfThreads(demand func(uint64)) {
	for _, p := range s.livingTasks() {
		for _, tid := range liveThreads(p) {
			demand(uint64(tid))
		}
	}
}

// demandOfLiving passes over processes without a core image: whether they are
// alive is not known.
func (s *imageSet) demandOfLiving(demand func(uint64)) {
	for _, p := range s.livingTasks() {
		if s.cores()[p.GetPid()] != nil {
			demand(uint64(p.GetPid()))
		}
	}
}

func (s *imageSet) demandOfLivingWithoutIDs(demand func(uint64)) {
	s.demandOfLiving(func(pid uint64) {
		if s.cores()[uint32(pid)].GetIds() == nil {
			demand(pid)
		}
	})
}

func (s *imageSet) demandOfDescriptors(demand func(uint64)) {
	for _, p := range s.livingTasks() {
		if number, ok := s.tableNumber(p.GetPid()); ok {
			demand(uint64(number))
		}
	}
}

func (s *imageSet) demandOfPagemaps(demand func(uint64)) {
	for _, p := range s.processPagemaps() {
		demand(uint64(p.PagesID))
	}
}

func (s *imageSet) demandOfSharedPagemaps(demand func(uint64)) {
	for _, p := range s.sharedPagemaps() {
		demand(uint64(p.PagesID))
	}
}

// demandOfSharedObjects passes over segments whose content stands in their own
// image, as it did before CRIU 3.12.
func (s *imageSet) demandOfSharedObjects(demand func(uint64)) {
	inline := map[uint64]bool{}
	for _, g := range s.segments() {
		if id := uint64(g.entry.GetDesc().GetId()); g.entry.GetInPagemaps() {
			demand(id)
		} else {
			inline[id] = true
		}
	}
	for _, m := range s.files().memfds {
		if m.GetSize() > 0 {
			demand(uint64(m.GetShmid()))
		}
	}
	for _, m := range s.sharedMappings() {
		if m.kind != "sysv" || !inline[m.shmemID] {
			demand(m.shmemID)
		}
	}
}

func (s *imageSet) hasSysVMapping() bool {
	for _, p := range s.tree() {
		for _, v := range s.spaces()[p.GetPid()].GetVmas() {
			if v.GetStatus()&criu.VMASysVIPC != 0 {
				return true
			}
		}
	}
	return false
}

func isMemfd(f *openFile) bool    { return f.entry.GetMemfd() != nil }
func isBPFMap(f *openFile) bool   { return f.entry.GetBpf() != nil }
func isTerminal(f *openFile) bool { return f.entry.GetTty() != nil }

func (s *imageSet) demandOfRemaps(demand func(uint64)) {
	for _, r := range s.files().remaps {
		if kind, id := remapOf(r); kind == remap.RemapType_GHOST {
			demand(uint64(id))
		}
	}
}

// hasGhosts reports whether there are deleted files of this checkpoint: those in a
// folder that is used again may be of an earlier one.
func (s *imageSet) hasGhosts() bool { return len(s.ghosts) > 0 && len(s.imagesOfOthers()) == 0 }

// demandOfSockets demands the state of TCP connections, unless they were closed
// on purpose. Source: CRIU criu/sk-tcp.c, dump_one_tcp.
func (s *imageSet) demandOfSockets(demand func(uint64)) {
	if s.inventory().GetTcpClose() {
		return
	}
	connected := []uint32{kernel.BPF_TCP_ESTABLISHED, kernel.BPF_TCP_FIN_WAIT1, kernel.BPF_TCP_FIN_WAIT2, kernel.BPF_TCP_CLOSE_WAIT, kernel.BPF_TCP_LAST_ACK, kernel.BPF_TCP_CLOSING}
	for _, f := range s.files().order {
		if i := f.entry.GetIsk(); i != nil && i.GetProto() == kernel.IPPROTO_TCP && i.GetDstPort() != 0 && slices.Contains(connected, i.GetState()) {
			demand(uint64(i.GetIno()))
		}
	}
}

func (s *imageSet) hasFilteredThread() bool {
	for _, p := range s.livingTasks() {
		leader := s.cores()[p.GetPid()]
		for _, tid := range liveThreads(p) {
			if c := s.cores()[tid]; seccompFilter(c, leader) != nil && seccompMode(c, leader) == core.SeccompMode_filter {
				return true
			}
		}
	}
	return false
}

// hasOwnCgroup reports whether a thread is in other control groups than CRIU was:
// else CRIU keeps nothing of them. Source: CRIU criu/cgroup.c, dump_cgroups.
func (s *imageSet) hasOwnCgroup() bool {
	if s.inventory() == nil || s.inventory().RootCgSet == nil {
		return false
	}
	for _, p := range s.livingTasks() {
		for _, tid := range liveThreads(p) {
			c := s.cores()[tid]
			for _, set := range []uint32{c.GetThreadCore().GetCgSet(), c.GetTc().GetCgSet()} { // old images have it on the process
				if set != 0 && set != s.inventory().GetRootCgSet() {
					return true
				}
			}
		}
	}
	return false
}

func (s *imageSet) hasTimeNamespace() bool {
	for _, p := range s.livingTasks() {
		if ids := s.kernelIDs(p.GetPid()); ids != nil && ids.TimeNsId != nil {
			return true
		}
	}
	return false
}

// ownNamespaces makes a witness of the namespaces of a kind that CRIU was not in
// itself. Old images are named by a process instead.
func ownNamespaces(kind string) func(*imageSet, func(uint64)) {
	return func(s *imageSet, demand func(uint64)) {
		if !s.inventory().GetNsPerId() {
			return
		}
		var dumper *uint32
		for _, n := range namespaceIDs(s.inventory().GetRootIds()) {
			if n.kind == kind {
				dumper = n.id
			}
		}
		if dumper == nil {
			return
		}
		for _, p := range s.livingTasks() {
			for _, n := range namespaceIDs(s.kernelIDs(p.GetPid())) {
				if n.kind == kind && n.id != nil && *n.id != *dumper {
					demand(uint64(*n.id))
				}
			}
		}
	}
}

// demandOfGivenNetworks demands the image of a network namespace where the engine
// made it, and the runtime just joins it: CRIU notes it then by name. A namespace
// that the runtime makes is left out by runc: nothing is noted.
func (s *imageSet) demandOfGivenNetworks(demand func(uint64)) {
	linux := s.containerInfo().spec.Linux
	if linux == nil {
		return
	}
	for _, n := range linux.Namespaces {
		if n.Type == "network" && n.Path != "" {
			ownNamespaces("net")(s, demand)
			return
		}
	}
}

// demandOfDumpedNetworks demands what every network namespace has that CRIU
// dumped itself: one of its images is there.
func (s *imageSet) demandOfDumpedNetworks(demand func(uint64)) {
	if !s.inventory().GetNsPerId() {
		return
	}
	for _, p := range s.livingTasks() {
		id := s.kernelIDs(p.GetPid()).GetNetNsId()
		n := s.networks()[id]
		isDumped := n != nil && n.ExtKey == nil
		for _, kind := range []string{"NETDEV", "IFADDR", "ROUTE", "ROUTE6", "RULE"} {
			isDumped = isDumped || s.isThere(criu.ImageName(kind, uint64(id)))
		}
		if isDumped {
			demand(uint64(id))
		}
	}
}

// demandOfMounts demands the files of each tmpfs that is not the engine's.
// Older images are named by the mount. Source: CRIU criu/mount.c, dump_one_fs.
func (s *imageSet) demandOfMounts(demand func(uint64)) {
	if s.hasKind("TMPFS_MNT") {
		return
	}
	for _, m := range s.mounts().mounts {
		e := m.entry
		if e.GetFstype() == uint32(mnt.Fstype_TMPFS) && e.GetRoot() == "/" && e.ExtKey == nil && !e.GetExtMount() && !e.GetWithPlugin() {
			demand(uint64(e.GetRootDev()))
		}
	}
}
