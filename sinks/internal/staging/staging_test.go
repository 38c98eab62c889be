package staging

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ckexport/ckexport/sinks"
)

// folder makes a folder with one file.
func folder(t *testing.T, path, content string) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "file"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(path, "file"))
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", path, got, err, want)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func take(t *testing.T, path, run string) *Place {
	t.Helper()
	p, err := Take(t.Context(), path, sinks.Options{RunID: run})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestReplaceInSteps covers systems without an exchange of names, and every
// point at which a run can be killed there.
func TestReplaceInSteps(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.parquet")
	folder(t, path, "old")
	p := take(t, path, "run1")
	staged, err := p.Stage()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(staged, "file"), []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.replaceInSteps(staged); err != nil {
		t.Fatal(err)
	}
	if err := p.Release(); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "new")

	// Of another output, out.parquet.x.parquet: it stays.
	neighbour := ".out.parquet.x.parquet.live.tmp"
	folder(t, filepath.Join(dir, neighbour), "live")

	// Killed after the output was moved aside: it comes back.
	if err := os.Rename(path, filepath.Join(dir, ".out.parquet.run2.old")); err != nil {
		t.Fatal(err)
	}
	folder(t, filepath.Join(dir, ".out.parquet.run2.tmp"), "newer")
	if err := take(t, path, "run3").Release(); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "new")

	// Killed after the new one was moved in: what was aside goes.
	folder(t, filepath.Join(dir, ".out.parquet.run4.old"), "old")
	if err := take(t, path, "run5").Release(); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "new")
	if got := names(t, dir); !slices.Equal(got, []string{neighbour, "out.parquet"}) {
		t.Errorf("left: %v", got)
	}
}

// TestLock checks that a second run is refused, also while others take and
// release the output, which removes and makes the lock file.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.parquet")
	p := take(t, path, "run1")
	var refused *sinks.RefusedError
	if _, err := Take(t.Context(), path, sinks.Options{RunID: "run2"}); !errors.As(err, &refused) {
		t.Errorf("second run: %v", err)
	}
	if err := p.Release(); err != nil {
		t.Fatal(err)
	}

	held := make(chan struct{}, 1)
	done := make(chan error)
	for range 4 {
		go func() {
			for range 300 {
				p, err := Take(t.Context(), path, sinks.Options{RunID: "run"})
				if errors.As(err, new(*sinks.RefusedError)) {
					continue
				} else if err != nil {
					done <- err
					return
				}
				select {
				case held <- struct{}{}:
				default:
					done <- errors.New("two runs hold the output")
					return
				}
				<-held
				if err := p.Release(); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestReleaseTwice checks that a run that has released the output leaves the
// lock of the next one alone.
func TestReleaseTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.parquet")
	p := take(t, path, "run1")
	if err := p.Release(); err != nil {
		t.Fatal(err)
	}
	q := take(t, path, "run2")
	if err := p.Release(); err != nil {
		t.Error(err)
	}
	if _, err := Take(t.Context(), path, sinks.Options{RunID: "run3"}); !errors.As(err, new(*sinks.RefusedError)) {
		t.Errorf("third run: %v", err)
	}
	if err := q.Release(); err != nil {
		t.Error(err)
	}
}

// TestWait checks that a run waits for another one, and stops when it is told
// to.
func TestWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.parquet")
	p := take(t, path, "run1")
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Take(ctx, path, sinks.Options{RunID: "run2", LockTimeout: time.Hour, OnWait: cancel}); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that is told to end: %v", err)
	}
	waits := func() {
		if err := p.Release(); err != nil {
			t.Error(err)
		}
	}
	q, err := Take(t.Context(), path, sinks.Options{RunID: "run3", LockTimeout: time.Hour, OnWait: waits})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Release(); err != nil {
		t.Error(err)
	}
}

func TestRunIDs(t *testing.T) {
	for _, id := range []string{"", "a.b", "a/b", ".."} {
		if _, err := Take(t.Context(), filepath.Join(t.TempDir(), "out"), sinks.Options{RunID: id}); err == nil {
			t.Errorf("run id %q was taken", id)
		}
	}
}

// TestLinkTree also copies where a link can't be made.
func TestLinkTree(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	folder(t, filepath.Join(from, "table"), "rows")
	if err := os.WriteFile(filepath.Join(from, "manifest"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := LinkTree(from, to, func(path string) bool { return path == "manifest" })
	if err != nil {
		t.Fatal(err)
	}
	expect(t, filepath.Join(to, "table"), "rows")
	if _, err := os.Lstat(filepath.Join(to, "manifest")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a skipped file was linked: %v", err)
	}
	if err := copyFile(filepath.Join(from, "table", "file"), filepath.Join(to, "file")); err != nil {
		t.Fatal(err)
	}
	expect(t, to, "rows")
}
