package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// Confine leaves the process with the grants, and with what the runtimes of
// Go, C and DuckDB read of the system. What the kernel lacks is in the State;
// an error says that it has the means and they failed: then the process is
// confined in part.
func Confine(grants []Grant) (State, error) {
	connect := slices.ContainsFunc(grants, func(g Grant) bool { return g.Access&Connect != 0 })
	var state State
	if err := findThreads(); err != nil {
		return state, fmt.Errorf("finding the threads: %w", err)
	}
	if err := dropCapabilities(); err != nil {
		return state, fmt.Errorf("dropping capabilities: %w", err)
	}
	if err := state.confineFiles(grants, connect); err != nil {
		return state, fmt.Errorf("applying Landlock: %w", err)
	}
	if err := state.denyCalls(connect); err != nil {
		return state, fmt.Errorf("applying seccomp: %w", err)
	}
	// Not RLIMIT_CORE: it does not hold where a program takes the core.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return state, fmt.Errorf("preventing core dumps: %w", err)
	}
	return state, nil
}

// kept are the capabilities that a run as root may need: to read archives and
// write outputs of other owners, and to link and replace files of theirs.
const kept = 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH | 1<<unix.CAP_FOWNER

// dropCapabilities drops all capabilities but those kept.
func dropCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData // of bits 0 to 31, and 32 to 63
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return err
	}
	if sets[0].Permitted&^kept == 0 && sets[1].Permitted == 0 && sets[0].Inheritable == 0 && sets[1].Inheritable == 0 {
		return nil
	}
	sets[0] = unix.CapUserData{Effective: sets[0].Effective & kept, Permitted: sets[0].Permitted & kept}
	sets[1] = unix.CapUserData{}
	// Capabilities belong to threads.
	_, _, errno := psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&sets[0])), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// denied are system calls that no run needs; they fail with EPERM. Landlock
// knows TCP only of the network, and UDP in its newest versions.
var denied = []uint32{
	unix.SYS_SOCKETPAIR, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_IO_URING_SETUP, // io_uring opens sockets too
	unix.SYS_EXECVE, unix.SYS_EXECVEAT,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD, unix.SYS_KCMP,
	unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT,
	unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT, unix.SYS_FSOPEN, unix.SYS_FSMOUNT, unix.SYS_UNSHARE, unix.SYS_SETNS,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT,
}

// connecting are denied too, unless the process may connect: then sockets of IP
// are allowed.
var connecting = []uint32{unix.SYS_SOCKET, unix.SYS_CONNECT}

// architectures are the kernel's numbers of those whose system calls are known
// here; linux/audit.h.
var architectures = map[string]uint32{
	"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64, "riscv64": unix.AUDIT_ARCH_RISCV64,
	"ppc64le": unix.AUDIT_ARCH_PPC64LE, "s390x": unix.AUDIT_ARCH_S390X, "loong64": unix.AUDIT_ARCH_LOONGARCH64,
}

// denyCalls sets no_new_privs, and the filter of system calls.
func (s *State) denyCalls(connect bool) error {
	// The filter's flag brings no_new_privs to the other threads too.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("setting no_new_privs: %w", err)
	}
	arch, ok := architectures[runtime.GOARCH]
	if !ok {
		s.Missing = append(s.Missing, "no filter of system calls on "+runtime.GOARCH)
		return nil
	}
	filter := callFilter(arch, connect)
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	r, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	switch {
	case errors.Is(errno, unix.ENOSYS), errors.Is(errno, unix.EINVAL):
		s.Missing = append(s.Missing, "the kernel has no seccomp filters")
		return nil
	case errno != 0:
		return errno
	case r != 0:
		return fmt.Errorf("thread %d does not take the filter", r)
	}
	return nil
}

const (
	load    = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	equal   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	atLeast = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
	give    = unix.BPF_RET | unix.BPF_K
	refuse  = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	permit  = unix.SECCOMP_RET_ALLOW
)

// callFilter returns the filter as a program of the classic Berkeley packet
// filter, which looks at struct seccomp_data.
func callFilter(arch uint32, connect bool) []unix.SockFilter {
	const (
		numberAt = 0
		archAt   = 4
		x32Calls = 0x40000000 // asm/unistd.h: the same calls under other numbers
	)
	filter := []unix.SockFilter{
		{Code: load, K: archAt},
		{Code: equal, K: arch, Jt: 1},
		{Code: give, K: refuse}, // calls of another architecture, such as i386
		{Code: load, K: numberAt},
		{Code: atLeast, K: x32Calls, Jf: 1},
		{Code: give, K: refuse},
	}
	calls := denied
	if connect {
		filter = append(filter, onlyIPSockets()...)
	} else {
		calls = slices.Concat(denied, connecting)
	}
	for i, number := range calls {
		filter = append(filter, unix.SockFilter{Code: equal, K: number, Jt: uint8(len(calls) - i)})
	}
	return append(filter, unix.SockFilter{Code: give, K: permit}, unix.SockFilter{Code: give, K: refuse})
}

// onlyIPSockets is the part of a filter that decides about socket(2), by the
// lower half of its first argument.
func onlyIPSockets() []unix.SockFilter {
	domainAt := uint32(16)
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 { // big-endian
		domainAt += 4
	}
	return []unix.SockFilter{
		{Code: equal, K: unix.SYS_SOCKET, Jf: 5},
		{Code: load, K: domainAt},
		{Code: equal, K: unix.AF_INET, Jt: 2},
		{Code: equal, K: unix.AF_INET6, Jt: 1},
		{Code: give, K: refuse},
		{Code: give, K: permit},
	}
}
