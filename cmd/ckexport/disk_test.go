//go:build linux && amd64

package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// mounted runs a shell script in a mount namespace of its own, then the program
// with the arguments in the working directory; %s in the script is dir.
func (tr *trial) mounted(t *testing.T, dir, script string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-e", "-c", fmt.Sprintf(script, dir), "ckexport"}, tr.args(tr.inputs)...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatalf("a mount namespace, which this test needs, is not to be had: %v", err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// TestReadOnlyOutput runs on an output in a folder that is mounted read-only.
func TestReadOnlyOutput(t *testing.T) {
	for _, s := range scenarios[:6] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			tr := s.prepare(t)
			dir := tr.fresh(t)
			out, code := tr.mounted(t, dir, `cd %[1]q && mount --bind . . && mount -o remount,bind,ro %[1]q && cd %[1]q && exec "$0" "$@"`)
			if code != exitFailed || !strings.Contains(out, tr.output) || !strings.Contains(out, "read-only file system") {
				t.Errorf("exit code %d\n%s", code, out)
			}
			if tr.isBeforeOrAfter(t, dir) {
				t.Error("the output has changed")
			}
		})
	}
}

// TestFullDisk runs on an output on disks of several sizes, from too small for
// anything on: there, writes come out short before they fail.
func TestFullDisk(t *testing.T) {
	for _, s := range []scenario{scenarios[1], scenarios[3], scenarios[4], scenarios[5], scenarios[7], scenarios[8], scenarios[9], scenarios[10]} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			tr := s.prepare(t)
			need := kib(t, tr.dir) + kib(t, tr.before)
			failed, fitted := 0, 0
			for i := range 5 {
				size := kib(t, tr.before) + 16 + i*i*need/12
				dir := tr.fresh(t)
				out, code := tr.mounted(t, dir, fmt.Sprintf(`cd %%[1]q && mkdir disk && mount -t tmpfs -o size=%dk none disk
					for f in fleet.*; do if [ -e "$f" ]; then mv "$f" disk; fi; done
					cd disk; code=0; "$0" "$@" || code=$?
					cd ..; find disk -mindepth 1 -maxdepth 1 -exec mv {} . ';'; umount disk; rmdir disk; exit $code`, size))
				after := tr.isBeforeOrAfter(t, dir)
				switch {
				case code == exitOK && after:
					fitted++
				case code == exitFailed && strings.Contains(strings.ToLower(out), "no space left") && strings.Contains(out, strconv.Quote(tr.output)) && after == strings.Contains(out, "has all rows of the run"):
					failed++
					if !after {
						tr.leavesNothing(t, dir)
					}
				default:
					t.Errorf("%d KiB: exit code %d, complete %v\n%s", size, code, after, out)
				}
				tr.isCompleted(t, dir)
			}
			if failed == 0 || fitted == 0 {
				t.Errorf("%d runs failed, %d did not", failed, fitted)
			}
		})
	}
}

// TestDatabaseOnSmallDisk adds to a database where there is room for the database, but
// not for what DuckDB would rather put aside.
func TestDatabaseOnSmallDisk(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("../../testdata/archives/*.tar*")
	if err != nil {
		t.Fatal(err)
	}
	for i := range archives {
		if archives[i], err = filepath.Abs(archives[i]); err != nil {
			t.Fatal(err)
		}
	}
	tr := &trial{scenario: scenario{output: "fleet.duckdb"}, inputs: archives}
	dir := t.TempDir()
	if out, code := tr.complete(t, dir, archives[:len(archives)/2]); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	had := kib(t, dir)
	out, code := tr.mounted(t, dir, `cd %[1]q && mkdir disk && mount -t tmpfs -o size=48m none disk && cp fleet.duckdb disk && cd disk && exec "$0" "$@"`)
	if code != exitOK {
		t.Errorf("exit code %d\n%s", code, out)
	}
	// A merge that fails, too, tells whether its rows are there nevertheless.
	other := &trial{scenario: scenario{output: "other.duckdb"}}
	if out, code := other.complete(t, dir, archives[len(archives)/3:]); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	whole := 0
	for mib := range 6 {
		out, code := tr.mounted(t, dir, fmt.Sprintf(`cd %%[1]q && mkdir -p disk && mount -t tmpfs -o size=%dk none disk && cp fleet.duckdb disk && cd disk && had=$(
			"$0" query fleet.duckdb 'SELECT count(*) FROM archives' --format csv); code=0; "$0" merge ../other.duckdb -o fleet.duckdb || code=$?
			if [ "$had" != "$("$0" query fleet.duckdb 'SELECT count(*) FROM archives' --format csv)" ]; then echo merged; fi; exit $code`, had+64+mib<<10))
		if code != exitFailed || !strings.Contains(out, "o space left") || strings.Contains(out, "has all rows of the run") != strings.Contains(out, "\nmerged\n") {
			t.Errorf("a merge with %d MiB to spare ends with exit code %d\n%s", mib, code, out)
		}
		whole += strings.Count(out, "\nmerged\n")
	}
	if whole == 0 {
		t.Error("no merge failed that had all its rows in the database")
	}
}

// leavesNothing checks that there are no other files than before, but for versions
// of metadata by which Iceberg tables were taken back.
func (tr *trial) leavesNothing(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if _, missing := os.Stat(filepath.Join(tr.before, name)); missing != nil && !strings.HasSuffix(name, ".metadata.json") {
			t.Errorf("a run that failed left %s", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// kib returns the size of what is below a folder.
func kib(t *testing.T, dir string) int {
	t.Helper()
	out, err := exec.Command("du", "-sk", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := fmt.Sscan(string(out), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestWithoutProc runs where /proc is not mounted, by which threads are found: the error
// says so, and what goes on without.
func TestWithoutProc(t *testing.T) {
	tr := scenarios[0].prepare(t)
	dir := tr.fresh(t)
	const hidden = `mount --make-rprivate / && mount -t tmpfs none /proc && cd %[1]q && `
	out, code := tr.mounted(t, dir, hidden+`exec "$0" "$@"`)
	if code != exitFailed || !strings.Contains(out, "confining the process: ") || !strings.Contains(out, "/proc/") || !strings.Contains(out, sandboxHint) {
		t.Errorf("exit code %d\n%s", code, out)
	}
	tr.leavesNothing(t, dir)
	if out, code := tr.mounted(t, dir, hidden+`exec "$0" "$@" --no-sandbox`); code != exitOK || !tr.isBeforeOrAfter(t, dir) {
		t.Errorf("with --no-sandbox, exit code %d\n%s", code, out)
	}
}
