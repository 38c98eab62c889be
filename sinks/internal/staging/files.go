package staging

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Outputs hold what was in a process's memory, so nobody but the owner may
// read them. The modes are set again after creation because the umask takes
// bits away from what is asked for.
const (
	dirMode  fs.FileMode = 0o700
	fileMode fs.FileMode = 0o600
)

// MakeDir makes a folder that only its owner may enter. It must not exist.
func MakeDir(path string) error {
	if err := os.Mkdir(path, dirMode); err != nil {
		return err
	}
	return os.Chmod(path, dirMode)
}

// CreateFile makes a file that only its owner may read. It must not exist.
func CreateFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(fileMode); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Finish gives a complete file that other code made the mode of CreateFile,
// and makes it durable.
func Finish(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(fileMode), f.Sync(), f.Close())
}

// SyncDir makes the names in a folder durable, or what a file holds.
func SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Syncs makes the contents of files, and the names in folders, durable, many
// at a time: the disk confirms many in about the time of one. The zero value
// is ready.
type Syncs struct {
	limited sync.Once
	group   errgroup.Group
}

// Add begins with a file or folder; it may wait for another one to end.
func (s *Syncs) Add(path string) {
	s.limited.Do(func() { s.group.SetLimit(16) })
	s.group.Go(func() error { return SyncDir(path) })
}

// Wait returns when all are durable, with the first error.
func (s *Syncs) Wait() error { return s.group.Wait() }

// SyncTree makes the names in a folder and all folders below it durable.
func SyncTree(path string) error {
	var syncs Syncs
	err := filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			syncs.Add(path)
		}
		return err
	})
	return errors.Join(err, syncs.Wait())
}

// LinkTree gives every file below the folder from a second name below the
// folder to, but for those that skip tells, by their path relative to from.
// Both trees may have the same folders, but not the same files.
func LinkTree(from, to string, skip func(path string) bool) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil || skip(rel) {
			return err
		}
		target := filepath.Join(to, rel)
		if err := MakeFolders(filepath.Dir(target)); err != nil {
			return err
		}
		return linkOrCopy(path, target, d.Type())
	})
}

// MakeFolders makes a folder and those above it, where they do not exist.
func MakeFolders(path string) error {
	err := MakeDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := MakeFolders(filepath.Dir(path)); err != nil {
			return err
		}
		err = MakeDir(path)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// Link gives a file a second name, in a folder that is made if need be, or copies
// it where it can't have one.
func Link(from, to string) error {
	if err := MakeFolders(filepath.Dir(to)); err != nil {
		return err
	}
	return linkOrCopy(from, to, 0)
}

// linkOrCopy gives a file a second name, or copies it where the file system
// or the system's policy has no hard links for it.
func linkOrCopy(from, to string, kind fs.FileMode) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) || !kind.IsRegular() {
		return err
	}
	return copyFile(from, to)
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := CreateFile(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	if err == nil {
		err = dst.Sync()
	}
	if err := errors.Join(err, dst.Close()); err != nil {
		return fmt.Errorf("copying %q: %w", from, err)
	}
	return nil
}
