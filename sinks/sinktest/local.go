package sinktest

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ckexport/ckexport/sinks"
)

// files returns the files at or below a path.
func files(t testing.TB, path string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// isBelow tells whether a path is folder, or lies in it.
func isBelow(folder, path string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}

// covers tells whether what a footprint lists has a path in it.
func covers(f sinks.Footprint, path string) bool {
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		resolved = path
	}
	return slices.ContainsFunc(slices.Concat(f.Read, f.Own), func(p string) bool { return isBelow(p, path) || isBelow(p, resolved) })
}

// footprints checks that runs and queries touch no more than they say.
func (s suite) footprints(t *testing.T) {
	location, tables := s.location(t), s.few(t)
	for _, run := range []string{"run1", "run2"} {
		sink := s.open(t, location, options(run, tables))
		f := sink.Footprint()
		write(t, sink, tables, 50, 0)
		if s.isLocal() {
			for _, path := range files(t, filepath.Dir(location)) {
				if !covers(f, path) && filepath.Dir(path) != f.Folder {
					t.Errorf("%s is not in the footprint %+v", path, f)
				}
			}
		}
		if err := sink.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		closeSink(t, sink)
	}
	f, err := s.format.Footprint(t.Context(), location)
	if err != nil || f.Folder != "" || s.isLocal() && len(f.Own) > 0 {
		t.Errorf("queries touch %+v, %v", f, err)
	}
	if s.isLocal() && !covers(f, location) {
		t.Errorf("the footprint of queries lacks the output: %+v", f)
	}
}

func (s suite) onlyTheOwnerReads(t *testing.T) {
	if !s.isLocal() {
		return
	}
	defer syscall.Umask(syscall.Umask(0))
	location, tables := s.location(t), s.few(t)
	for _, run := range []string{"run1", "run2"} {
		sink := s.open(t, location, options(run, tables))
		write(t, sink, tables, 5, 0)
		private(t, filepath.Dir(location))
		if err := sink.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		private(t, filepath.Dir(location))
		closeSink(t, sink)
		private(t, filepath.Dir(location))
	}
	if _, err := s.rewrite(t, location, sinks.Rewrite{Compact: true}); err != nil {
		t.Error(err)
	}
	private(t, filepath.Dir(location))
}

// private checks that only the owner can read what is below dir.
func private(t testing.TB, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// folders have names that mean something in SQL, globs, URLs, or to readers
// that take folders for partitions.
var folders = []string{`it's [1] {a,b} 100%? "*"`, `it's [1] {a,b} 100% "*"`, "pid=77", "checkpoint_id=abc", "b*\\\xff"}

// pathsOfAllKinds puts outputs into folders with odd names, and behind links.
func (s suite) pathsOfAllKinds(t *testing.T) {
	if !s.isLocal() {
		return
	}
	admitted := 0
	for _, name := range folders {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		link := s.location(t)
		target, tables := filepath.Join(dir, filepath.Base(link)), s.few(t)
		if err := s.format.Check(t.Context(), target); err != nil {
			s.refused(t, name, target, options("run1", tables))
			continue
		}
		admitted++
		first := s.export(t, target, options("run1", tables), 5, 0)
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		second := s.export(t, link, options("run2", tables), 5, 50)
		s.expect(t, target, first.and(second))
		s.expect(t, link, first.and(second))
		if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("the link was replaced: %v, %v", info, err)
		}
		if admitted == 1 {
			if _, err := s.rewrite(t, link, sinks.Rewrite{Compact: true}); err != nil {
				t.Error(err)
			}
			s.expect(t, target, first.and(second))
		}
		if f, err := s.format.Footprint(t.Context(), link); err != nil || !strings.HasPrefix(filepath.Dir(target)+"/", strings.Join(f.Read, "")) {
			t.Errorf("the footprint of queries behind a link: %+v, %v", f, err)
		}
	}
	if admitted < len(folders)-1 {
		t.Errorf("only %d of %d paths are admitted", admitted, len(folders))
	}
}
