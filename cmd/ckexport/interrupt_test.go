package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// TestInterrupt interrupts runs at several instants: each ends with exit code
// 130, what it had exported is in the output, and the next run completes it.
func TestInterrupt(t *testing.T) {
	dir := archivesFolder(t)
	// Copies of one archive are one checkpoint, but each is read and recorded.
	source, err := os.ReadFile(filepath.Join(dir, "archives", "tmpfs-data.tar"))
	if err != nil {
		t.Fatal(err)
	}
	const copies = 600
	for i := range copies {
		if err := os.WriteFile(filepath.Join(dir, "archives", fmt.Sprintf("copy-%03d.tar", i)), source, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, output := range []string{"fleet.parquet", "fleet.duckdb"} {
		interrupted := 0
		var rows, total int
		for i := 0; ; i++ {
			cmd := exec.Command("ckexport", "./archives", "-o", output, "--jobs", "2")
			cmd.Dir = dir
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if i < 4 {
				waitForStaging(t, dir, output) // before, a signal ends the process as it ends any
				time.Sleep(time.Duration(60*i) * time.Millisecond)
				if err := cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Fatal(err)
				}
			}
			err := cmd.Wait()
			var exit *exec.ExitError
			switch {
			case errors.As(err, &exit) && exit.ExitCode() == exitInterrupted:
				interrupted++
			case err != nil:
				t.Fatalf("run %d: %v\n%s", i, err, stderr.String())
			}
			total = ledgerRows(t, dir, output)
			if total < rows {
				t.Errorf("%s: %d archives after run %d, %d before", output, total, i, rows)
			}
			rows = total
			if i >= 4 && err == nil {
				break
			}
		}
		if interrupted == 0 {
			t.Errorf("%s: no run was interrupted", output)
		}
		paths, err := filepath.Glob(filepath.Join(dir, "archives", "*"))
		if err != nil {
			t.Fatal(err)
		}
		if total != len(paths) {
			t.Errorf("%s: the ledger has %d archives of %d", output, total, len(paths))
		}
		left, err := filepath.Glob(filepath.Join(dir, ".fleet*"))
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

// waitForStaging waits until a run has begun to write, or long enough.
func waitForStaging(t *testing.T, dir, output string) {
	t.Helper()
	for range 1000 {
		found, err := filepath.Glob(filepath.Join(dir, "."+output+".*.tmp"))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// ledgerRows counts the archives that an output knows, 0 if there is none.
func ledgerRows(t *testing.T, dir, output string) int {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, output)); errors.Is(err, os.ErrNotExist) {
		return 0
	}
	out := shell(t, dir, "ckexport query "+output+" 'SELECT count(*), count(DISTINCT source) FROM archives' --format csv")
	m := regexp.MustCompile(`\n(\d+),(\d+)\n`).FindStringSubmatch(out)
	if m == nil || m[1] != m[2] {
		t.Fatalf("%s: ledger of archives, and sources: %s", output, out)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
