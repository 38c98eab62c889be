//go:build linux && amd64

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// fault is a way in which a disk fails.
type fault struct {
	name string
	// errno returns what call c fails with, 0 if it does not. They differ by
	// call: a full disk still lets files be removed.
	errno func(n int, c call) unix.Errno
	// lasts is set where all calls fail from one on, not it alone.
	lasts bool
}

// grows tells whether a call needs room on the disk.
func grows(c call) bool {
	return !slices.Contains([]string{"unlinkat", "unlink", "rmdir", "fchmod", "fchmodat", "flock", "ftruncate"}, c.name)
}

func full(_ int, c call) unix.Errno {
	if grows(c) {
		return unix.ENOSPC
	}
	return 0
}

var faults = []fault{
	{"one call fails", func(n int, _ call) unix.Errno {
		return []unix.Errno{unix.EIO, unix.ENOSPC, unix.EDQUOT}[n%3]
	}, false},
	{"the disk is full from then on", full, true},
	{"the disk fails from then on", func(int, call) unix.Errno { return unix.EIO }, true},
	{"the disk becomes read-only", func(int, call) unix.Errno { return unix.EROFS }, true},
}

// TestFailedCalls lets system calls that change files fail, one after another.
// The run then either says so and leaves the output as it was, or the output is
// complete; the next run puts all in order.
func TestFailedCalls(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			tr := s.prepare(t)
			for i, n := range spread(len(tr.calls), s.failures) {
				for _, f := range []fault{faults[0], faults[1+i%3]} {
					t.Run(fmt.Sprintf("%d %s", n, f.name), func(t *testing.T) {
						t.Parallel()
						tr.failing(t, n, f)
					})
				}
			}
		})
	}
}

// failing runs a trial with a fault at call n.
func (tr *trial) failing(t *testing.T, n int, f fault) {
	dir := tr.fresh(t)
	var failed []string
	end := tr.disturbed(t, dir, func(i int, c call) (a answer) {
		if i == n || i > n && f.lasts {
			if a.errno = f.errno(i, c); a.errno != 0 {
				failed = append(failed, fmt.Sprintf("%v: %v", c, a.errno))
			}
		}
		return a
	})
	said := strings.ToLower(end.stderr)
	after := tr.isBeforeOrAfter(t, dir)
	switch {
	case end.code == exitOK && !after:
		t.Error("success, but the output is as it was")
	case end.code == exitOK:
	case strings.Contains(said, "terminate called after throwing an instance of 'duckdb::"):
		// DuckDB ends the process where it can't take back a failed commit: as
		// good as killed.
	case end.code != exitFailed:
		t.Errorf("exit code %d", end.code)
	case after != strings.Contains(said, "has all rows of the run"):
		t.Errorf("the output has the run's rows: %v", after)
	case !strings.Contains(said, tr.output):
		t.Error("the error does not name the output")
	case strings.Contains(said, "fsync failed"): // DuckDB does not say why
	case !slices.ContainsFunc([]unix.Errno{unix.EIO, unix.ENOSPC, unix.EDQUOT, unix.EROFS}, func(e unix.Errno) bool {
		return strings.Contains(said, strings.ToLower(e.Error()))
	}):
		t.Error("the error does not name the cause")
	}
	isPrivate(t, dir)
	tr.isCompleted(t, dir)
	if t.Failed() {
		t.Logf("exit code %d\n%s\nfailed were:\n%s", end.code, end.stderr, strings.Join(failed[:min(len(failed), 5)], "\n"))
	}
}
