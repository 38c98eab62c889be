//go:build linux && amd64

package main

import (
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// scenario is a run that is disturbed: the first on an output, or one that
// adds to it.
type scenario struct {
	name   string
	output string // file name
	tables string // for --tables; all if empty
	adds   bool
	// instants bounds at how many calls the run is killed, and failures at how
	// many it meets an error; they are spread evenly over the run.
	instants, failures int
}

var scenarios = []scenario{
	{"dataset", "fleet.parquet", "archives,checkpoints,processes", false, 42, 10},
	{"dataset, adding", "fleet.parquet", "archives,checkpoints,processes", true, 60, 14},
	{"file", "fleet.parquet", "processes", false, 17, 8},
	{"file, adding", "fleet.parquet", "processes", true, 17, 8},
	{"database", "fleet.duckdb", "archives,checkpoints,processes", false, 12, 6},
	{"database, adding", "fleet.duckdb", "archives,checkpoints,processes", true, 36, 14},
	{"all tables in a dataset, adding", "fleet.parquet", "", true, 6, 3},
	{"all tables in a database, adding", "fleet.duckdb", "", true, 6, 3},
	{"Iceberg tables", "fleet.iceberg", "archives,checkpoints,processes", false, 10, 4},
	{"Iceberg tables, adding", "fleet.iceberg", "archives,checkpoints,processes", true, 40, 10},
	{"all Iceberg tables, adding", "fleet.iceberg", "", true, 3, 2},
}

// trial is a scenario made ready to be run again and again.
type trial struct {
	scenario
	before    string // folder with the output as it is before the run; empty if there is none
	had, want *contents
	inputs    []string
	dir       string // of an undisturbed run
	calls     []call // that it made
}

// trials are the scenarios that are ready, for all tests.
var trials = struct {
	sync.Mutex
	ready map[scenario]*trial
}{ready: map[scenario]*trial{}}

// prepare runs a scenario undisturbed.
func (s scenario) prepare(t *testing.T) *trial {
	t.Helper()
	trials.Lock()
	defer trials.Unlock()
	if trials.ready[s] == nil {
		trials.ready[s] = s.undisturbed(t)
	}
	return trials.ready[s]
}

func (s scenario) undisturbed(t *testing.T) *trial {
	t.Helper()
	folder, err := os.MkdirTemp(programs, "scenario") // which TestMain removes
	if err != nil {
		t.Fatal(err)
	}
	tr := &trial{scenario: s, before: filepath.Join(folder, "before"), dir: filepath.Join(folder, "after")}
	if err := os.Mkdir(tr.before, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sleep-pre.tar.zst", "shell-tree.tar.gz", "tmpfs-data.tar"} {
		path, err := filepath.Abs(filepath.Join("../../testdata/archives", name))
		if err != nil {
			t.Fatal(err)
		}
		tr.inputs = append(tr.inputs, path)
	}
	if s.adds {
		if out, code := tr.complete(t, tr.before, tr.inputs[:1]); code != exitOK {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		tr.had = readOutput(t, filepath.Join(tr.before, s.output))
	}
	copyTree(t, tr.before, tr.dir)
	end := tr.disturbed(t, tr.dir, nil)
	if end.code != exitOK {
		t.Fatalf("exit code %d\n%s", end.code, end.stderr)
	}
	tr.calls, tr.want = end.calls, readOutput(t, filepath.Join(tr.dir, s.output))
	if len(tr.want.ledger) != len(tr.inputs) {
		t.Fatalf("the ledger has %v", tr.want.ledger)
	}
	isWhole(t, tr.want, tr.want)
	tr.onlyOutput(t, tr.dir)
	return tr
}

// fresh returns a folder with what is there before the run.
func (tr *trial) fresh(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	copyTree(t, tr.before, dir)
	return dir
}

func (tr *trial) args(inputs []string) []string {
	args := append(slices.Clone(inputs), "-o", tr.output, "--jobs", "2", "--quiet")
	if tr.tables != "" {
		args = append(args, "--tables", tr.tables)
	}
	return args
}

// disturbed runs the scenario in a folder.
func (tr *trial) disturbed(t *testing.T, dir string, decide func(n int, c call) answer) outcome {
	t.Helper()
	return supervised{args: tr.args(tr.inputs), dir: dir, within: dir, decide: decide}.run(t)
}

// complete runs the program over inputs, undisturbed, and returns what it says
// and its exit code.
func (tr *trial) complete(t *testing.T, dir string, inputs []string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ckexport", tr.args(inputs)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// isBeforeOrAfter checks that the output is as before the run or as after it,
// and tells which.
func (tr *trial) isBeforeOrAfter(t *testing.T, dir string) (after bool) {
	t.Helper()
	got := readOutput(t, filepath.Join(dir, tr.output))
	switch {
	case got == nil && tr.had == nil:
		return false
	case got == nil:
		t.Fatal("the output is gone")
	}
	isWhole(t, got, tr.want)
	after = len(got.ledger) == len(tr.want.ledger)
	if !after && (tr.had == nil || len(got.ledger) != len(tr.had.ledger)) {
		t.Errorf("the ledger has %v", got.ledger)
	}
	return after
}

// isCompleted runs the program once more, and checks that then all is as if
// nothing had happened.
func (tr *trial) isCompleted(t *testing.T, dir string) {
	t.Helper()
	if out, code := tr.complete(t, dir, tr.inputs); code != exitOK {
		t.Errorf("the next run ends with exit code %d\n%s", code, out)
	}
	if !tr.isBeforeOrAfter(t, dir) {
		t.Error("the next run did not complete the output")
	}
	tr.onlyOutput(t, dir)
}

// onlyOutput checks that nothing lies beside the output, nor within it what is
// not for its owner alone.
func (tr *trial) onlyOutput(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != tr.output {
		t.Errorf("left beside the output: %v", entries)
	}
}

// isPrivate checks that only the owner gets at what a run has left.
func isPrivate(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		} else if err == nil && d.IsDir() {
			return fs.SkipDir // nobody else gets further
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

var everyCall = flag.Bool("every-call", false, "disturb runs at every call, not at some of them")

// spread returns up to n numbers from 1 to last, evenly, the last among them.
func spread(last, n int) []int {
	if n = min(n, last); *everyCall {
		n = last
	}
	var all []int
	for i := range n {
		all = append(all, last-i*last/n)
	}
	return all
}

// TestKilledAtCalls kills runs right before system calls that change files,
// one after another.
func TestKilledAtCalls(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			tr := s.prepare(t)
			var before, after atomic.Int32
			t.Cleanup(func() {
				t.Logf("%d calls; output as before at %d instants, as after at %d", len(tr.calls), before.Load(), after.Load())
			})
			for _, n := range spread(len(tr.calls), s.instants) {
				t.Run(fmt.Sprint(n), func(t *testing.T) {
					t.Parallel()
					dir := tr.fresh(t)
					end := tr.disturbed(t, dir, func(i int, _ call) answer { return answer{kill: i == n} })
					if end.code != -1 && len(end.calls) >= n {
						t.Errorf("not killed: exit code %d\n%s", end.code, end.stderr)
					}
					isPrivate(t, dir)
					if tr.isBeforeOrAfter(t, dir) {
						after.Add(1)
					} else {
						before.Add(1)
					}
					tr.isCompleted(t, dir)
					if t.Failed() && len(end.calls) > 0 {
						t.Logf("killed before %v", end.calls[len(end.calls)-1])
					}
				})
			}
		})
	}
}

// TestKilledAtTimes kills run after run on one output at times that chance
// tells, each with the leftovers of those before.
func TestKilledAtTimes(t *testing.T) {
	seed := rand.Uint64()
	for i, s := range []scenario{scenarios[1], scenarios[5]} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			t.Logf("seed %d", seed)
			chance := rand.New(rand.NewPCG(seed, uint64(i)))
			tr := s.prepare(t)
			started := time.Now()
			tr.complete(t, tr.fresh(t), tr.inputs)
			long := time.Since(started)
			dir, killed := tr.fresh(t), 0
			for range 12 {
				run := supervised{args: tr.args(tr.inputs), dir: dir, within: dir}
				run.killAfter = time.Duration(chance.Int64N(int64(long)) + 1)
				if end := run.run(t); end.code == -1 {
					killed++
				} else if end.code != exitOK {
					t.Errorf("exit code %d\n%s", end.code, end.stderr)
				}
				if tr.isBeforeOrAfter(t, dir) {
					dir = tr.fresh(t)
				}
			}
			tr.isCompleted(t, dir)
			t.Logf("%d runs killed", killed)
		})
	}
}
