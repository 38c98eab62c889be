package unwind_test

import (
	"bufio"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ckexport/ckexport/pipeline/unwind"
)

// TestProcesses walks the stacks of real processes that wait in calls that are
// known, with what an archive may hold of the program: all files, the program's
// own, or none.
func TestProcesses(t *testing.T) {
	const calls = "innermost middle outer outer outer main"
	for _, test := range []struct {
		name  string
		build []string // before the output
		held  func(path, program string) bool
		calls string          // functions, one behind the other
		by    []unwind.Method // of these frames, any of them
		most  int             // frames in front of the first of calls
	}{
		{"C, tables", []string{"gcc", "-O1", "-fomit-frame-pointer", "testdata/calls.c"}, everyFile, calls, list(unwind.ByTable), 1},
		{"C, static, tables", []string{"gcc", "-O1", "-fomit-frame-pointer", "-static", "testdata/calls.c"}, everyFile, calls, list(unwind.ByTable), 1},
		{"C, frame pointers, own file", []string{"gcc", "-O1", "-fno-omit-frame-pointer", "-fno-asynchronous-unwind-tables", "testdata/calls.c"}, ownFile, calls, list(unwind.ByFramePointer, unwind.ByScan), 4},
		{"Go, own file", []string{"go", "build", "-o"}, ownFile, "main.innermost main.middle main.outer main.outer main.outer main.main", list(unwind.ByFramePointer, unwind.ByTable), 4},
		{"Go, stripped", []string{"go", "build", "-ldflags=-s -w", "-o"}, ownFile, "main.innermost main.middle main.outer main.outer main.outer main.main", list(unwind.ByFramePointer), 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "program")
			argv := append(test.build, "-o", program)
			if test.build[0] == "go" {
				argv = append(test.build, program, "./testdata/gocalls")
			}
			if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %v\n%s", argv, err, out)
			}
			p := stopped(t, program)
			p.held = func(path string) bool { return test.held(path, program) }
			frames := unwind.Walk(p.thread, p, p)
			var names, said []string
			for _, f := range frames {
				name := "?"
				if f.Image != nil {
					if symbol, _, ok := f.Image.Symbol(f.Address); ok {
						name = symbol
					}
				}
				names = append(names, name)
				said = append(said, fmt.Sprintf("%#x %s (%s, %s)", f.IP, name, f.Method, f.Confidence))
			}
			if frames[0].IP != p.regs.Rip || frames[0].SP != p.regs.Rsp || frames[0].Method != unwind.ByRegisters {
				t.Errorf("frame 0 is %+v, not %#x", frames[0], p.regs.Rip)
			}
			before, _, found := strings.Cut(strings.Join(names, " ")+" ", test.calls+" ")
			if first := strings.Count(before, " "); !found || first > test.most {
				t.Fatalf("the calls are not %q, with up to %d in front:\n%s", test.calls, test.most, strings.Join(said, "\n"))
			}
			t.Log(strings.Join(said, "\n"))
			first := strings.Count(before, " ")
			for i, f := range frames[first : first+strings.Count(test.calls, " ")+1] {
				if !slices.Contains(test.by, f.Method) {
					t.Errorf("frame %d was found by %s", first+i, f.Method)
				}
			}
			if !slices.Contains(test.by, unwind.ByFramePointer) {
				return
			}
			p.held = func(string) bool { return false }
			rest := unwind.Walk(p.thread, p, p)
			for _, f := range frames[first : first+strings.Count(test.calls, " ")+1] {
				n := slices.IndexFunc(rest, func(other unwind.Frame) bool { return other.IP == f.IP })
				if n < 0 {
					t.Fatalf("without the file, %#x is not among the frames: %+v", f.IP, rest)
				}
				rest = rest[n+1:]
			}
		})
	}
}

func list(m ...unwind.Method) []unwind.Method { return m }

func everyFile(string, string) bool     { return true }
func ownFile(path, program string) bool { return path == program }

// process is a process that is stopped, as it is in /proc.
type process struct {
	regs     unix.PtraceRegs
	thread   *unwind.Thread
	memory   *os.File
	mappings []mapping
	held     func(path string) bool
	images   map[string]*unwind.Image
}

type mapping struct {
	start, end, offset uint64
	perms, path        string
}

// stopped starts a program and stops it where it waits.
func stopped(t *testing.T, program string) *process {
	t.Helper()
	runtime.LockOSThread() // that traces
	t.Cleanup(runtime.UnlockOSThread)
	cmd := exec.Command(program)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = unix.PtraceDetach(pid)
		_ = cmd.Wait()
	})
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	waitUntilBlocked(t, pid)
	if err := unix.PtraceAttach(pid); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Wait4(pid, nil, unix.WALL, nil); err != nil {
		t.Fatal(err)
	}
	p := &process{images: map[string]*unwind.Image{}, thread: unwind.NewThread(elf.EM_X86_64)}
	if err := unix.PtraceGetRegs(pid, &p.regs); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]uint64{"ip": p.regs.Rip, "sp": p.regs.Rsp, "bp": p.regs.Rbp, "bx": p.regs.Rbx,
		"r12": p.regs.R12, "r13": p.regs.R13, "r14": p.regs.R14, "r15": p.regs.R15} {
		p.thread.Set(name, value)
	}
	if p.memory, err = os.Open(fmt.Sprintf("/proc/%d/mem", pid)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.memory.Close() })
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(maps)) {
		var m mapping
		var device, inode string
		if _, err := fmt.Sscanf(line, "%x-%x %s %x %s %s %s", &m.start, &m.end, &m.perms, &m.offset, &device, &inode, &m.path); err != nil && m.end == 0 {
			t.Fatalf("%q: %v", line, err)
		}
		p.mappings = append(p.mappings, m)
	}
	return p
}

// waitUntilBlocked waits until the process sleeps in a system call.
func waitUntilBlocked(t *testing.T, pid int) {
	t.Helper()
	for range 10_000 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		if _, rest, _ := strings.Cut(string(stat), ") "); strings.HasPrefix(rest, "S") {
			return
		}
		runtime.Gosched()
	}
	t.Fatal("the program does not wait")
}

func (p *process) Word(address uint64) (uint64, bool) {
	var b [8]byte
	_, err := p.memory.ReadAt(b[:], int64(address))
	return binary.LittleEndian.Uint64(b[:]), err == nil
}

func (p *process) at(address uint64) *mapping {
	for i := range p.mappings {
		if m := &p.mappings[i]; address >= m.start && address < m.end {
			return m
		}
	}
	return nil
}

func (p *process) IsCode(address uint64) bool {
	m := p.at(address)
	return m != nil && strings.Contains(m.perms, "x")
}

func (p *process) Image(address uint64) (*unwind.Image, uint64) {
	m := p.at(address)
	if m == nil || !strings.HasPrefix(m.path, "/") || !p.held(m.path) {
		return nil, 0
	}
	if p.images[m.path] == nil {
		data, err := os.ReadFile(m.path)
		if err != nil {
			return nil, 0
		}
		if p.images[m.path], err = unwind.NewImage(data); err != nil {
			return nil, 0
		}
	}
	linked, ok := p.images[m.path].Address(m.offset + address - m.start)
	if !ok {
		return nil, 0
	}
	return p.images[m.path], linked
}
