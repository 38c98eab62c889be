//go:build linux && amd64

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInputChanges changes an archive while a run reads it: that costs its own
// rows, and is said.
func TestInputChanges(t *testing.T) {
	tr := scenario{name: "dataset", output: "fleet.parquet", tables: "archives,checkpoints,processes,problems"}.prepare(t)
	for _, change := range []struct {
		name, at string // the system call before which it happens
		status   string
		do       func(path string) error
	}{
		{"vanishes before it is opened", "openat", "failed", os.Remove},
		{"is emptied before it is read", "pread64", "failed", func(path string) error { return os.Truncate(path, 0) }},
		{"shrinks while it is read", "pread64", "partial", func(path string) error { return os.Truncate(path, 100_000) }},
		{"grows while it is read", "pread64", "partial", func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				return err
			}
			_, err = f.Write(make([]byte, 1<<20))
			return errors.Join(err, f.Close())
		}},
		{"is written anew while it is read", "pread64", "partial", func(path string) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, data, 0o600)
		}},
	} {
		t.Run(change.name, func(t *testing.T) {
			t.Parallel()
			inputs, dir := t.TempDir(), t.TempDir()
			for _, path := range tr.inputs {
				copyTree(t, path, filepath.Join(inputs, filepath.Base(path)))
			}
			changed := filepath.Join(inputs, "tmpfs-data.tar")
			done := false
			end := supervised{args: tr.args([]string{inputs}), dir: dir, within: inputs, reads: true, decide: func(_ int, c call) answer {
				if c.path == changed && c.name == change.at && !done {
					done = true
					if err := change.do(changed); err != nil {
						t.Error(err)
					}
				}
				return answer{}
			}}.run(t)
			if end.code != exitBadArchives || !done {
				t.Errorf("exit code %d, changed %v", end.code, done)
			}
			if !strings.Contains(end.stderr, "tmpfs-data.tar") {
				t.Errorf("the error does not name the archive: %s", end.stderr)
			}
			said := shell(t, dir, "ckexport query fleet.parquet \"SELECT archive_name, status FROM archives WHERE status <> 'ok' AND error IS NOT NULL\" --format csv")
			if want := "archive_name,status\ntmpfs-data.tar," + change.status + "\n"; said != want {
				t.Errorf("the ledger says %q, want %q", said, want)
			}
			got := readOutput(t, filepath.Join(dir, tr.output))
			got.forget(changed)
			isWhole(t, got, tr.want.movedTo(inputs))
		})
	}
}
