package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// sandboxCommands are commands that the tests of the sandbox start.
var sandboxCommands = map[string]func(){
	"probe":                  probeMain,
	"probe-without-landlock": probeWithoutLandlock,
	"ckexport-without-landlock": func() {
		failCall(unix.SYS_LANDLOCK_CREATE_RULESET, unix.ENOSYS)
		main()
	},
	"ckexport-with-broken-landlock": func() {
		failCall(unix.SYS_LANDLOCK_RESTRICT_SELF, unix.ENOMEM)
		main()
	},
}

// TestSandbox has a process open an output and confine itself as export does,
// then try what no export may do: in threads of Go and of DuckDB, made before
// and after.
func TestSandbox(t *testing.T) {
	for _, format := range formats(places{}) {
		if format.Missing != "" || format.Scheme != "" {
			continue
		}
		t.Run(format.Name, func(t *testing.T) {
			w := newProbeWorld(t, "fleet"+format.Suffixes[0])
			got := w.probe(t, "probe")
			for name, outcome := range got {
				want := "denied"
				if strings.HasPrefix(name, "may ") {
					want = "allowed"
				}
				if outcome != want {
					t.Errorf("%s: %s, want %s", name, outcome, want)
				}
			}
			if len(got) < 25 {
				t.Errorf("only %d things were tried", len(got))
			}
			w.unharmed(t)
		})
	}
}

// TestSandboxConnecting: with an input that is read over the network, the process
// may connect, and nothing else more.
func TestSandboxConnecting(t *testing.T) {
	w := newProbeWorld(t, "fleet.parquet")
	w.Network = true
	for name, outcome := range w.probe(t, "probe") {
		want := "denied"
		if strings.HasPrefix(name, "may ") || name == "dial TCP" || name == "dial UDP" {
			want = "allowed"
		}
		if outcome != want {
			t.Errorf("%s: %s, want %s", name, outcome, want)
		}
	}
	w.unharmed(t)
}

// TestSandboxWithoutLandlock: what the kernel can do is done, and it says what
// it can't.
func TestSandboxWithoutLandlock(t *testing.T) {
	w := newProbeWorld(t, "fleet.parquet")
	got := w.probe(t, "probe-without-landlock")
	for name, want := range map[string]string{
		"write a file elsewhere": "allowed", "dial TCP": "denied", "dial UDP": "denied", "run a program": "denied", "may have no new privileges": "allowed",
	} {
		if got[name] != want {
			t.Errorf("%s: %s, want %s", name, got[name], want)
		}
	}
}

// probeWorld is what a probe finds around it.
type probeWorld struct {
	Inputs, Input, Linked    string // a folder, a file in it, one that a link in it leads to
	Folder, Output, Sibling  string // of the output; a file beside it
	Elsewhere, Secret        string // a folder, a file in it
	TCP, UDP, Unix, Abstract string // where the parent listens
	Network                  bool   // an input is read over the network
	content                  map[string]string
}

func newProbeWorld(t *testing.T, output string) *probeWorld {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &probeWorld{
		Inputs: filepath.Join(dir, "in"), Input: filepath.Join(dir, "in", "a.tar"), Linked: filepath.Join(dir, "linked", "b.tar"),
		Folder: filepath.Join(dir, "out"), Output: filepath.Join(dir, "out", output), Sibling: filepath.Join(dir, "out", "sibling"),
		Elsewhere: filepath.Join(dir, "elsewhere"), Secret: filepath.Join(dir, "elsewhere", "secret"),
		content: map[string]string{},
	}
	for _, path := range []string{w.Input, w.Linked, w.Sibling, w.Secret} {
		w.content[path] = "content of " + filepath.Base(path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(w.content[path]), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(w.Linked, filepath.Join(w.Inputs, "b.tar")); err != nil {
		t.Fatal(err)
	}
	w.Unix, w.Abstract = filepath.Join(dir, "socket"), "@"+filepath.Base(dir)+"-"+output
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tcp.Close() })
	w.TCP, w.UDP = tcp.Addr().String(), tcp.Addr().String()
	for _, address := range []string{w.Unix, w.Abstract} {
		l, err := net.Listen("unix", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
	}
	return w
}

// probe runs the probe and returns what became of each try.
func (w *probeWorld) probe(t *testing.T, command string) map[string]string {
	t.Helper()
	world, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(command)
	cmd.Stdin = strings.NewReader(string(world))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	got := map[string]string{}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	return got
}

// unharmed checks that no file was changed, and none made beside them.
func (w *probeWorld) unharmed(t *testing.T) {
	t.Helper()
	for path, want := range w.content {
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v", path, got, err)
		}
	}
	for _, dir := range []string{w.Elsewhere, filepath.Dir(w.Linked)} {
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Errorf("%s holds %v, %v", dir, entries, err)
		}
	}
}

// probeMain is the process that TestSandbox starts.
func probeMain() {
	if err := probe(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

// probeWithoutLandlock is probeMain on a kernel without Landlock.
func probeWithoutLandlock() {
	failCall(unix.SYS_LANDLOCK_CREATE_RULESET, unix.ENOSYS)
	probeMain()
}

// failCall makes a system call fail from now on.
func failCall(number uint32, errno syscall.Errno) {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: number, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	_, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if err != nil || e != 0 {
		panic(fmt.Sprint(err, e))
	}
}

// attempt is one thing that is tried, in a thread whose number it gets.
type attempt struct {
	name string
	do   func(n int) error
}

func probe(ctx context.Context) error {
	var w probeWorld
	if err := json.NewDecoder(os.Stdin).Decode(&w); err != nil {
		return err
	}
	listing, err := source.List(ctx, providers(w.Output, places{}), []string{w.Inputs}, nil)
	if err != nil {
		return err
	}
	listing.Network = w.Network
	format, err := formats(places{}).For(w.Output)
	if err != nil {
		return err
	}
	sink, err := format.Open(ctx, w.Output, sinks.Options{Tables: schema.Tables(), RunID: "probe"})
	if err != nil {
		return err
	}
	staged := filepath.Join(w.Folder, "."+filepath.Base(w.Output)+".probe.tmp")
	byDuckDB, err := duckdbAttempts(&w, staged)
	if err != nil {
		return err
	}
	attempts := append(attemptsOf(&w, staged), byDuckDB...)

	// Threads from before, each with a goroutine of its own, and later ones.
	const threads = 8
	begin, results := make(chan struct{}), make(chan map[string]error)
	var ready sync.WaitGroup
	try := func(n int) {
		runtime.LockOSThread()
		ready.Done()
		<-begin
		outcome := map[string]error{}
		for _, a := range attempts {
			outcome[a.name] = a.do(n)
		}
		results <- outcome
	}
	ready.Add(threads)
	for n := range threads {
		go try(n)
	}
	ready.Wait()
	box := confinement{log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	if err := box.to(sink.Footprint(), inputGrants(listing)...); err != nil {
		return err
	}
	ready.Add(threads)
	for n := range threads {
		go try(threads + n)
	}
	ready.Wait()
	close(begin)
	summary := map[string]string{}
	for range 2 * threads {
		for name, err := range <-results {
			outcome := "allowed"
			if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EXDEV) { // moving is denied so
				outcome = "denied"
			} else if err != nil {
				outcome = "failed: " + err.Error()
			}
			if before, ok := summary[name]; ok && before != outcome {
				outcome = before + " and " + outcome
			}
			summary[name] = outcome
		}
	}
	if err := sink.Close(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(summary)
}

// attemptsOf returns what is tried in Go. Names with may are what an export
// needs.
func attemptsOf(w *probeWorld, staged string) []attempt {
	open := func(path string, flags int) func(int) error {
		return func(int) error {
			f, err := os.OpenFile(path, flags, 0o600)
			if err != nil {
				return err
			}
			return f.Close()
		}
	}
	dial := func(network, address string) func(int) error {
		return func(int) error {
			c, err := net.Dial(network, address)
			if err != nil {
				return err
			}
			return c.Close()
		}
	}
	path := func(dir string, n int) string { return filepath.Join(dir, fmt.Sprintf("made-%d", n)) }
	return []attempt{
		{"write a file elsewhere", func(n int) error {
			name := path(w.Elsewhere, n)
			return errors.Join(os.WriteFile(name, nil, 0o600), os.Remove(name))
		}},
		{"write a file that is there", open(w.Secret, os.O_WRONLY)},
		{"write beside the output", open(w.Sibling, os.O_WRONLY)},
		{"read beside the output", open(w.Sibling, os.O_RDONLY)},
		{"empty a file beside the output", func(int) error { return os.Truncate(w.Sibling, 0) }},
		{"write an input", open(w.Input, os.O_RDWR)},
		{"empty an input", func(int) error { return os.Truncate(w.Input, 0) }},
		{"remove an input", func(int) error { return os.Remove(w.Input) }},
		{"write what a link leads to", open(filepath.Join(w.Inputs, "b.tar"), os.O_WRONLY)},
		{"make a file among the inputs", open(filepath.Join(w.Inputs, "new.tar"), os.O_WRONLY|os.O_CREATE)},
		{"read a file elsewhere", open(w.Secret, os.O_RDONLY)},
		{"read by a link that is made", func(n int) error {
			link := path(staged, n) + ".link"
			return errors.Join(os.Symlink(w.Secret, link), open(link, os.O_RDONLY)(n))
		}},
		{"list a folder elsewhere", func(int) error { _, err := os.ReadDir(w.Elsewhere); return err }},
		{"read passwords", open("/etc/shadow", os.O_RDONLY)},
		{"read another process", open(fmt.Sprintf("/proc/%d/environ", os.Getppid()), os.O_RDONLY)},
		{"write memory by a file", open("/proc/self/mem", os.O_RDWR)},
		{"make a folder elsewhere", func(n int) error { return os.Mkdir(path(w.Elsewhere, n), 0o700) }},
		{"make a link elsewhere", func(n int) error { return os.Symlink("x", path(w.Elsewhere, n)) }},
		{"move an input into the output", func(n int) error { return os.Rename(w.Input, path(staged, n)) }},
		{"link a secret into the output", func(n int) error { return os.Link(w.Secret, path(staged, n)) }},
		{"move a file out", func(n int) error {
			name := path(staged, n) + ".out"
			return errors.Join(os.WriteFile(name, nil, 0o600), os.Rename(name, path(w.Elsewhere, n)))
		}},
		{"run a program", func(int) error { return exec.Command("/bin/sh", "-c", "exit 0").Run() }},
		{"dial TCP", dial("tcp", w.TCP)},
		{"dial UDP", dial("udp", w.UDP)},
		{"dial a socket by path", dial("unix", w.Unix)},
		{"dial an abstract socket", dial("unix", w.Abstract)},
		{"open a netlink socket", func(int) error {
			fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
			if err != nil {
				return err
			}
			return unix.Close(fd)
		}},
		{"listen", func(int) error {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			return l.Close()
		}},
		{"signal another process", func(int) error { return syscall.Kill(os.Getppid(), 0) }},
		{"trace another process", func(int) error { return unix.PtraceAttach(os.Getppid()) }},
		{"mount", func(int) error { return unix.Mount("none", w.Folder, "tmpfs", 0, "") }},
		{"gain capabilities", func(int) error {
			header, sets := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
			sets[0].Permitted, sets[0].Effective = 1<<unix.CAP_SYS_ADMIN, 1<<unix.CAP_SYS_ADMIN
			return unix.Capset(&header, &sets[0])
		}},
		{"may have no new privileges", func(int) error {
			if v, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err != nil || v != 1 {
				return fmt.Errorf("no_new_privs is %d, %v", v, err)
			}
			return nil
		}},
		{"may dump no core", func(int) error {
			if v, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || v != 0 {
				return fmt.Errorf("dumpable is %d, %v", v, err)
			}
			return nil
		}},
		{"may read an input", open(w.Input, os.O_RDONLY)},
		{"may read by a link among the inputs", open(filepath.Join(w.Inputs, "b.tar"), os.O_RDONLY)},
		{"may list the inputs", func(int) error { _, err := os.ReadDir(w.Inputs); return err }},
		{"may write and remove in the staging folder", func(n int) error {
			name := path(staged, n)
			return errors.Join(os.WriteFile(name, []byte("x"), 0o600), os.Truncate(name, 0), os.Rename(name, name+".x"), os.Remove(name+".x"))
		}},
		{"may see its control group", open("/proc/self/cgroup", os.O_RDONLY)},
	}
}
