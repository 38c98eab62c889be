//go:build linux

// Command launcher becomes the program it is told to run, under a seccomp
// filter whose questions go to whoever started it: the tests of faults. Both
// the filter and then, the other way, the listener's descriptor pass through
// the socket that it has as descriptor 3.
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const socket = 3

func main() {
	runtime.LockOSThread() // the filter is this thread's, which becomes the process
	fmt.Fprintln(os.Stderr, launch())
	os.Exit(1)
}

// launch comes back only where it could not become the program.
func launch() error {
	unix.CloseOnExec(socket)
	var filter [512]unix.SockFilter
	n, err := unix.Read(socket, unsafe.Slice((*byte)(unsafe.Pointer(&filter)), unsafe.Sizeof(filter)))
	if err != nil {
		return fmt.Errorf("reading the filter: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	program := unix.SockFprog{Len: uint16(n / int(unsafe.Sizeof(filter[0]))), Filter: &filter[0]}
	listener, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return fmt.Errorf("seccomp filter with a listener: %w", errno)
	}
	if err := unix.Sendmsg(socket, []byte{0}, unix.UnixRights(int(listener)), nil, 0); err != nil {
		return fmt.Errorf("handing over the listener: %w", err)
	}
	return fmt.Errorf("exec: %w", syscall.Exec(os.Args[1], os.Args[1:], os.Environ()))
}
