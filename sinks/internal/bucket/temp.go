package bucket

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

// tempFolder returns the folder, in that for temporary files, in which all of a
// user's runs and queries have theirs. It is made if need be. Others may have a
// folder of that name there: it is not used.
func tempFolder() (string, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("ckexport-%d", os.Geteuid()))
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("making a temporary folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("looking at the temporary folder: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !ok || int(stat.Uid) != os.Geteuid() {
		return "", fmt.Errorf("the temporary folder %q is not this user's alone", dir)
	}
	return dir, nil
}

// Take returns where on this machine a run makes what it will write to the
// folder. As with local outputs, one run at a time has it; those on other
// machines don't know of it. What a killed run left is removed.
func (f *Folder) Take(ctx context.Context, opts sinks.Options) (*staging.Place, error) {
	dir, err := tempFolder()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(f.bucket + "/" + f.prefix))
	place, err := staging.Take(ctx, filepath.Join(dir, hex.EncodeToString(sum[:8])), opts)
	if refused, ok := errors.AsType[*sinks.RefusedError](err); ok {
		return nil, &sinks.RefusedError{Path: f.Location, Reason: refused.Reason}
	}
	return place, err
}

// Footprint adds to that of a place what it takes to reach the store.
func Footprint(of sinks.Footprint) sinks.Footprint {
	of.Network = true
	of.Read = append(of.Read, objectstore.Files()...)
	return of
}

// QueryFootprint is that of queries: they fetch files into a temporary folder.
func QueryFootprint(string) (sinks.Footprint, error) {
	dir, err := tempFolder()
	if err != nil {
		return sinks.Footprint{}, err
	}
	return Footprint(sinks.Footprint{Own: []string{dir}}), nil
}

const scratchPrefix = "read-"

// Scratch is a folder for what is fetched. Its lock tells others that it is in use.
type Scratch struct {
	Dir  string
	lock *os.File
}

// NewScratch makes one, and removes those that killed processes left.
func NewScratch() (*Scratch, error) {
	parent, err := tempFolder()
	if err != nil {
		return nil, err
	}
	if err := removeLeft(parent); err != nil {
		return nil, fmt.Errorf("removing what killed processes left in %q: %w", parent, err)
	}
	for {
		dir, err := os.MkdirTemp(parent, scratchPrefix)
		if err != nil {
			return nil, fmt.Errorf("making a temporary folder: %w", err)
		}
		lock, err := lockFolder(dir)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.EWOULDBLOCK) {
			continue // it was taken for one that is left
		} else if err != nil {
			return nil, fmt.Errorf("locking a temporary folder: %w", err)
		}
		return &Scratch{dir, lock}, nil
	}
}

// Remove removes the folder; a second time, it does nothing.
func (s *Scratch) Remove() error {
	return errors.Join(os.RemoveAll(s.Dir), s.unlock())
}

func (s *Scratch) unlock() error {
	if s.lock == nil {
		return nil
	}
	lock := s.lock
	s.lock = nil
	return lock.Close()
}

// lockFolder locks a folder, which still has its name then.
func lockFolder(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := os.Lstat(path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func removeLeft(parent string) error {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), scratchPrefix) {
			continue
		}
		path := filepath.Join(parent, e.Name())
		lock, err := lockFolder(path)
		if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, os.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		if err := errors.Join(os.RemoveAll(path), lock.Close()); err != nil {
			return err
		}
	}
	return nil
}
