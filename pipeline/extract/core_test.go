package extract_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/extract"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// tool runs a program of the machine, and returns what it prints.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v (on Debian: apt-get install gdb elfutils)\n%s", name, err, out)
	}
	return string(out)
}

// gdb opens a core, and runs commands.
func gdb(t *testing.T, core string, commands ...string) string {
	t.Helper()
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte(strings.Join(commands, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return tool(t, "gdb", "-batch", "-nx", "-c", core, "-x", script)
}

// gdbNames are gdb's names of the registers that it is asked for, by the tables' names.
var gdbNames = map[string]string{
	"ip": "$rip", "sp": "$rsp", "bp": "$rbp", "ax": "$rax", "bx": "$rbx", "cx": "$rcx", "dx": "$rdx", "si": "$rsi", "di": "$rdi",
	"r8": "$r8", "r9": "$r9", "r10": "$r10", "r11": "$r11", "r12": "$r12", "r13": "$r13", "r14": "$r14", "r15": "$r15",
	"flags": "(int)$eflags", "fs_base": "$fs_base", "gs_base": "$gs_base", "orig_ax": "$orig_rax", "cs": "$cs", "ss": "$ss", "mxcsr": "(int)$mxcsr",
	"xmm0": "$xmm0.v2_int64[0]", "xmm15": "$xmm15.v2_int64[0]",
}

// TestGDB opens cores of real processes, of one thread and of several, in gdb: threads
// and registers are those that the tables have.
func TestGDB(t *testing.T) {
	var names, exprs []string
	for name, expr := range gdbNames {
		names, exprs = append(names, name), append(exprs, "(unsigned long)"+expr)
	}
	format := "REGISTERS %d" + strings.Repeat(" %lx", len(exprs))
	command := fmt.Sprintf("thread apply all -q printf \"%s\\n\", (int)$_thread, %s", format, strings.Join(exprs, ", "))
	for _, name := range []string{"redis.tar.zst", "nginx.tar.zst", "memhash-shm.tar"} {
		t.Run(name, func(t *testing.T) {
			want := registersOf(t, own(name))
			got := run(t, extract.Selection{Cores: []extract.Processes{{All: true}}}, own(name))
			if len(got.items) != len(want) {
				t.Fatalf("%d cores of %d processes", len(got.items), len(want))
			}
			for _, i := range got.items {
				out := gdb(t, filepath.Join(got.dir, i.Name), "info threads", command)
				if threads := lwps(out); !cmp.Equal(threads, tidsOf(want[*i.PID])) {
					t.Errorf("pid %d: threads %v, want %v", *i.PID, threads, tidsOf(want[*i.PID]))
				}
				found := map[string]bool{}
				for line := range strings.Lines(out) {
					if values, ok := strings.CutPrefix(line, "REGISTERS "); ok {
						_, values, _ = strings.Cut(strings.TrimSpace(values), " ")
						found[values] = true
					}
				}
				for tid, registers := range want[*i.PID] {
					var values []string
					for _, name := range names {
						values = append(values, strconv.FormatUint(registers[name], 16))
					}
					if line := strings.Join(values, " "); !found[line] {
						t.Errorf("pid %d: no thread has the registers of %d:\n%v\n%s\n%s", *i.PID, tid, names, line, out)
					}
				}
			}
		})
	}
}

// registersOf returns the registers of the threads of each process, from the table.
func registersOf(t *testing.T, archive string) map[uint32]map[uint32]map[string]uint64 {
	t.Helper()
	table, _ := schema.Lookup("registers")
	d := decode.Decoder{Limits: decode.DefaultLimits(), Tables: []*schema.Table{table}}
	result, err := d.Decode(t.Context(), source.Path(archive))
	if err != nil {
		t.Fatal(err)
	}
	all := map[uint32]map[uint32]map[string]uint64{}
	for _, row := range result.Checkpoints[0].Registers {
		if all[row.PID] == nil {
			all[row.PID] = map[uint32]map[string]uint64{}
		}
		values := map[string]uint64{}
		for _, r := range row.Registers {
			if r.Value != nil {
				values[r.Name] = *r.Value
				continue
			}
			for i := range 8 {
				values[r.Name] |= uint64(r.ValueBytes[i]) << (8 * i)
			}
		}
		all[row.PID][row.TID] = values
	}
	return all
}

// lwps returns the numbers that gdb lists threads by.
func lwps(out string) (tids []uint32) {
	for line := range strings.Lines(out) {
		_, after, ok := strings.Cut(line, " LWP ")
		if !ok {
			continue
		}
		tid, err := strconv.ParseUint(strings.Fields(after)[0], 10, 32)
		if err == nil && !slices.Contains(tids, uint32(tid)) {
			tids = append(tids, uint32(tid))
		}
	}
	slices.Sort(tids)
	return tids
}

func tidsOf(registers map[uint32]map[string]uint64) (tids []uint32) {
	for tid := range registers {
		tids = append(tids, tid)
	}
	slices.Sort(tids)
	return tids
}

// TestCoreMemory has gdb read a thousand ranges of two processes' memory out of their
// cores, that which they share too: they are of the pages that the processes had.
func TestCoreMemory(t *testing.T) {
	const archive = "memhash-shm"
	got := run(t, extract.Selection{Cores: []extract.Processes{{All: true}}, Memory: []extract.Region{region(t, "all")}}, own(archive+".tar"))
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 2 {
		raw, core := got.items[n], got.items[2+n]
		data, at := got.content(t, raw), offsets(t, filepath.Join(got.dir, raw.Map))
		var known []uint64
		for address, page := range truePages(t, archive, *core.PID) {
			if offset, ok := at(address); ok {
				if sum := sha256.Sum256(data[offset : offset+4096]); hex.EncodeToString(sum[:]) == page.sha256 {
					known = append(known, address)
				}
			}
		}
		slices.Sort(known)
		dir := t.TempDir()
		var commands []string
		var want [][]byte
		for i := range 500 {
			address := known[random.IntN(len(known))]
			from := uint64(random.IntN(4096))
			size := 1 + uint64(random.IntN(int(4096-from)))
			offset, _ := at(address)
			commands = append(commands, fmt.Sprintf("dump binary memory %s %#x %#x", filepath.Join(dir, strconv.Itoa(i)), address+from, address+from+size))
			want = append(want, data[offset+from:offset+from+size])
		}
		gdb(t, filepath.Join(got.dir, core.Name), commands...)
		for i := range want {
			read, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(i)))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(read, want[i]) {
				t.Fatalf("pid %d: %s has other bytes", *core.PID, commands[i])
			}
		}
	}
}

// TestNotes has another reader than gdb look at the notes.
func TestNotes(t *testing.T) {
	got := run(t, extract.Selection{Cores: []extract.Processes{{PID: 1}}}, own("nginx.tar.zst"))
	out := tool(t, "eu-readelf", "-n", "-l", filepath.Join(got.dir, got.items[0].Name))
	for _, want := range []string{
		"pid: 1, ppid: 0", "fname: nginx", "psargs: nginx: master process", "si_signo: 0", "PAGESZ: 4096", "fpvalid: 1", "/usr/sbin/nginx",
		"CORE                 512  FPREGSET",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("eu-readelf does not show %q in\n%s", want, out)
		}
	}
}
