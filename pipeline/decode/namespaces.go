package decode

import (
	"cmp"
	"fmt"
	"slices"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/netdev"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pidns"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/timens"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/utsns"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// namespaceIDs lists the namespaces of ids, in the order of the message; absent
// ones are nil.
func namespaceIDs(ids *core.TaskKobjIdsEntry) []namespaceID {
	if ids == nil {
		return nil
	}
	return []namespaceID{
		{"pid", ids.PidNsId}, {"net", ids.NetNsId}, {"ipc", ids.IpcNsId}, {"uts", ids.UtsNsId},
		{"mnt", ids.MntNsId}, {"user", ids.UserNsId}, {"cgroup", ids.CgroupNsId}, {"time", ids.TimeNsId},
	}
}

type namespaceID struct {
	kind string
	id   *uint32
}

// namespaceImages lists the kinds of images that hold a namespace's content.
var namespaceImages = map[string]string{
	"UTSNS": "uts", "TIMENS": "time", "PIDNS": "pid", "USERNS": "user", "MNTS": "mnt",
	"IPC_VAR": "ipc", "IPCNS_SHM": "ipc", "IPCNS_MSG": "ipc", "IPCNS_SEM": "ipc",
	"NETDEV": "net", "NETNS": "net", "IFADDR": "net", "ROUTE": "net", "ROUTE6": "net", "RULE": "net",
	"IPTABLES": "net", "IP6TABLES": "net", "NFTABLES": "net", "NETNS_CT": "net", "NETNS_EXP": "net",
}

// namespaceID returns the namespace that an image is about: the number in its
// name, but in old sets that is the pid of a process in it, for IPC and UTS.
func (s *imageSet) namespaceID(img *image) uint32 {
	kind := namespaceImages[img.kind.Name]
	if s.inventory() == nil || s.inventory().GetNsPerId() || kind != "ipc" && kind != "uts" {
		return uint32(img.number)
	}
	for _, n := range namespaceIDs(s.kernelIDs(uint32(img.number))) {
		if n.kind == kind && n.id != nil {
			return *n.id
		}
	}
	return uint32(img.number)
}

// decodeProcessNamespaces fills process_namespaces.
func (s *imageSet) decodeProcessNamespaces() {
	dumper := map[string]*uint32{}
	for _, n := range namespaceIDs(s.inventory().GetRootIds()) {
		dumper[n.kind] = n.id
	}
	for _, p := range s.tree() {
		for _, n := range namespaceIDs(s.kernelIDs(p.GetPid())) {
			if n.id == nil {
				continue
			}
			row := schema.ProcessNamespace{PID: p.GetPid(), Kind: n.kind, NamespaceID: *n.id}
			if d := dumper[n.kind]; d != nil {
				row.SharedWithHost = ptr(*d == *n.id)
			}
			add(&s.notes, &s.rows.ProcessNamespaces, row)
		}
	}
}

// decodeNamespaces fills namespaces.
func (s *imageSet) decodeNamespaces() {
	for _, ns := range s.namespaces() {
		add(&s.notes, &s.rows.Namespaces, ns)
	}
}

// foundNamespaces are the namespaces that anything of the set names, by kind and
// number.
type foundNamespaces map[string]map[uint32]*schema.Namespace

// get returns a namespace, a new one where nothing has named it yet.
func (found foundNamespaces) get(kind string, id uint32) *schema.Namespace {
	if found[kind] == nil {
		found[kind] = map[uint32]*schema.Namespace{}
	}
	if found[kind][id] == nil {
		found[kind][id] = &schema.Namespace{Kind: kind, NamespaceID: id, PIDs: []uint32{}}
	}
	return found[kind][id]
}

// namespaces returns the namespaces that anything of the set names, by kind and
// number.
func (s *imageSet) namespaces() []schema.Namespace {
	return s.facts.namespaces.get(func() []schema.Namespace {
		found := foundNamespaces{}
		s.namespacesOfProcesses(found)
		s.namespacesOfImages(found)
		s.namespacesOfFiles(found)
		var all []schema.Namespace
		first := s.firstNamespaces()
		for kind, ids := range found {
			for _, ns := range ids {
				if root, ok := first[kind]; ok {
					ns.IsNested = ptr(ns.NamespaceID != root && !ns.IsDumper)
				}
				ns.PIDs = sortedUnique(ns.PIDs)
				all = append(all, *ns)
			}
		}
		slices.SortFunc(all, func(a, b schema.Namespace) int {
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.NamespaceID, b.NamespaceID))
		})
		return all
	})
}

// namespacesOfProcesses adds the namespaces that CRIU and the processes are in.
func (s *imageSet) namespacesOfProcesses(found foundNamespaces) {
	for _, n := range namespaceIDs(s.inventory().GetRootIds()) {
		if n.id != nil {
			found.get(n.kind, *n.id).IsDumper = true
		}
	}
	for _, p := range s.tree() {
		for _, n := range namespaceIDs(s.kernelIDs(p.GetPid())) {
			if n.id != nil {
				ns := found.get(n.kind, *n.id)
				ns.PIDs = append(ns.PIDs, p.GetPid())
			}
		}
	}
}

// namespacesOfImages adds the namespaces that images are about, and what these tell.
// Those of processes are there already: they say whose the only image of clocks is.
func (s *imageSet) namespacesOfImages(found foundNamespaces) {
	clocks := byNumber[timens.TimensEntry](s, "TIMENS")
	shared := onlyTimeNamespace(clocks, found["time"])
	if shared != nil {
		clocks = map[uint32]*timens.TimensEntry{*shared: clocks[0]}
	}
	for _, img := range s.images {
		kind, ok := namespaceImages[img.kind.Name]
		switch {
		case !ok:
		case shared != nil && kind == "time":
			found.get(kind, *shared).HasImages = true
		default:
			found.get(kind, s.namespaceID(img)).HasImages = true
		}
	}
	for _, img := range s.ofKind("UTSNS") {
		if u := oneOf[utsns.UtsnsEntry](s, img); u != nil {
			ns := found.get("uts", s.namespaceID(img))
			ns.Hostname, ns.Domainname = optionalText(u.Nodename), optionalText(u.Domainname)
		}
	}
	for id, t := range clocks {
		ns := found.get("time", id)
		ns.MonotonicNS, ns.BoottimeNS = clockReading(t.GetMonotonic()), clockReading(t.GetBoottime())
		if t.GetMonotonic() != nil && ns.MonotonicNS == nil || t.GetBoottime() != nil && ns.BoottimeNS == nil {
			s.rowProblem("namespaces", fmt.Sprintf("kind=time,namespace_id=%d", id), Error, Malformed, "a clock reads more than its column holds")
		}
	}
	for id, p := range byNumber[pidns.PidnsEntry](s, "PIDNS") {
		found.get("pid", id).ExternalKey = optionalText(p.ExtKey)
	}
	for id, n := range s.networks() {
		ns := found.get("net", id)
		ns.ExternalKey = optionalText(n.ExtKey)
		if n.ExtKey == nil || len(n.GetNsids()) > 0 {
			linkedNamespaces(ns, n.GetNsids())
		}
	}
}

// linkedNamespaces fills in the numbers that a network namespace has for
// others.
func linkedNamespaces(ns *schema.Namespace, ids []*netdev.NetnsId) {
	ns.LinkedNsIDs, ns.LinkedNsids = []uint32{}, []int32{}
	for _, id := range ids {
		ns.LinkedNsIDs = append(ns.LinkedNsIDs, id.GetTargetNsId())
		ns.LinkedNsids = append(ns.LinkedNsids, id.GetNetnsidValue())
	}
}

// namespacesOfFiles adds the namespaces that only an open file is in, or keeps.
func (s *imageSet) namespacesOfFiles(found foundNamespaces) {
	for _, f := range s.files().order {
		var network *uint32
		switch e := f.entry; {
		case e.GetIsk() != nil:
			network = e.GetIsk().NsId
		case e.GetUsk() != nil:
			network = e.GetUsk().NsId
		case e.GetNlsk() != nil:
			network = e.GetNlsk().NsId
		case e.GetPsk() != nil:
			network = e.GetPsk().NsId
		case e.GetTunf() != nil:
			network = e.GetTunf().NsId
		}
		if network != nil {
			found.get("net", *network)
		}
		if n := f.entry.GetNsf(); n != nil {
			if kind, ok := criu.NamespaceFlag.Names[uint64(n.GetNsCflag())]; ok {
				found.get(kind, n.GetNsId())
			}
		}
	}
}

// firstNamespaces returns the mount and network namespace of the first
// process.
func (s *imageSet) firstNamespaces() map[string]uint32 {
	first := map[string]uint32{}
	if len(s.tree()) == 0 {
		return first
	}
	for _, n := range namespaceIDs(s.kernelIDs(s.tree()[0].GetPid())) {
		if n.id != nil && (n.kind == "mnt" || n.kind == "net") {
			first[n.kind] = *n.id
		}
	}
	return first
}

// onlyTimeNamespace returns the namespace that the set's only image of clocks
// is about, where its name says 0: so CRIU names it, whatever the processes'
// own number of their time namespace is. It is nil where that does not tell.
func onlyTimeNamespace(clocks map[uint32]*timens.TimensEntry, found map[uint32]*schema.Namespace) *uint32 {
	if len(clocks) != 1 || clocks[0] == nil {
		return nil
	}
	var only *uint32
	for id, ns := range found {
		if len(ns.PIDs) == 0 {
			continue
		}
		if only != nil {
			return nil
		}
		only = &id
	}
	return only
}
