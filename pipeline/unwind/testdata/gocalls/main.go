// Command gocalls waits in a chain of calls, for the tests of unwinding.
package main

import (
	"os"
	"runtime"
	"syscall"
)

func init() { runtime.LockOSThread() } // main is in the first thread

//go:noinline
func innermost(n uintptr) uintptr {
	os.Stdout.WriteString("ready\n")
	r, _, _ := syscall.Syscall(syscall.SYS_READ, 0, 0, 0)
	var b [1]byte
	n1, _ := syscall.Read(0, b[:])
	return r + n + uintptr(n1)
}

//go:noinline
func middle(n uintptr) uintptr {
	var room [64]uintptr
	for i := range room {
		room[i] = n * uintptr(i)
	}
	return innermost(room[n&63]) + 1
}

//go:noinline
func outer(n uintptr) uintptr {
	if n > 0 {
		return outer(n-1) + 1
	}
	return middle(n) + 1
}

func main() { os.Exit(int(outer(2))) }
