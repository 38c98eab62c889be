//go:build linux && amd64

package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestKilledRewrites kills compact and forget right before system calls that
// change files, and lets these fail: the output stays as it was or is as it
// should be, and the command, given again, brings it there.
func TestKilledRewrites(t *testing.T) {
	adding := map[string]scenario{"dataset": scenarios[1], "database": scenarios[5], "folder of Iceberg tables": scenarios[9]}
	for kind, s := range adding {
		for _, command := range []string{"compact", "forget"} {
			t.Run(command+" of a "+kind, func(t *testing.T) {
				t.Parallel()
				r := newRewriteTrial(t, s.prepare(t), command)
				for _, n := range spread(r.calls, 12) {
					t.Run(fmt.Sprint(n), func(t *testing.T) {
						t.Parallel()
						r.disturb(t, func(i int, _ call) answer { return answer{kill: i == n} })
						r.disturb(t, func(i int, _ call) answer {
							if i < n {
								return answer{}
							}
							return answer{errno: unix.ENOSPC}
						})
					})
				}
			})
		}
	}
}

// TestFailedBehindCommit lets the last call fail of commands that have changed the
// output by then: the error says so, as another one means that nothing has changed.
func TestFailedBehindCommit(t *testing.T) {
	for kind, s := range map[string]scenario{"dataset": scenarios[1], "database": scenarios[5], "folder of Iceberg tables": scenarios[9]} {
		for _, command := range []string{"merge", "forget"} {
			t.Run(command+" of a "+kind, func(t *testing.T) {
				t.Parallel()
				r := newRewriteTrial(t, s.prepare(t), command)
				dir := t.TempDir()
				copyTree(t, r.dir, dir)
				end := supervised{args: r.args, dir: dir, within: dir, decide: func(n int, _ call) (a answer) {
					if n == r.calls {
						a.errno = unix.EIO
					}
					return a
				}}.run(t)
				if diff := cmp.Diff(r.want.rows, readOutput(t, filepath.Join(dir, r.output)).rows); diff != "" {
					t.Errorf("the output is not as it should be: %s", diff)
				}
				if end.code != exitFailed || !strings.Contains(end.stderr, "has all rows of the run") {
					t.Errorf("exit code %d\n%s", end.code, end.stderr)
				}
			})
		}
	}
}

// rewriteTrial is a command that changes an output as a whole.
type rewriteTrial struct {
	*trial
	args         []string
	before, want *contents
	calls        int
}

func newRewriteTrial(t *testing.T, tr *trial, command string) *rewriteTrial {
	t.Helper()
	r := &rewriteTrial{trial: tr, args: []string{command, tr.output}}
	r.before = readOutput(t, filepath.Join(tr.dir, tr.output))
	switch command {
	case "forget":
		r.args = append(r.args, "--checkpoint", r.before.ledger[tr.inputs[1]])
	case "merge":
		other := &trial{scenario: scenario{output: "other.parquet", tables: tr.tables}}
		from := t.TempDir()
		if out, code := other.complete(t, from, []string{filepath.Join(filepath.Dir(tr.inputs[0]), "life-1.tar")}); code != exitOK {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		r.args = []string{command, filepath.Join(from, other.output), "-o", tr.output, "--quiet"}
	}
	dir := t.TempDir()
	copyTree(t, tr.dir, dir)
	end := supervised{args: r.args, dir: dir, within: dir}.run(t)
	if end.code != exitOK {
		t.Fatalf("exit code %d\n%s", end.code, end.stderr)
	}
	r.calls, r.want = len(end.calls), readOutput(t, filepath.Join(dir, tr.output))
	if same := cmp.Equal(r.before.rows, r.want.rows); same != (command == "compact") {
		t.Fatalf("the rows stayed: %v", same)
	}
	return r
}

// disturb runs the command, checks the output, and runs it again.
func (r *rewriteTrial) disturb(t *testing.T, decide func(int, call) answer) {
	t.Helper()
	dir := t.TempDir()
	copyTree(t, r.dir, dir)
	path := filepath.Join(dir, r.output)
	end := supervised{args: r.args, dir: dir, within: dir, decide: decide}.run(t)
	isPrivate(t, dir)
	got := readOutput(t, path)
	if got == nil {
		t.Fatal("the output is gone")
	}
	isDone := cmp.Equal(got.rows, r.want.rows)
	if !isDone && !cmp.Equal(got.rows, r.before.rows) {
		t.Errorf("the output is neither as before nor as after (exit code %d)\n%s", end.code, end.stderr)
	}
	if end.code == exitOK && !isDone {
		t.Errorf("success is told, and nothing has changed\n%s", end.stderr)
	}
	again := exec.CommandContext(t.Context(), "ckexport", r.args...)
	again.Dir = dir
	if out, err := again.CombinedOutput(); err != nil && !(isDone && r.args[0] == "forget") { // it is gone already
		t.Errorf("given again: %v\n%s", err, out)
	}
	if diff := cmp.Diff(r.want.rows, readOutput(t, path).rows); diff != "" {
		t.Errorf("given again, it does not complete: %s", diff)
	}
	if out, code := r.complete(t, dir, r.inputs); code != exitOK {
		t.Errorf("the next run ends with exit code %d\n%s", code, out)
	}
	r.onlyOutput(t, dir)
}
