package measure

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// peakRSS returns the peak memory of a process that has ended, in bytes.
func peakRSS(of *os.ProcessState) int64 {
	usage, ok := of.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return int64(usage.Maxrss) << 10 // Linux counts KiB
}

// readBytesAtEnd waits for a child to end, leaves it to be waited for, and
// returns how many bytes its read system calls returned.
func readBytesAtEnd(pid int) int64 {
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return -1
		}
		return ReadBytes(strconv.Itoa(pid))
	}
}

// ReadBytes returns how many bytes the read system calls of a process
// returned; of a process by its number, or self.
func ReadBytes(process string) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%s/io", process))
	if err != nil {
		return -1
	}
	for line := range bytes.Lines(data) {
		if value, ok := bytes.CutPrefix(line, []byte("rchar: ")); ok {
			n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
			if err != nil {
				return -1
			}
			return n
		}
	}
	return -1
}
