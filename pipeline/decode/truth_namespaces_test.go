package decode_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// mountLine is a line of /proc/PID/mountinfo.
type mountLine struct {
	id, parent, device, root, point string
	options                         []string // of the mount
	tags                            []string // shared:N, master:N
	fsType, source                  string
	superOptions                    []string
}

func mountLines(text string) []mountLine {
	var lines []mountLine
	for line := range strings.Lines(text) {
		before, after, _ := strings.Cut(strings.TrimSpace(line), " - ")
		f, g := strings.Split(before, " "), strings.SplitN(after, " ", 3)
		lines = append(lines, mountLine{
			id: f[0], parent: f[1], device: f[2], root: unescapeOctal(f[3]), point: unescapeOctal(f[4]), options: strings.Split(f[5], ","), tags: f[6:],
			fsType: g[0], source: unescapeOctal(g[1]), superOptions: strings.Split(unescapeOctal(g[2]), ","),
		})
	}
	return lines
}

// checkMounts compares the mounts of each mount namespace with mountinfo of
// its first process.
func checkMounts(s *subject) {
	seen := map[uint32]bool{}
	s.both(func(p *groundProcess, row *schema.Process) {
		text, ok := s.truth.proc(p.PID, "mountinfo")
		if !ok || row.MntNsID == nil || seen[*row.MntNsID] {
			return
		}
		seen[*row.MntNsID] = true
		rows := map[string]schema.Mount{}
		for _, m := range s.rows.Mounts {
			if m.MntNsID == *row.MntNsID {
				rows[fmt.Sprint(m.MountID)] = m
			}
		}
		for _, want := range mountLines(text) {
			m, ok := rows[want.id]
			if !ok {
				s.differ(p.PID, "mounts", want.point, "no such mount", want.id)
				continue
			}
			delete(rows, want.id)
			s.sameMount(p.PID, m, want)
		}
		for id, m := range rows {
			s.differ(p.PID, "mounts", id, exact(m.Mountpoint), "no such mount")
		}
	})
}

func (s *subject) sameMount(pid uint32, m schema.Mount, want mountLine) {
	key := want.id + " " + want.point
	same(s, pid, "mounts.parent_mount_id", key, fmt.Sprint(m.ParentMountID), want.parent)
	same(s, pid, "mounts.mountpoint", key, exact(m.Mountpoint), want.point)
	same(s, pid, "mounts.root", key, exact(m.Root), want.root)
	same(s, pid, "mounts.fs_type", key, exact(m.FSType), want.fsType)
	same(s, pid, "mounts.source", key, exact(m.Source), want.source)
	if m.Device.Major == nil {
		s.differ(pid, "mounts.device", key, "NULL", want.device)
	} else {
		same(s, pid, "mounts.device", key, fmt.Sprintf("%d:%d", *m.Device.Major, *m.Device.Minor), want.device)
	}
	same(s, pid, "mounts.read_only", key, m.ReadOnly, want.options[0] == "ro")
	sameList(s, pid, "mounts.options", key, strings.Split(exact(m.Options), ","), s.superOptions(want))
	for _, flag := range []struct{ option, name string }{
		{"nosuid", "MS_NOSUID"}, {"nodev", "MS_NODEV"}, {"noexec", "MS_NOEXEC"}, {"relatime", "MS_RELATIME"}, {"noatime", "MS_NOATIME"},
	} {
		same(s, pid, "mounts.mount_flags "+flag.name, key, slices.Contains(m.MountFlags.Names, flag.name), slices.Contains(want.options, flag.option))
	}
	var shared, master uint32
	for _, tag := range want.tags {
		fmt.Sscanf(tag, "shared:%d", &shared) //nolint:errcheck // other tags do not match
		fmt.Sscanf(tag, "master:%d", &master) //nolint:errcheck // other tags do not match
	}
	same(s, pid, "mounts.shared_group", key, orZero(m.SharedGroup), shared)
	same(s, pid, "mounts.master_group", key, orZero(m.MasterGroup), master)
}

func orZero(v *uint32) uint32 {
	if v == nil {
		return 0
	}
	return *v
}

// superOptions returns the options of a file system as CRIU keeps them:
// without rw and ro, uid= and gid= as the container sees them.
func (s *subject) superOptions(m mountLine) []string {
	uids, gids := s.idMaps()
	var options []string
	for _, o := range m.superOptions {
		k, v, _ := strings.Cut(o, "=")
		switch k {
		case "rw", "ro":
			continue
		case "uid":
			o = fmt.Sprintf("uid=%d", inside(uids, numbers(s, v))[0])
		case "gid":
			o = fmt.Sprintf("gid=%d", inside(gids, numbers(s, v))[0])
		}
		options = append(options, o)
	}
	if len(options) == 0 {
		return []string{""}
	}
	return options
}

// checkCgroups compares control groups with /proc/PID/cgroup.
func checkCgroups(s *subject) {
	paths := map[uint32]map[string]string{}
	for _, c := range s.rows.CgroupMemberships {
		if paths[c.CgSet] == nil {
			paths[c.CgSet] = map[string]string{}
		}
		paths[c.CgSet][exact(c.Hierarchy)] = exact(c.Path)
	}
	s.both(func(p *groundProcess, row *schema.Process) {
		text, ok := s.truth.proc(p.PID, "cgroup")
		if !ok || p.State[0] == 'Z' {
			return
		}
		if row.CgSet == nil {
			s.differ(p.PID, "processes.cg_set", "", "NULL", text)
			return
		}
		got := paths[*row.CgSet]
		for line := range strings.Lines(text) {
			f := strings.SplitN(strings.TrimSpace(line), ":", 3)
			path, ok := got[f[1]]
			if !ok {
				s.differ(p.PID, "cgroup_memberships", f[1], "no row", f[2])
				continue
			}
			same(s, p.PID, "cgroup_memberships.path", f[1], path, f[2])
		}
	})
}

// checkNamespaces compares the host name, and which processes share a user
// namespace with the host.
func checkNamespaces(s *subject) {
	if s.isMemoryOnly() {
		return
	}
	if name, ok := s.truth.file("hostname.txt"); ok {
		same(s, 0, "checkpoints.hostname", "", exact(s.rows.Checkpoints[0].Hostname), strings.TrimSpace(name))
	}
	uids, _ := s.idMaps()
	for _, n := range s.rows.ProcessNamespaces {
		if n.SharedWithHost == nil {
			s.differ(n.PID, "process_namespaces.shared_with_dumper", n.Kind, "NULL", "known")
			continue
		}
		switch n.Kind {
		case "user":
			same(s, n.PID, "process_namespaces.shared_with_dumper", n.Kind, *n.SharedWithHost, len(uids) == 0)
		case "pid", "mnt":
			same(s, n.PID, "process_namespaces.shared_with_dumper", n.Kind, *n.SharedWithHost, false)
		}
	}
	for i := range s.rows.Processes {
		if p := &s.rows.Processes[i]; p.ThreadCount > 0 {
			same(s, p.PID, "process_namespaces", "rows", countOf(s.rows.ProcessNamespaces, p.PID), 8)
		}
	}
}

func countOf(rows []schema.ProcessNamespace, pid uint32) (n int) {
	for _, r := range rows {
		if r.PID == pid {
			n++
		}
	}
	return n
}
