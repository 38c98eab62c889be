//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The tests of faults run the real program under a supervisor: a seccomp filter
// lets the kernel ask the test, of every system call that changes a file,
// whether it may go on, shall fail, or is the one at which the process dies.
// That holds for all threads, those of DuckDB too.

// call is a system call that a supervised process is about to make.
type call struct {
	name string // as unix.SYS_ names it, in lower case: pwrite64, renameat2
	path string // of the file it changes, absolute; of two names the new one
	from string // the other name
	// creates is set where an open makes the file.
	creates bool
}

func (c call) String() string {
	if c.from != "" {
		return c.name + " " + c.from + " to " + c.path
	}
	return c.name + " " + c.path
}

// answer is what becomes of a call. The zero answer lets it go on.
type answer struct {
	errno unix.Errno // it fails with this
	kill  bool       // the process dies, before the call
}

// supervised is a run of the program under a supervisor.
type supervised struct {
	args []string
	dir  string // working directory
	// within is the folder whose files count: of other files nothing is asked.
	within string
	// reads also asks of opening and reading files.
	reads bool
	// decide answers the nth call, from 1. Calls are asked one at a time. With
	// none, all go on.
	decide func(n int, c call) answer
	// killAfter, if not 0, kills the process after so long a time.
	killAfter time.Duration
}

// outcome is how a supervised run ended.
type outcome struct {
	code   int // the exit code, -1 where it was killed
	stderr string
	calls  []call // all that counted, in order
}

// run runs the program to its end.
func (s supervised) run(t testing.TB) outcome {
	t.Helper()
	ours, theirs := socketPair(t)
	defer ours.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // long past any slow machine
	defer cancel()
	cmd := exec.CommandContext(ctx, "launcher", append([]string{filepath.Join(programs, "ckexport")}, s.args...)...)
	cmd.Dir = s.dir
	cmd.ExtraFiles = []*os.File{theirs}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	code := filter(s.reads)
	if _, err := ours.Write(unsafe.Slice((*byte)(unsafe.Pointer(&code[0])), len(code)*int(unsafe.Sizeof(code[0])))); err != nil {
		t.Fatal(err)
	}
	err := cmd.Start()
	theirs.Close()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := receiveFile(ours)
	if err != nil {
		_ = cmd.Wait() // it has ended, and says why
		t.Fatalf("seccomp user notification, which this test needs, is not to be had: %v\n%s", err, stderr.String())
	}
	defer listener.Close()
	if s.killAfter > 0 {
		timer := time.AfterFunc(s.killAfter, func() { _ = cmd.Process.Kill() }) // it may have ended
		defer timer.Stop()
	}
	calls, err := s.supervise(int(listener.Fd()), cmd.Process)
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Fatalf("supervising: %v\n%s", err, stderr.String())
	}
	err = cmd.Wait()
	if ctx.Err() != nil {
		t.Fatalf("%v does not end\n%s", s.args, stderr.String())
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{code: cmd.ProcessState.ExitCode(), stderr: stderr.String(), calls: calls}
}

// supervise answers calls until the process has ended.
func (s supervised) supervise(listener int, process *os.Process) ([]call, error) {
	var calls []call
	for {
		poll := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, -1); errors.Is(err, unix.EINTR) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("poll: %w", err)
		}
		if poll[0].Revents&unix.POLLIN == 0 {
			return calls, nil // no process has the filter any more
		}
		var asked notification
		err := ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&asked))
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINTR) {
			continue // a signal took the call back; it comes again
		} else if err != nil {
			return nil, fmt.Errorf("receiving a notification: %w", err)
		}
		a := answer{}
		if c, err := asked.call(); err != nil {
			// The process is being killed, or else the call itself will fail.
			if ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&asked.id)) == nil && !errors.Is(err, unix.EFAULT) {
				return nil, err
			}
		} else if s.counts(c) {
			calls = append(calls, c)
			if s.decide != nil {
				a = s.decide(len(calls), c)
			}
		}
		if a.kill {
			if err := process.Kill(); err != nil {
				return nil, err
			}
			continue
		}
		response := reply{id: asked.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
		if a.errno != 0 {
			response = reply{id: asked.id, errno: -int32(a.errno)}
		}
		if err := ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&response)); err != nil && !errors.Is(err, unix.ENOENT) {
			return nil, fmt.Errorf("answering a notification: %w", err)
		}
	}
}

func (s supervised) counts(c call) bool {
	return strings.HasPrefix(c.path+"/", s.within+"/") || strings.HasPrefix(c.from+"/", s.within+"/")
}

// notification and reply are struct seccomp_notif and seccomp_notif_resp of
// linux/seccomp.h.
type notification struct {
	id    uint64
	tid   uint32
	flags uint32
	nr    int32
	arch  uint32
	ip    uint64
	args  [6]uint64
}

type reply struct {
	id    uint64
	val   int64
	errno int32
	flags uint32
}

func ioctl(fd int, request uint, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

// call looks at what the notification is about.
func (n *notification) call() (call, error) {
	f, ok := fileCalls[n.nr]
	if !ok {
		return call{}, fmt.Errorf("system call %d was not asked for", n.nr)
	}
	c := call{name: f.name}
	var err error
	if f.fd >= 0 {
		c.path, err = n.descriptor(n.args[f.fd])
		return c, err
	}
	if c.path, err = n.path(f.dir, f.path); err != nil {
		return c, err
	}
	if f.ask != nil && n.args[f.ask.arg]&unix.O_CREAT != 0 {
		_, err := os.Lstat(c.path)
		c.creates = errors.Is(err, fs.ErrNotExist)
	}
	if f.fromPath < 0 {
		return c, nil
	}
	c.from, err = n.path(f.fromDir, f.fromPath)
	return c, err
}

// descriptor returns what a descriptor of the process is.
func (n *notification) descriptor(fd uint64) (string, error) {
	if int32(fd) == unix.AT_FDCWD {
		return os.Readlink(fmt.Sprintf("/proc/%d/cwd", n.tid))
	}
	return os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", n.tid, int32(fd)))
}

// path returns the path in argument arg, which may be relative to that in
// argument dir or, where dir is negative, to the working directory.
func (n *notification) path(dir, arg int) (string, error) {
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", n.tid))
	if err != nil {
		return "", err
	}
	defer memory.Close()
	var path []byte
	for at := int64(n.args[arg]); ; {
		page := make([]byte, 4096-at%4096)
		if _, err := memory.ReadAt(page, at); err != nil {
			return "", unix.EFAULT
		}
		if end := bytes.IndexByte(page, 0); end >= 0 {
			path = append(path, page[:end]...)
			break
		}
		path, at = append(path, page...), at+int64(len(page))
	}
	if filepath.IsAbs(string(path)) {
		return filepath.Clean(string(path)), nil
	}
	at, start := unix.AT_FDCWD, ""
	if dir >= 0 {
		at = int(int32(n.args[dir]))
	}
	if start, err = n.descriptor(uint64(uint32(int32(at)))); err != nil {
		return "", err
	}
	return filepath.Join(start, string(path)), nil
}

// fileCall says which arguments of a system call name the file it changes; -1
// stands for none.
type fileCall struct {
	name              string
	fd                int
	dir, path         int
	fromDir, fromPath int
	// ask, if not nil, tells of which calls to ask.
	ask *condition
}

// condition is that an argument, after mask, is not 0.
type condition struct {
	arg  uint32
	mask uint32
}

func onFD(name string, fd int) fileCall { return fileCall{name, fd, -1, -1, -1, -1, nil} }

func onPath(name string, dir, path int) fileCall { return fileCall{name, -1, dir, path, -1, -1, nil} }

func onTwo(name string, fromDir, fromPath, dir, path int) fileCall {
	return fileCall{name, -1, dir, path, fromDir, fromPath, nil}
}

func onOpen(name string, dir, path int, flags uint32) fileCall {
	return fileCall{name, -1, dir, path, -1, -1, &condition{flags, unix.O_ACCMODE | unix.O_CREAT | unix.O_TRUNC}}
}

// fileCalls are the system calls that change files.
var fileCalls = map[int32]fileCall{
	unix.SYS_WRITE:           onFD("write", 0),
	unix.SYS_PWRITE64:        onFD("pwrite64", 0),
	unix.SYS_WRITEV:          onFD("writev", 0),
	unix.SYS_PWRITEV:         onFD("pwritev", 0),
	unix.SYS_PWRITEV2:        onFD("pwritev2", 0),
	unix.SYS_SENDFILE:        onFD("sendfile", 0),
	unix.SYS_COPY_FILE_RANGE: onFD("copy_file_range", 2),
	unix.SYS_SPLICE:          onFD("splice", 2),
	unix.SYS_FTRUNCATE:       onFD("ftruncate", 0),
	unix.SYS_FALLOCATE:       onFD("fallocate", 0),
	unix.SYS_FSYNC:           onFD("fsync", 0),
	unix.SYS_FDATASYNC:       onFD("fdatasync", 0),
	unix.SYS_SYNC_FILE_RANGE: onFD("sync_file_range", 0),
	unix.SYS_FLOCK:           onFD("flock", 0),
	unix.SYS_FCHMOD:          onFD("fchmod", 0),
	unix.SYS_FCHMODAT:        onPath("fchmodat", 0, 1),
	unix.SYS_CHMOD:           onPath("chmod", -1, 0),
	unix.SYS_OPENAT:          onOpen("openat", 0, 1, 2),
	unix.SYS_OPEN:            onOpen("open", -1, 0, 1),
	unix.SYS_CREAT:           onPath("creat", -1, 0),
	unix.SYS_TRUNCATE:        onPath("truncate", -1, 0),
	unix.SYS_MKDIRAT:         onPath("mkdirat", 0, 1),
	unix.SYS_MKDIR:           onPath("mkdir", -1, 0),
	unix.SYS_UNLINKAT:        onPath("unlinkat", 0, 1),
	unix.SYS_UNLINK:          onPath("unlink", -1, 0),
	unix.SYS_RMDIR:           onPath("rmdir", -1, 0),
	unix.SYS_LINKAT:          onTwo("linkat", 0, 1, 2, 3),
	unix.SYS_LINK:            onTwo("link", -1, 0, -1, 1),
	unix.SYS_SYMLINKAT:       onPath("symlinkat", 1, 2),
	unix.SYS_SYMLINK:         onPath("symlink", -1, 1),
	unix.SYS_RENAMEAT2:       onTwo("renameat2", 0, 1, 2, 3),
	unix.SYS_RENAMEAT:        onTwo("renameat", 0, 1, 2, 3),
	unix.SYS_RENAME:          onTwo("rename", -1, 0, -1, 1),
	unix.SYS_READ:            onFD("read", 0), // these two only if reads are asked of
	unix.SYS_PREAD64:         onFD("pread64", 0),
}

// filter returns the program that tells the kernel of which calls to ask.
func filter(reads bool) []unix.SockFilter {
	const (
		load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		set    = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		result = unix.BPF_RET | unix.BPF_K

		number, arch, arguments = 0, 4, 16 // in struct seccomp_data
	)
	code := []unix.SockFilter{
		{Code: load, K: arch},
		{Code: equal, K: unix.AUDIT_ARCH_X86_64, Jt: 1},
		{Code: result, K: unix.SECCOMP_RET_ALLOW},
		{Code: load, K: number},
	}
	for nr, c := range fileCalls {
		isRead := c.name == "read" || c.name == "pread64"
		switch {
		case isRead && !reads:
		case c.ask == nil || reads:
			code = append(code,
				unix.SockFilter{Code: equal, K: uint32(nr), Jf: 1},
				unix.SockFilter{Code: result, K: unix.SECCOMP_RET_USER_NOTIF})
		default:
			code = append(code,
				unix.SockFilter{Code: equal, K: uint32(nr), Jf: 4},
				unix.SockFilter{Code: load, K: arguments + 8*c.ask.arg},
				unix.SockFilter{Code: set, K: c.ask.mask, Jf: 1},
				unix.SockFilter{Code: result, K: unix.SECCOMP_RET_USER_NOTIF},
				unix.SockFilter{Code: result, K: unix.SECCOMP_RET_ALLOW})
		}
	}
	return append(code, unix.SockFilter{Code: result, K: unix.SECCOMP_RET_ALLOW})
}

func socketPair(t testing.TB) (ours, theirs *os.File) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(pair[0]), "socket"), os.NewFile(uintptr(pair[1]), "socket")
}

// receiveFile receives a descriptor, io.ErrUnexpectedEOF where the other side
// ends without sending one.
func receiveFile(socket *os.File) (*os.File, error) {
	rights := make([]byte, unix.CmsgSpace(4))
	n, size, _, _, err := unix.Recvmsg(int(socket.Fd()), make([]byte, 1), rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	messages, err := unix.ParseSocketControlMessage(rights[:size])
	if err != nil || len(messages) != 1 {
		return nil, fmt.Errorf("%d control messages: %w", len(messages), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fds[0]), "seccomp"), nil
}
