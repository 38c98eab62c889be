package staging

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/ckexport/ckexport/filelock"
	"github.com/ckexport/ckexport/sinks"
)

// lock is an advisory lock on a file; the kernel drops it when the process
// ends, however it ends.
type lock struct{ file *os.File }

// lockInterval is the time between two looks at a lock that is waited for.
const lockInterval = 100 * time.Millisecond

// awaitLock takes the lock at path as soon as no other process holds it. The
// error is filelock.ErrLocked where that takes longer than the options allow.
func awaitLock(ctx context.Context, path string, opts sinks.Options) (*lock, error) {
	deadline := time.Now().Add(opts.LockTimeout)
	for tries := 0; ; tries++ {
		l, err := takeLock(path)
		if !errors.Is(err, filelock.ErrLocked) || !time.Now().Before(deadline) {
			return l, err
		}
		if tries == 0 && opts.OnWait != nil {
			opts.OnWait()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(min(lockInterval, time.Until(deadline))):
		}
	}
}

// takeLock locks the file at path, which it makes if need be. The file is
// removed on release, so that no trace stays. Whoever removes it holds the
// lock; whoever gets the lock checks that the name still means the file it
// locked, and begins anew if not: so no two runs hold locks on two files that
// had the same name one after the other.
func takeLock(path string) (*lock, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := filelock.TryLock(f); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		same, err := stillNamed(f, path)
		if err == nil && same {
			return &lock{file: f}, nil
		}
		f.Close()
		if err != nil {
			return nil, err
		}
	}
}

// stillNamed tells whether path names the open file f.
func stillNamed(f *os.File, path string) (bool, error) {
	opened, err := f.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return os.SameFile(opened, named), nil
}

// release gives the lock up, even where its file can't be removed.
func (l *lock) release() error {
	file := l.file
	l.file = nil
	if runtime.GOOS == "windows" { // where no open file can be removed
		return errors.Join(file.Close(), os.Remove(file.Name()))
	}
	return errors.Join(os.Remove(file.Name()), file.Close())
}

func (l *lock) isReleased() bool { return l.file == nil }
