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
	"time"

	"github.com/ckexport/ckexport/filelock"
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
	if !info.IsDir() || !isOwners(info) {
		return "", fmt.Errorf("the temporary folder %q is not this user's alone", dir)
	}
	return dir, nil
}

// Take returns the folder at a location, and where on this machine a run makes what
// it will write to it. As with local outputs, one run at a time has that; those on
// other machines don't know of it. What a killed run left is removed.
func (c *Client) Take(ctx context.Context, location string, opts sinks.Options) (*Folder, *staging.Place, error) {
	f, err := c.Folder(location)
	if err != nil {
		return nil, nil, err
	}
	place, err := Take(ctx, location, f.bucket+"/"+f.prefix, opts)
	return f, place, err
}

// Take is Client.Take for an output at a location of any kind, which identity tells
// from all others.
func Take(ctx context.Context, location, identity string, opts sinks.Options) (*staging.Place, error) {
	dir, err := tempFolder()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(identity))
	place, err := staging.Take(ctx, filepath.Join(dir, hex.EncodeToString(sum[:8])), opts)
	if refused, ok := errors.AsType[*sinks.RefusedError](err); ok {
		return nil, &sinks.RefusedError{Path: location, Reason: refused.Reason}
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
func QueryFootprint(context.Context, string) (sinks.Footprint, error) { return ownFootprint() }

// ownFootprint is that of the temporary folder, and of the network.
func ownFootprint() (sinks.Footprint, error) {
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
		lock, err := lockScratch(dir)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, filelock.ErrLocked) {
			continue // it was taken for one that is left
		} else if err != nil {
			return nil, fmt.Errorf("locking a temporary folder: %w", err)
		}
		return &Scratch{dir, lock}, nil
	}
}

// Remove removes the folder; a second time, it does nothing.
func (s *Scratch) Remove() error {
	if s.lock == nil {
		return nil
	}
	lock := s.lock
	s.lock = nil
	return removeScratch(s.Dir, lock)
}

// lockName is a file in a scratch folder that is locked while that is in use.
const lockName = ".lock"

// lockScratch locks a folder, which still has its name then.
func lockScratch(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = filelock.TryLock(f)
	if err == nil {
		_, err = os.Lstat(f.Name())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// removeScratch removes a folder that is locked: the lock at last.
func removeScratch(dir string, lock *os.File) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != lockName {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(err, lock.Close(), os.RemoveAll(dir))
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
		// A younger one may not be locked yet.
		if info, err := e.Info(); err != nil || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		path := filepath.Join(parent, e.Name())
		lock, err := lockScratch(path)
		if errors.Is(err, filelock.ErrLocked) || errors.Is(err, os.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		if err := removeScratch(path, lock); err != nil {
			return err
		}
	}
	return nil
}
