package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestNothingIsLeftOfArchivesAsked ends questions to archives while these are read:
// an interrupted one leaves nothing, and what a killed one leaves the next removes.
func TestNothingIsLeftOfArchivesAsked(t *testing.T) {
	dir, temp := archivesFolder(t), t.TempDir()
	source, err := os.ReadFile(filepath.Join(dir, "archives", "everything.tar.zst"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		if err := os.WriteFile(filepath.Join(dir, "archives", fmt.Sprintf("copy-%03d.tar.zst", i)), source, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	left := func() []string {
		paths, err := filepath.Glob(filepath.Join(temp, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return paths
	}
	begin := func() *exec.Cmd {
		cmd := exec.Command("ckexport", "query", "archives", "SELECT count(*) FROM archives")
		cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), "TMPDIR="+temp), &bytes.Buffer{}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(20 * time.Second); len(left()) == 0; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("no temporary folder was made")
			}
		}
		time.Sleep(50 * time.Millisecond)
		return cmd
	}
	cmd := begin()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted || len(left()) > 0 {
		t.Errorf("interrupted: %v, and there is %v\n%s", err, left(), cmd.Stderr)
	}
	cmd = begin()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	for _, path := range left() {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("others can get at %s: %v, %v", path, info.Mode(), err)
		}
		anHourAgo := time.Now().Add(-time.Hour)
		if err := os.Chtimes(path, anHourAgo, anHourAgo); err != nil {
			t.Fatal(err)
		}
	}
	next := exec.Command("ckexport", "query", filepath.Join(dir, "archives", "life-1.tar"), "SELECT count(*) FROM processes")
	next.Env = append(os.Environ(), "TMPDIR="+temp)
	if out, err := next.CombinedOutput(); err != nil || len(left()) > 0 {
		t.Errorf("the next: %v, and there is %v\n%s", err, left(), out)
	}
}

// TestTablesOfViews: archives are decoded for the tables only that a view needs.
func TestTablesOfViews(t *testing.T) {
	q := questionOf("SELECT comm FROM sockets_full WHERE pid = 1")
	names := slices.Sorted(slices.Values(q.names()))
	if !slices.Equal(names, []string{"checkpoints", "processes", "sockets"}) || len(q.views) != 1 || q.whole {
		t.Errorf("it asks %v by %d views, all of an archive: %t", names, len(q.views), q.whole)
	}
}
