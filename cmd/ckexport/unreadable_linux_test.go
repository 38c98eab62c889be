//go:build amd64

package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// unprivileged returns what makes a command run as a user from whom the system
// can keep something: nobody, who gets the folder, where the tests run as root.
func unprivileged(t *testing.T, folder string) *syscall.SysProcAttr {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	const nobody = 65534
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, nobody, nobody)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, way := range []string{programs, filepath.Dir(folder)} {
		if err := os.Chmod(way, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}

// TestUnreadableInputs: what the system keeps from the user has a row each, with
// the system's reason, however the inputs are named. A file without an ending
// that cannot be looked at may be an archive.
func TestUnreadableInputs(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"listed/a.tar", "locked/a.tar", "file.tar", "unnamed", "notes.txt", healthyArchive} {
		path = filepath.Join(dir, "in", path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		copyTree(t, "../../testdata/archives/"+healthyArchive, path)
	}
	if err := os.WriteFile(filepath.Join(dir, "in/notes.txt"), []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	user := unprivileged(t, dir)
	for name, mode := range map[string]fs.FileMode{"listed": 0o600, "locked": 0, "file.tar": 0, "unnamed": 0} {
		path := filepath.Join(dir, "in", name)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(path, 0o700) }) // or the folder cannot be removed
	}
	const want = `source,status,error
file.tar,failed,open file.tar: permission denied
listed/a.tar,failed,stat listed/a.tar: permission denied
locked,failed,open locked: permission denied
` + healthyArchive + `,ok,
unnamed,failed,open unnamed: permission denied
`
	for _, c := range []struct{ name, inputs, list string }{
		{"folder", "in", ""},
		{"pattern", "in/[flmu]*", ""},
		{"list", "-", "in/file.tar\nin/listed\nin/locked\nin/unnamed\nin/" + healthyArchive + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := func(args ...string) (stdout, stderr string, code int) {
				cmd := exec.CommandContext(t.Context(), "ckexport", args...)
				var out, messages strings.Builder
				cmd.Dir, cmd.SysProcAttr, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, user, strings.NewReader(c.list), &out, &messages
				if err := cmd.Run(); cmd.ProcessState == nil {
					t.Fatal(err)
				}
				return out.String(), messages.String(), cmd.ProcessState.ExitCode()
			}
			output := c.name + ".parquet"
			if _, stderr, code := run(c.inputs, "-o", output); code != exitBadArchives {
				t.Fatalf("exit code %d\n%s", code, stderr)
			}
			rows, stderr, _ := run("query", output, "SELECT source, status, error FROM archives ORDER BY source", "--format", "csv")
			rows = strings.NewReplacer(dir+"/in/", "", "opening: ", "", "/:", ":").Replace(rows)
			if rows != want {
				t.Errorf("the ledger says\n%s, want\n%s%s", rows, want, stderr)
			}
		})
	}
}
