//go:build amd64

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOutputsOneMayNotRead: that is told as such, and not taken for damage or for
// something else.
func TestOutputsOneMayNotRead(t *testing.T) {
	dir := t.TempDir()
	for _, output := range []string{"database.duckdb", "folder.parquet", "part.parquet"} {
		if out, err := exec.Command("ckexport", "../../testdata/archives/"+healthyArchive, "-o", filepath.Join(dir, output)).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	user := unprivileged(t, dir)
	part, err := filepath.Glob(filepath.Join(dir, "part.parquet", "processes", "*"))
	if err != nil || len(part) == 0 {
		t.Fatalf("no part: %v", err)
	}
	for _, path := range []string{filepath.Join(dir, "database.duckdb"), filepath.Join(dir, "folder.parquet"), part[0]} {
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(path, 0o700)
	}
	for _, output := range []string{"database.duckdb", "folder.parquet", "part.parquet"} {
		for _, args := range [][]string{{"verify", output}, {"query", output, "SELECT count(*) FROM processes"}, {"check", output}} {
			cmd := exec.Command("ckexport", args...)
			cmd.Dir, cmd.SysProcAttr = dir, user
			out, _ := cmd.CombinedOutput() // the code tells
			if code := cmd.ProcessState.ExitCode(); code != exitUsage || !strings.Contains(string(out), "permission denied") || strings.Contains(string(out), "damage") {
				t.Errorf("%v: exit code %d\n%s", args, code, out)
			}
		}
	}
}
