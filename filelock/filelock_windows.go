package filelock

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// TryLock locks an open file, or returns ErrLocked. The lock ends when the file is
// closed. Folders can't be locked: the error is errors.ErrUnsupported.
func TryLock(f *os.File) error {
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return fmt.Errorf("locking folder %q: %w", f.Name(), errors.ErrUnsupported)
	}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		return ErrLocked
	}
	return fmt.Errorf("locking %q: %w", f.Name(), err)
}
