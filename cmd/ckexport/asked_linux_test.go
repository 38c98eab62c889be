package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
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
		opened := opensOf(t, filepath.Join(dir, "archives", "copy-000.tar.zst"))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := opened.Read(make([]byte, unix.SizeofInotifyEvent)); err != nil {
			t.Fatalf("waiting for the archives to be read: %v", err)
		}
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

// opensOf returns what an event can be read from each time that a file is opened.
func opensOf(t *testing.T, path string) *os.File {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	events := os.NewFile(uintptr(fd), "inotify")
	t.Cleanup(func() { events.Close() })
	if _, err := unix.InotifyAddWatch(fd, path, unix.IN_OPEN); err != nil {
		t.Fatal(err)
	}
	if err := events.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return events
}
