package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ckexport/ckexport/cmd/ckexport/internal/sandbox"
	"github.com/ckexport/ckexport/filelock"
)

// tempFolderPattern names the folders: in the system's folder for what is temporary.
const tempFolderPattern = "ckexport-*.tmp"

// tempFolder is a folder for this process alone. It is locked as long as the process
// lives: what a killed one left is told by that, and removed by the next. nil is none.
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
	if f == nil {
		return nil
	}
	errs := []error{f.lock.Close()}
	entries, err := os.ReadDir(f.path)
	errs = append(errs, err)
	for _, e := range entries {
		errs = append(errs, os.RemoveAll(filepath.Join(f.path, e.Name())))
	}
	return errors.Join(append(errs, os.Remove(f.path))...)
}

// grants are what using and removing it takes.
func (f *tempFolder) grants() []sandbox.Grant {
	if f == nil {
		return nil
	}
	return []sandbox.Grant{{Path: f.path, Access: sandbox.All}, {Path: filepath.Dir(f.path), Access: sandbox.Emptied}}
}

// lockFolder locks a folder by a file in it, unless another process has.
func lockFolder(path string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := filelock.TryLock(lock); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// removeLeftFolders removes what killed processes of this user left; one that is
// being made is too young. What fails is for the next to try.
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
			lock.Close()
			_ = os.RemoveAll(path)
		}
	}
}

// isOldFolderOfOurs is also about folders that others made to have files opened in
// them that are not theirs.
func isOldFolderOfOurs(info fs.FileInfo) bool {
	return info.IsDir() && isOwn(info) && time.Since(info.ModTime()) > time.Minute
}
