package decode_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// exception is a difference between truth and archive that is right: each with
// the fact that makes it so.
type exception struct {
	reason  string
	applies func(s *subject, d difference) bool
}

var exceptions = []exception{
	{"a shell loop starts and ends a sleep every moment", func(s *subject, d difference) bool {
		if d.column != "processes.pid" || !strings.Contains(s.name, "counter") && !strings.Contains(s.name, "life-") {
			return false
		}
		p := s.truth.processes[d.pid]
		return d.got == show("sleep") || p != nil && base64Text(s.t, p.Comm) == "sleep"
	}},
	{"podman exec starts processes outside the tree of pid 1, which alone is checkpointed", func(s *subject, d difference) bool {
		p := s.truth.processes[d.pid]
		return d.column == "processes.pid" && d.got == show("no such process") && p != nil && p.PID != 1 && p.PPID != nil && *p.PPID == 0
	}},
	{"in sigsuspend(2) /proc shows the mask of the call, CRIU keeps the one that returns with it", func(s *subject, d difference) bool {
		wchan, _ := s.truth.proc(d.pid, "wchan")
		return strings.HasSuffix(d.column, ".blocked_signals") && strings.HasPrefix(wchan, "sigsuspend")
	}},
	{"CRIU keeps no file system of a bind mount of the host", func(s *subject, d difference) bool {
		return d.column == "mounts.fs_type" && d.got == show(null) && isHostBind(s, d.key)
	}},
	{"CRIU adds newinstance to the options of devpts", func(s *subject, d difference) bool {
		return d.column == "mounts.options" && isDevpts(s, d.key) && d.got == strings.TrimSuffix(d.want, "]")+` "newinstance"]`
	}},
	{"maps calls [stack] the one the kernel made, the column every mapping that grows down", func(s *subject, d difference) bool {
		m := mappingOf(s, d)
		return d.column == "memory_mappings.kind" && d.got == show("stack") && d.want == show("anon") && slices.Contains(m.MapFlags.Names, "MAP_GROWSDOWN")
	}},
	{"CRIU does not keep the inode of packet sockets", func(s *subject, d difference) bool {
		if d.column == "sockets" && d.got == show("no row") {
			return isPacketSocket(s, strings.TrimPrefix(d.key, "socket "))
		}
		return d.column == "file_descriptors.path" && strings.HasSuffix(d.key, ", PACKETSK") && d.got == show(null)
	}},
	{"a process that is scheduled on another processor has its restartable sequence's area rewritten by the kernel", func(s *subject, d difference) bool {
		return d.column == "pagemaps.pages_offset" && slices.ContainsFunc(s.rows.Threads, func(t schema.Thread) bool {
			return t.PID == d.pid && t.RseqABIPointer != nil && inPage(s, d, *t.RseqABIPointer)
		})
	}},
	{"freezing interrupts a sleep, and the kernel writes what remains of it", func(s *subject, d difference) bool {
		return d.column == "pagemaps.pages_offset" && slices.ContainsFunc(s.rows.Threads, func(t schema.Thread) bool {
			remaining := map[string]int{"nanosleep": 1, "clock_nanosleep": 3} // position among the arguments
			if t.PID != d.pid || t.SyscallName == nil {
				return false
			}
			i, ok := remaining[*t.SyscallName]
			return ok && inPage(s, d, t.SyscallArgs[i])
		})
	}},
	{"rootfs-diff.tar has no folder that merely changed", func(s *subject, d difference) bool {
		path, isChange := strings.CutPrefix(d.key, "C ")
		return d.column == "filesystem_entries" && d.got == show("no row") && isChange && isChangedFolder(s, path)
	}},
	{"a tar has no sockets", func(s *subject, d difference) bool {
		path, isNew := strings.CutPrefix(d.key, "A ")
		return d.column == "filesystem_entries" && d.got == show("no row") && isNew && slices.ContainsFunc(s.rows.Sockets, func(r schema.Socket) bool { return exact(r.Name) == path })
	}},
	{"containerd's archives do not hold the pod's address", func(s *subject, d difference) bool {
		return d.column == "checkpoints.ip_addresses" && s.rows.Checkpoints[0].Engine == "containerd" && d.got == "[]"
	}},
	{"containerd shares the host's UTS namespace in pods on the host's network, which CRIU then does not save", func(s *subject, d difference) bool {
		return d.column == "checkpoints.hostname" && s.rows.Checkpoints[0].Engine == "containerd" && d.got == show(null) &&
			slices.ContainsFunc(s.rows.ProcessNamespaces, func(n schema.ProcessNamespace) bool {
				return n.PID == 1 && n.Kind == "uts" && n.SharedWithHost != nil && *n.SharedWithHost
			})
	}},
	{"in a Podman pod the infra container has the host name", func(s *subject, d difference) bool {
		return d.column == "container_specs.hostname" && d.got == show("NULL") && s.rows.Checkpoints[0].PodSandboxID != nil
	}},
}

// isHostBind reports whether a mount, by its id, shows a part of a file system.
func isHostBind(s *subject, key string) bool {
	id, _, _ := strings.Cut(key, " ")
	return slices.ContainsFunc(s.rows.Mounts, func(m schema.Mount) bool {
		return fmt.Sprint(m.MountID) == id && exact(m.Root) != "/" && m.ExternalKey.Text != nil
	})
}

func isDevpts(s *subject, key string) bool {
	id, _, _ := strings.Cut(key, " ")
	return slices.ContainsFunc(s.rows.Mounts, func(m schema.Mount) bool { return fmt.Sprint(m.MountID) == id && exact(m.FSType) == "devpts" })
}

func mappingOf(s *subject, d difference) schema.MemoryMapping {
	for _, m := range s.rows.MemoryMappings {
		if m.PID == d.pid && strings.HasPrefix(d.key, fmt.Sprintf("%#x ", m.StartAddress)) {
			return m
		}
	}
	return schema.MemoryMapping{}
}

// isPacketSocket reports whether the descriptor that shows an inode in the
// truth is a packet socket in the archive.
func isPacketSocket(s *subject, inode string) bool {
	for _, r := range s.rows.FileDescriptors {
		if p := s.truth.processes[r.PID]; p != nil && r.Type == "PACKETSK" && p.FDs[fmt.Sprint(r.FD)] == "socket:["+inode+"]" {
			return true
		}
	}
	return false
}

// inPage reports whether an address is in the page that a difference is about.
func inPage(s *subject, d difference, address uint64) bool {
	page, _, _ := strings.Cut(strings.TrimPrefix(d.key, "0x"), " ")
	return hexadecimal(s.t, page) == address&^(pageSize-1)
}

// isChangedFolder reports whether a path is a folder, as a change or a mount
// below it shows.
func isChangedFolder(s *subject, path string) bool {
	text, _ := s.truth.file("podman-diff.txt")
	return slices.ContainsFunc(diffLines(text), func(line string) bool { return strings.HasPrefix(line[2:], path+"/") }) ||
		slices.ContainsFunc(s.rows.Mounts, func(m schema.Mount) bool { return strings.HasPrefix(exact(m.Mountpoint), path+"/") })
}
