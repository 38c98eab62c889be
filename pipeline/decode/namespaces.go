package decode

import (
	"cmp"
	"slices"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/netdev"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pidns"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/timens"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/utsns"

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
	"UTSNS": "uts", "TIMENS": "time", "PIDNS": "pid", "USERNS": "user", "IPC_VAR": "ipc", "MNTS": "mnt", "NETDEV": "net", "NETNS": "net",
}

// decodeNamespaces fills process_namespaces and namespaces.
func (s *set) decodeNamespaces() {
	found := map[string]map[uint32]*schema.Namespace{}
	get := func(kind string, id uint32) *schema.Namespace {
		if found[kind] == nil {
			found[kind] = map[uint32]*schema.Namespace{}
		}
		if found[kind][id] == nil {
			found[kind][id] = &schema.Namespace{Kind: kind, NamespaceID: id, MemberPIDs: []uint32{}}
		}
		return found[kind][id]
	}
	dumper := map[string]*uint32{}
	for _, n := range namespaceIDs(s.inventory.GetRootIds()) {
		if n.id != nil {
			dumper[n.kind] = n.id
			get(n.kind, *n.id).IsDumper = true
		}
	}
	for _, p := range s.tree {
		for _, n := range namespaceIDs(s.kernelIDs(p.GetPid())) {
			if n.id == nil {
				continue
			}
			row := schema.ProcessNamespace{PID: p.GetPid(), Kind: n.kind, NamespaceID: *n.id}
			if d := dumper[n.kind]; d != nil {
				row.SharedWithHost = ptr(*d == *n.id)
			}
			s.rows.ProcessNamespaces = append(s.rows.ProcessNamespaces, row)
			ns := get(n.kind, *n.id)
			ns.MemberPIDs = append(ns.MemberPIDs, p.GetPid())
		}
	}
	clocks := byNumber[timens.TimensEntry](s, "TIMENS")
	shared := onlyTimeNamespace(clocks, found["time"])
	for _, img := range s.images {
		if shared != nil && img.kind.Name == "TIMENS" {
			clocks = map[uint32]*timens.TimensEntry{*shared: clocks[uint32(img.number)]}
			get("time", *shared).HasImages = true
			continue
		}
		if kind, ok := namespaceImages[img.kind.Name]; ok {
			get(kind, uint32(img.number)).HasImages = true
		}
	}
	for id, u := range byNumber[utsns.UtsnsEntry](s, "UTSNS") {
		ns := get("uts", id)
		ns.Hostname, ns.Domainname = optionalText(u.Nodename), optionalText(u.Domainname)
	}
	for id, t := range clocks {
		ns := get("time", id)
		ns.MonotonicNS, ns.BoottimeNS = clockReading(t.GetMonotonic()), clockReading(t.GetBoottime())
	}
	for id, p := range byNumber[pidns.PidnsEntry](s, "PIDNS") {
		get("pid", id).ExternalKey = optionalText(p.ExtKey)
	}
	for id, n := range byNumber[netdev.NetnsEntry](s, "NETNS") {
		get("net", id).ExternalKey = optionalText(n.ExtKey)
	}
	for _, ids := range found {
		for _, ns := range ids {
			ns.MemberPIDs = sortedUnique(ns.MemberPIDs)
			s.rows.Namespaces = append(s.rows.Namespaces, *ns)
		}
	}
	slices.SortFunc(s.rows.Namespaces, func(a, b schema.Namespace) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.NamespaceID, b.NamespaceID))
	})
}

// onlyTimeNamespace returns the namespace that the set's only image of clocks
// is about, where its name says 0: so CRIU names it, whatever the processes'
// own number of their time namespace is.
func onlyTimeNamespace(clocks map[uint32]*timens.TimensEntry, found map[uint32]*schema.Namespace) *uint32 {
	if len(clocks) != 1 || clocks[0] == nil {
		return nil
	}
	var only *uint32
	for id, ns := range found {
		if len(ns.MemberPIDs) == 0 {
			continue
		}
		if only != nil {
			return nil
		}
		only = &id
	}
	return only
}

// clockReading returns a clock in nanoseconds, nil where it does not fit.
func clockReading(t *timens.Timespec) *int64 {
	if t == nil {
		return nil
	}
	ns := nanoseconds(t.GetTvSec(), t.GetTvNsec())
	if ns == nil || *ns > 1<<63-1 {
		return nil
	}
	return ptr(int64(*ns))
}
