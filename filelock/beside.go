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

// Replacement is a file that is being written beside the one whose place it is to
// take, so that there is an old file, or a whole new one, at any time. It is locked as
// long as it is open: what killed processes left is told by that.
type Replacement struct {
	*os.File
	path string
}

// Beside begins a file to be at path, for its owner alone, in the same folder, and
// removes what killed processes left there of such files. Both names are used with
// what the process may do when Beside is called: afterwards, only Commit and Close
// touch the folder.
func Beside(path string) (*Replacement, error) {
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
			return &Replacement{File: f, path: path}, nil
		case errors.Is(err, ErrLocked), errors.Is(err, fs.ErrNotExist): // it was taken for one that is left
			f.Close()
		default:
			return nil, errors.Join(err, os.Remove(f.Name()), f.Close())
		}
	}
}

// Write writes to the file. What fails names the file that it was to be.
func (r *Replacement) Write(data []byte) (int, error) {
	n, err := r.File.Write(data)
	return n, r.named(err)
}

// named returns an error of the file with the name that somebody asked for.
func (r *Replacement) named(err error) error {
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		return &fs.PathError{Op: failed.Op, Path: r.path, Err: failed.Err}
	}
	return err
}

// Commit puts the file in its place, once what was written to it is durable.
func (r *Replacement) Commit() error {
	if err := r.Sync(); err != nil {
		return r.named(err)
	}
	err := os.Rename(r.Name(), r.path)
	if err != nil { // Windows renames no file that is open
		err = errors.Join(r.File.Close(), os.Rename(r.Name(), r.path))
	}
	return err
}

// Close removes what was not committed.
func (r *Replacement) Close() error {
	err := r.File.Close()
	if errors.Is(err, fs.ErrClosed) { // Commit did
		err = nil
	}
	if failed := os.Remove(r.Name()); !errors.Is(failed, fs.ErrNotExist) { // it is in its place
		err = errors.Join(err, failed)
	}
	return err
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
