package decode_test

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/schema"
)

// seccompProfile is linux.seccomp of an OCI specification.
type seccompProfile struct {
	DefaultAction   string `json:"defaultAction"`
	DefaultErrnoRet *uint  `json:"defaultErrnoRet"`
	Syscalls        []struct {
		Names    []string `json:"names"`
		Action   string   `json:"action"`
		ErrnoRet *uint    `json:"errnoRet"`
		Args     []any    `json:"args"`
	} `json:"syscalls"`
}

// returns is what a filter returns for an action of a profile.
func returns(action string, errno *uint) string {
	if action != "SCMP_ACT_ERRNO" {
		return strings.TrimPrefix(action, "SCMP_ACT_")
	}
	if errno == nil {
		return "ERRNO(1)" // EPERM
	}
	return fmt.Sprintf("ERRNO(%d)", *errno)
}

// checkSeccomp runs the decoded program of each filter that the runtime made
// for every system call, and compares what it returns with the profile of the
// specification, which the program was compiled of.
func checkSeccomp(s *subject) {
	var spec struct {
		Linux struct {
			Seccomp *seccompProfile `json:"seccomp"`
		} `json:"linux"`
	}
	for _, c := range s.rows.ContainerSpecs {
		if c.SpecJSON == nil {
			return
		}
		if err := json.Unmarshal([]byte(*c.SpecJSON), &spec); err != nil {
			s.t.Fatal(err)
		}
	}
	profile := spec.Linux.Seccomp
	for _, p := range s.rows.Processes {
		if profile == nil && p.SeccompMode.Name != nil {
			same(s, p.PID, "seccomp_filters", "unconfined", *p.SeccompMode.Name, "disabled")
		}
	}
	same(s, 0, "seccomp_filters", "no profile", profile == nil && len(s.rows.SeccompFilters) > 0, false)
	if profile == nil {
		return
	}
	checked := map[string]bool{}
	threads := map[uint32]bool{}
	for _, f := range s.rows.SeccompFilters {
		program := programOf(s.t, s.rows, int(f.Filter))
		same(s, 0, "seccomp_programs.program_sha256", "", f.ProgramSHA256, digestOf(program.Program))
		same(s, 0, "seccomp_programs.instructions", "", len(program.Instructions), len(program.Program)/8)
		known(s, 0, "seccomp_filters.thread_count", "", f.ThreadCount, uint32(len(f.InnermostTIDs)))
		for _, tid := range f.InnermostTIDs {
			threads[tid] = true
		}
		if !checked[f.ProgramSHA256] {
			checked[f.ProgramSHA256] = true
			s.sameProfile(program, profile)
		}
	}
	for _, t := range s.rows.Threads {
		same(s, t.PID, "seccomp_filters.innermost_tids", fmt.Sprint(t.TID), threads[t.TID], true)
	}
}

func (s *subject) sameProfile(program schema.SeccompProgram, profile *seccompProfile) {
	want, conditional := map[string]string{}, map[string]bool{}
	for _, r := range profile.Syscalls {
		for _, name := range r.Names {
			action := returns(r.Action, r.ErrnoRet)
			if len(r.Args) > 0 || want[name] != "" && want[name] != action { // which of two rules holds is the compiler's choice
				conditional[name] = true
			}
			want[name] = action
		}
	}
	otherwise := returns(profile.DefaultAction, profile.DefaultErrnoRet)
	var named int
	for nr := range int64(450) {
		name := criu.SyscallName(1, nr)
		if name == nil || conditional[*name] {
			continue
		}
		action, ok := want[*name]
		if !ok {
			action = otherwise
		}
		got := runFilter(program.Instructions, uint32(nr), kernel.AUDIT_ARCH_X86_64)
		if got != action && !ok && got == "ERRNO(38)" {
			continue // runc: calls newer than all of the profile do not exist
		}
		named++
		same(s, 0, "seccomp_programs.instructions", *name, got, action)
	}
	if named < 300 {
		s.t.Errorf("%s: only %d system calls compared", s.name, named)
	}
	same(s, 0, "seccomp_programs.instructions", "other architecture", runFilter(program.Instructions, 0, kernel.AUDIT_ARCH_AARCH64), "KILL_THREAD")
}

// runFilter runs a program for a system call without arguments, and returns
// the action; only the instructions that libseccomp makes are known.
func runFilter(program []schema.SeccompInstruction, nr, arch uint32) string {
	var a uint32
	for at := 0; at < len(program); at++ {
		in := program[at]
		jump := func(yes bool) {
			if yes {
				at += int(in.JumpTrue)
			} else {
				at += int(in.JumpElse)
			}
		}
		switch verb, _, _ := strings.Cut(in.Mnemonic, " "); verb {
		case "ld":
			a = map[string]uint32{"nr": nr, "arch": arch}[*in.Operand]
		case "ja":
			at += int(in.K)
		case "jeq":
			jump(a == in.K)
		case "jgt":
			jump(a > in.K)
		case "jge":
			jump(a >= in.K)
		case "jset":
			jump(a&in.K != 0)
		case "and":
			a &= in.K
		case "ret":
			return *in.Operand
		default:
			return "cannot run " + in.Mnemonic
		}
	}
	return "ran off the end"
}

// checkCgroupProperties compares the limits that the specification asks for
// with the properties of the container's control groups, and the directories
// with those that the processes are in.
func checkCgroupProperties(s *subject) {
	directories := map[string]bool{}
	values := map[string]string{}
	for _, p := range s.rows.CgroupProperties {
		same(s, 0, "cgroup_properties.directory_mode", exact(p.Path), *p.DirectoryMode&kernel.S_IFMT, kernel.S_IFDIR)
		if p.PropertyMode != nil && exact(p.Property) != "freezer.state" { // CRIU does not set that
			same(s, 0, "cgroup_properties.property_mode", exact(p.Property), *p.PropertyMode&kernel.S_IFMT, kernel.S_IFREG)
		}
		for _, c := range exactList(p.Controllers) {
			directories[c+":"+exact(p.Path)] = true
		}
		if !slices.ContainsFunc(s.rows.CgroupMemberships, func(m schema.CgroupMembership) bool { return strings.HasPrefix(exact(m.Path), path.Dir(exact(p.Path))) }) {
			s.differ(0, "cgroup_properties.path", "", exact(p.Path), "a directory above that of a process")
		}
		if p.Depth != nil && *p.Depth == 0 {
			values[exact(p.Property)] = exact(p.Value)
		}
	}
	for _, m := range s.rows.CgroupMemberships {
		for _, c := range strings.Split(exact(m.Hierarchy), ",") {
			same(s, 0, "cgroup_properties", c+":"+exact(m.Path), directories[c+":"+exact(m.Path)], true)
		}
	}
	if len(s.rows.ContainerSpecs) == 0 || len(values) == 0 {
		return
	}
	spec := s.rows.ContainerSpecs[0]
	for _, limit := range []struct {
		property string
		want     *int64
	}{{"memory.limit_in_bytes", spec.MemoryLimitBytes}, {"pids.max", spec.PidsLimit}, {"cpu.cfs_quota_us", spec.CPUQuotaUS}} {
		if limit.want != nil && *limit.want > 0 {
			same(s, 0, "cgroup_properties.value", limit.property, values[limit.property], fmt.Sprint(*limit.want))
		}
	}
	if spec.CPUShares != nil {
		same(s, 0, "cgroup_properties.value", "cpu.shares", values["cpu.shares"], fmt.Sprint(*spec.CPUShares))
	}
}
