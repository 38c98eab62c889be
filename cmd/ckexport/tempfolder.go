package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ckexport/ckexport/cmd/ckexport/internal/sandbox"
)

// tempFolderPattern names the folders: in the system's folder for what is temporary.
const tempFolderPattern = "ckexport-*.tmp"

// tempFolder is a folder for this process alone. It is locked as long as the process
// lives: what a killed one left is told by that, and removed by the next.
type tempFolder struct {
	path string
	lock *os.File
}

func newTempFolder() (*tempFolder, error) {
	removeLeftFolders(os.TempDir())
	path, err := os.MkdirTemp("", tempFolderPattern) // mode 0700
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	f := &tempFolder{path: path}
	if f.lock, err = lockFolder(path); err != nil {
		return nil, fmt.Errorf("locking the temporary folder: %w", errors.Join(err, os.RemoveAll(path)))
	}
	return f, nil
}

// Close removes the folder. What it holds goes first: a confined process cannot open
// the folder around it, as os.RemoveAll would.
func (f *tempFolder) Close() error {
	var errs []error
	entries, err := os.ReadDir(f.path)
	errs = append(errs, err)
	for _, e := range entries {
		errs = append(errs, os.RemoveAll(filepath.Join(f.path, e.Name())))
	}
	return errors.Join(append(errs, os.Remove(f.path), f.lock.Close())...)
}

// grants are what using and removing it takes.
func (f *tempFolder) grants() []sandbox.Grant {
	return []sandbox.Grant{{Path: f.path, Access: sandbox.All}, {Path: filepath.Dir(f.path), Access: sandbox.Emptied}}
}

// lockFolder locks a folder, unless another process has.
func lockFolder(path string) (*os.File, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return dir, nil
}

// removeLeftFolders removes what killed processes of this user left. One that is
// being made is not locked yet, but is empty then, and too young. What fails is for
// the next to try.
func removeLeftFolders(in string) {
	left, err := filepath.Glob(filepath.Join(in, tempFolderPattern))
	if err != nil {
		return
	}
	for _, path := range left {
		info, err := os.Lstat(path)
		if err != nil || !isOldFolderOfOurs(info) {
			continue
		}
		if lock, err := lockFolder(path); err == nil {
			_ = os.RemoveAll(path)
			lock.Close()
		}
	}
}

func isOldFolderOfOurs(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && info.IsDir() && time.Since(info.ModTime()) > time.Minute
}
