package decode_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// both calls f for each process that truth and archive have.
func (s *subject) both(f func(p *groundProcess, row *schema.Process)) {
	for i := range s.rows.Processes {
		row := &s.rows.Processes[i]
		if p := s.truth.processes[row.PID]; p != nil {
			f(p, row)
		}
	}
}

// isMemoryOnly reports whether the archive is one of --pre-checkpoint: CRIU
// then writes page maps and pages, and nothing that says whose they are.
func (s *subject) isMemoryOnly() bool { return s.rows.Checkpoints[0].DumpKind == "predump" }

// checkMatching checks that truth and archive have the same processes.
func checkMatching(s *subject) {
	if s.isMemoryOnly() {
		if n := len(s.rows.Processes); n != 0 {
			s.differ(0, "processes", "", n, 0)
		}
		if len(s.rows.Pagemaps) == 0 {
			s.differ(0, "pagemaps", "", 0, "some")
		}
		return
	}
	rows := map[uint32]*schema.Process{}
	for i := range s.rows.Processes {
		row := &s.rows.Processes[i]
		rows[row.PID] = row
		if s.truth.processes[row.PID] == nil {
			s.differ(row.PID, "processes.pid", "", exact(row.Comm), "no such process")
		}
	}
	for _, pid := range s.truth.order {
		if rows[pid] == nil {
			s.differ(pid, "processes.pid", "", "no such process", base64Text(s.t, s.truth.processes[pid].Comm))
		}
	}
	if rows[1] == nil || s.truth.processes[1] == nil {
		s.t.Errorf("%s: pid 1 must be in both", s.name)
	}
}

// innermost returns the last number of a list such as NSpid: that in the
// container's own namespace.
func innermost(list string) string {
	f := strings.Fields(list)
	if len(f) == 0 {
		return ""
	}
	return f[len(f)-1]
}

// states are how the kernel's letters are called in the images.
var states = map[byte]string{'R': "alive", 'S': "alive", 'D': "alive", 'T': "stopped", 't': "stopped", 'Z': "dead", 'X': "dead"}

func checkTree(s *subject) {
	s.both(func(p *groundProcess, row *schema.Process) {
		if p.PPID != nil {
			same(s, p.PID, "processes.ppid", "", row.PPID, *p.PPID)
		}
		same(s, p.PID, "processes.pgid", "", fmt.Sprint(row.PGID), innermost(p.PGIDs))
		same(s, p.PID, "processes.sid", "", fmt.Sprint(row.SID), innermost(p.SIDs))
		known(s, p.PID, "processes.state", "", row.State.Name, states[p.State[0]])
		same(s, p.PID, "processes.comm", "", exact(row.Comm), base64Text(s.t, p.Comm))
		if stat, ok := s.truth.stat(p.PID); ok {
			known(s, p.PID, "processes.exit_code", "", row.ExitCode, uint32(stat(52)))
		}
		if p.State[0] == 'Z' {
			return
		}
		same(s, p.PID, "processes.thread_count", "", row.ThreadCount, p.Threads)
		same(s, p.PID, "processes.exe", "", exact(row.Exe), strings.TrimSuffix(p.Exe, deletedMark))
		known(s, p.PID, "processes.exe_deleted", "", row.ExeDeleted, strings.HasSuffix(p.Exe, deletedMark))
		same(s, p.PID, "processes.cwd", "", exact(row.Cwd), p.Cwd)
		same(s, p.PID, "processes.root", "", exact(row.Root), p.Root)
		status, ok := s.truth.fields(p.PID, "status")
		if !ok {
			return
		}
		known(s, p.PID, "processes.umask", "", row.Umask, uint32(fromOctal(s.t, status["Umask"])))
		if text, ok := s.truth.proc(p.PID, "oom_score_adj"); ok {
			known(s, p.PID, "processes.oom_score_adj", "", row.OOMScoreAdj, atoi[int32](s.t, text))
		}
		if text, ok := s.truth.proc(p.PID, "personality"); ok {
			known(s, p.PID, "processes.personality", "", row.Personality.Bits, hexadecimal(s.t, text))
		}
		known(s, p.PID, "processes.blocked_signals", "", row.BlockedSignals.Bits, hexadecimal(s.t, status["SigBlk"]))
		known(s, p.PID, "processes.thp_disabled", "", row.THPDisabled, status["THP_enabled"] == "0")
	})
}

// checkArguments compares command line and environment, byte by byte.
func checkArguments(s *subject) {
	environment := map[uint32][]schema.EnvironmentVariable{}
	for _, e := range s.rows.Environment {
		environment[e.PID] = append(environment[e.PID], e)
	}
	s.both(func(p *groundProcess, row *schema.Process) {
		if p.State[0] == 'Z' {
			same(s, p.PID, "processes.argv", "", row.Argv.Text == nil, true)
			return
		}
		cmdline := base64Text(s.t, p.Cmdline)
		if text, ok := s.truth.proc(p.PID, "cmdline"); ok {
			cmdline = text
		}
		want := []string{}
		if cmdline != "" {
			want = strings.Split(strings.TrimSuffix(cmdline, "\x00"), "\x00")
		}
		if row.Argv.Text == nil {
			s.differ(p.PID, "processes.argv", "", "NULL", want)
		} else {
			sameList(s, p.PID, "processes.argv", "", exactList(row.Argv), want)
		}
		environ := base64Text(s.t, p.Environ)
		if text, ok := s.truth.proc(p.PID, "environ"); ok {
			environ = text
		}
		if row.EnvironStatus == nil || *row.EnvironStatus != "ok" && *row.EnvironStatus != "empty" {
			s.differ(p.PID, "environment", "", "NULL", environ)
			return
		}
		sameEnvironment(s, p.PID, environment[p.PID], environ)
	})
}

// sameEnvironment compares name, value and order of an environment. The empty
// strings at its end are padding (IMAGES.md 4.4).
func sameEnvironment(s *subject, pid uint32, rows []schema.EnvironmentVariable, environ string) {
	var want []string
	if trimmed := strings.TrimRight(environ, "\x00"); trimmed != "" {
		want = strings.Split(trimmed, "\x00")
	}
	for i, e := range rows {
		if i >= len(want) {
			break
		}
		key := strconv.Itoa(i)
		same(s, pid, "environment.position", key, e.Position, uint32(i))
		name, value, hasValue := strings.Cut(want[i], "=")
		same(s, pid, "environment.name", key, exact(e.Name), name)
		if !hasValue {
			value = null
		}
		same(s, pid, "environment.value", key, exact(e.Value), value)
	}
	same(s, pid, "environment", "number of entries", len(rows), len(want))
}

// capabilitySets are the sets by their names in /proc/PID/status.
var capabilitySets = []struct {
	name string
	of   func(*schema.Credential) schema.Flags
}{
	{"CapInh", func(c *schema.Credential) schema.Flags { return c.CapInheritable }},
	{"CapPrm", func(c *schema.Credential) schema.Flags { return c.CapPermitted }},
	{"CapEff", func(c *schema.Credential) schema.Flags { return c.CapEffective }},
	{"CapBnd", func(c *schema.Credential) schema.Flags { return c.CapBounding }},
	{"CapAmb", func(c *schema.Credential) schema.Flags { return c.CapAmbient }},
}

func checkCredentials(s *subject) {
	leaders := map[uint32]*schema.Credential{}
	for i := range s.rows.Credentials {
		if c := &s.rows.Credentials[i]; c.PID == c.TID {
			leaders[c.PID] = c
		}
	}
	uids, gids := s.idMaps()
	s.both(func(p *groundProcess, row *schema.Process) {
		if p.State[0] == 'Z' {
			return
		}
		c := leaders[p.PID]
		if c == nil {
			s.differ(p.PID, "credentials", "", "no row", "one")
			return
		}
		hostUIDs, hostGIDs := numbers(s, p.UID), numbers(s, p.GID)
		known(s, p.PID, "credentials.host_uid", "", c.HostUID, hostUIDs[0])
		known(s, p.PID, "credentials.host_gid", "", c.HostGID, hostGIDs[0])
		sameList(s, p.PID, "credentials.uid", "", []uint32{c.UID, c.EUID, c.SUID, c.FSUID}, inside(uids, hostUIDs))
		sameList(s, p.PID, "credentials.gid", "", []uint32{c.GID, c.EGID, c.SGID, c.FSGID}, inside(gids, hostGIDs))
		sameList(s, p.PID, "credentials.groups", "", c.Groups, inside(gids, numbers(s, p.Groups)))
		for _, set := range capabilitySets {
			want := hexadecimal(s.t, p.Caps[set.name])
			flags := set.of(c)
			known(s, p.PID, "credentials."+set.name, "", flags.Bits, want)
			sameList(s, p.PID, "credentials."+set.name+" names", "", flags.Names, capabilityNames(want))
		}
		same(s, p.PID, "credentials.no_new_privs", "", c.NoNewPrivs, p.NoNewPrivs == "1")
		known(s, p.PID, "processes.no_new_privs", "", row.NoNewPrivs, p.NoNewPrivs == "1")
		known(s, p.PID, "processes.uid", "", row.UID, c.UID)
		known(s, p.PID, "processes.gid", "", row.GID, c.GID)
		mode := map[string]string{"0": "disabled", "1": "strict", "2": "filter"}[p.Seccomp]
		known(s, p.PID, "processes.seccomp_mode", "", row.SeccompMode.Name, mode)
	})
}

// numbers parses a list of ids.
func numbers(s *subject, list string) []uint32 {
	var n []uint32
	for _, f := range strings.Fields(list) {
		n = append(n, atoi[uint32](s.t, f))
	}
	return n
}

// capabilityNames lists capabilities as capabilities(7) orders them.
func capabilityNames(set uint64) []string {
	all := strings.Fields(`CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
		NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT
		SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP
		MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`)
	names := []string{}
	for bit, name := range all {
		if set>>bit&1 != 0 {
			names = append(names, "CAP_"+name)
		}
	}
	return names
}

// idMaps returns the user and group maps of the container's user namespace, as
// podman inspect shows them: inside:outside:count. Without one they are empty.
func (s *subject) idMaps() (uids, gids []string) {
	var inspected []struct {
		HostConfig struct {
			IDMappings struct {
				UIDs []string `json:"UidMap"`
				GIDs []string `json:"GidMap"`
			}
		}
	}
	if s.truth.readJSON("podman-inspect.json", &inspected) && len(inspected) > 0 {
		m := inspected[0].HostConfig.IDMappings
		return m.UIDs, m.GIDs
	}
	return nil, nil
}

// inside turns ids as the host sees them into those of the container.
func inside(maps []string, ids []uint32) []uint32 {
	mapped := slices.Clone(ids)
	for i, id := range ids {
		for _, m := range maps {
			var first, lower, count uint32
			if n, _ := fmt.Sscanf(m, "%d:%d:%d", &first, &lower, &count); n == 3 && id >= lower && id-lower < count {
				mapped[i] = first + id - lower
			}
		}
	}
	return mapped
}

func checkThreads(s *subject) {
	rows := map[uint32]map[uint32]*schema.Thread{}
	for i := range s.rows.Threads {
		r := &s.rows.Threads[i]
		if rows[r.PID] == nil {
			rows[r.PID] = map[uint32]*schema.Thread{}
		}
		rows[r.PID][r.TID] = r
	}
	s.both(func(p *groundProcess, _ *schema.Process) {
		if p.State[0] == 'Z' {
			return
		}
		for _, g := range p.TIDs {
			r := rows[p.PID][g.TID]
			if r == nil {
				s.differ(p.PID, "threads.tid", fmt.Sprint(g.TID), "no such thread", base64Text(s.t, g.Comm))
				continue
			}
			delete(rows[p.PID], g.TID)
			key := fmt.Sprintf("tid %d", g.TID)
			same(s, p.PID, "threads.comm", key, exact(r.Comm), base64Text(s.t, g.Comm))
			known(s, p.PID, "threads.blocked_signals", key, r.BlockedSignals.Bits, hexadecimal(s.t, g.Blocked))
			known(s, p.PID, "threads.effective_seccomp_mode", key, r.EffectiveSeccompMode.Name, map[string]string{"0": "disabled", "1": "strict", "2": "filter"}[p.Seccomp])
		}
		for tid, r := range rows[p.PID] {
			s.differ(p.PID, "threads.tid", fmt.Sprint(tid), exact(r.Comm), "no such thread")
		}
		stat, ok := s.truth.stat(p.PID)
		if leader := rowOf(s.rows.Threads, p.PID); ok && leader != nil {
			known(s, p.PID, "threads.sched_nice", "", leader.SchedNice, int32(stat(19)))
			if leader.SchedPolicy.Code != nil || stat(41) != 0 {
				known(s, p.PID, "threads.sched_policy", "", leader.SchedPolicy.Code, int64(stat(41)))
			}
		}
	})
}

func rowOf(threads []schema.Thread, tid uint32) *schema.Thread {
	i := slices.IndexFunc(threads, func(t schema.Thread) bool { return t.TID == tid })
	if i < 0 {
		return nil
	}
	return &threads[i]
}

// checkAddressSpace compares the bounds that /proc/PID/stat shows and the page
// size that the kernel told the process.
func checkAddressSpace(s *subject) {
	s.both(func(p *groundProcess, row *schema.Process) {
		stat, ok := s.truth.stat(p.PID)
		if !ok || p.State[0] == 'Z' {
			return
		}
		for _, b := range []struct {
			column string
			got    *uint64
			field  int
		}{
			{"start_code", row.StartCode, 26}, {"end_code", row.EndCode, 27}, {"start_stack", row.StartStack, 28}, {"start_data", row.StartData, 45},
			{"end_data", row.EndData, 46}, {"start_brk", row.StartBrk, 47}, {"arg_start", row.ArgStart, 48}, {"arg_end", row.ArgEnd, 49},
			{"env_start", row.EnvStart, 50}, {"env_end", row.EnvEnd, 51},
		} {
			known(s, p.PID, "processes."+b.column, "", b.got, stat(b.field))
		}
		if auxv, ok := s.truth.proc(p.PID, "auxv"); ok {
			pageSize := []byte{6, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0} // AT_PAGESZ, 4096
			if bytes.Contains([]byte(auxv), pageSize) {
				known(s, p.PID, "checkpoints.page_size", "", s.rows.Checkpoints[0].PageSize, 4096)
				known(s, p.PID, "checkpoints.page_size_source", "", s.rows.Checkpoints[0].PageSizeSource, "auxv")
			}
		}
	})
}

// limitNames are the resources by their names in /proc/PID/limits.
var limitNames = map[string]string{
	"Max cpu time": "CPU", "Max file size": "FSIZE", "Max data size": "DATA", "Max stack size": "STACK", "Max core file size": "CORE",
	"Max resident set": "RSS", "Max processes": "NPROC", "Max open files": "NOFILE", "Max locked memory": "MEMLOCK", "Max address space": "AS",
	"Max file locks": "LOCKS", "Max pending signals": "SIGPENDING", "Max msgqueue size": "MSGQUEUE", "Max nice priority": "NICE",
	"Max realtime priority": "RTPRIO", "Max realtime timeout": "RTTIME",
}

func checkLimits(s *subject) {
	type key struct {
		pid      uint32
		resource string
	}
	rows := map[key]schema.ResourceLimit{}
	for _, r := range s.rows.ResourceLimits {
		rows[key{r.PID, r.Resource}] = r
	}
	value := func(v *uint64) string {
		if v == nil {
			return "unlimited"
		}
		return strconv.FormatUint(*v, 10)
	}
	s.both(func(p *groundProcess, _ *schema.Process) {
		text, _ := s.truth.proc(p.PID, "limits")
		for line := range strings.Lines(text) {
			if len(line) < 26 || limitNames[strings.TrimSpace(line[:26])] == "" {
				continue
			}
			resource, f := limitNames[strings.TrimSpace(line[:26])], strings.Fields(line[26:])
			r, ok := rows[key{p.PID, resource}]
			if !ok {
				s.differ(p.PID, "resource_limits", resource, "no row", f)
				continue
			}
			same(s, p.PID, "resource_limits.soft", resource, value(r.Soft), f[0])
			same(s, p.PID, "resource_limits.hard", resource, value(r.Hard), f[1])
		}
	})
}
