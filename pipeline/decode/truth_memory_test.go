package decode_test

import (
	"fmt"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// expectedMapping is a line of /proc/PID/maps as memory_mappings shows it.
type expectedMapping struct {
	mapping
	kind string
	file string // memory_mappings.path; null for none
}

// expected classifies a line of maps.
func expected(m mapping) expectedMapping {
	e := expectedMapping{mapping: m, file: null}
	special := map[string]string{"[heap]": "heap", "[stack]": "stack", "[vdso]": "vdso", "[vvar]": "vvar", "[vsyscall]": "vsyscall", "": "anon"}
	switch kind, ok := special[m.path]; {
	case ok:
		e.kind = kind
	case m.path == "/dev/zero" && m.deleted:
		e.kind = "shared_anon"
	case strings.HasPrefix(m.path, "/SYSV") && m.deleted:
		e.kind = "sysv"
	case strings.HasPrefix(m.path, "/memfd:"):
		e.kind, e.file = "memfd", m.path
	case strings.HasPrefix(m.path, "/dev/") && m.path != "/dev/shm" && !strings.HasPrefix(m.path, "/dev/shm/"):
		e.kind, e.file = "device", m.path
	default:
		e.kind, e.file = "file", m.path
	}
	return e
}

// expectedMappings returns the lines of maps as CRIU saves them: the kernel
// shows the clock pages behind [vvar] apart, CRIU keeps one mapping of both.
func expectedMappings(lines []mapping) []expectedMapping {
	var list []expectedMapping
	for _, m := range lines {
		if n := len(list); m.path == "[vvar_vclock]" && n > 0 && list[n-1].kind == "vvar" && list[n-1].end == m.start {
			list[n-1].end = m.end
			continue
		}
		list = append(list, expected(m))
	}
	return list
}

func checkMappings(s *subject) {
	rows := map[uint32][]schema.MemoryMapping{}
	for _, r := range s.rows.MemoryMappings {
		rows[r.PID] = append(rows[r.PID], r)
	}
	s.both(func(p *groundProcess, row *schema.Process) {
		lines, ok := s.truth.maps(p.PID)
		if !ok || p.State[0] == 'Z' {
			return
		}
		byStart := map[uint64]schema.MemoryMapping{}
		for _, r := range rows[p.PID] {
			byStart[r.StartAddress] = r
		}
		for _, want := range expectedMappings(lines) {
			r, ok := byStart[want.start]
			key := fmt.Sprintf("%#x", want.start)
			if !ok {
				s.differ(p.PID, "memory_mappings", key, "no such mapping", fmt.Sprintf("%#x-%#x %s %s", want.start, want.end, want.perms, want.path))
				continue
			}
			delete(byStart, want.start)
			key += " " + want.path
			same(s, p.PID, "memory_mappings.end_address", key, fmt.Sprintf("%#x", r.EndAddress), fmt.Sprintf("%#x", want.end))
			same(s, p.PID, "memory_mappings.perms", key, r.Perms, want.perms)
			same(s, p.PID, "memory_mappings.file_offset", key, r.FileOffset, want.offset)
			same(s, p.PID, "memory_mappings.kind", key, r.Kind, want.kind)
			same(s, p.PID, "memory_mappings.path", key, exact(r.Path), want.file)
			if want.file != null {
				known(s, p.PID, "memory_mappings.file_deleted", key, r.FileDeleted, want.deleted)
			}
		}
		for _, r := range byStart {
			s.differ(p.PID, "memory_mappings", fmt.Sprintf("%#x", r.StartAddress), fmt.Sprintf("%#x-%#x %s %s %s", r.StartAddress, r.EndAddress, r.Perms, r.Kind, exact(r.Path)), "no such mapping")
		}
		same(s, p.PID, "processes.vma_count", "", int(row.VMACount), len(rows[p.PID]))
	})
}
