package filelock

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// besideSuffix ends the names of files that are to take the place of others:
// .page.html.123.new.
const besideSuffix = ".new"

// Beside makes a file, for its owner alone, in the folder of path, to be renamed to
// that when it is whole. It is locked as long as it is open: what killed processes
// left there is told by that, and removed.
func Beside(path string) (*os.File, error) {
	dir, name := filepath.Split(path)
	dir, prefix := cmp.Or(dir, "."), "."+name+"."
	removeLeft(dir, prefix)
	for {
		f, err := os.CreateTemp(dir, prefix+"*"+besideSuffix) // mode 0600
		if err != nil {
			return nil, err
		}
		err = TryLock(f)
		if err == nil {
			_, err = os.Lstat(f.Name())
		}
		switch {
		case err == nil:
			return f, nil
		case errors.Is(err, ErrLocked), errors.Is(err, fs.ErrNotExist): // it was taken for one that is left
			f.Close()
		default:
			return nil, errors.Join(err, os.Remove(f.Name()), f.Close())
		}
	}
}

// removeLeft removes the files that no process has locked. What fails is for the
// next to try.
func removeLeft(dir, prefix string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasPrefix(e.Name(), prefix) || !strings.HasSuffix(e.Name(), besideSuffix) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		if TryLock(f) == nil {
			os.Remove(path)
		}
		f.Close()
	}
}
