// Package staging gives the sinks that write to a file system what all of
// them need around an output: a lock beside it, a folder beside it in which
// the new output is made, and the one step that puts it in place.
//
// Beside the output fleet.parquet there may be, all in the same folder so that
// a rename suffices:
//
//	.fleet.parquet.lock         held by the run that writes
//	.fleet.parquet.<run>.tmp    what that run has made so far
//	.fleet.parquet.<run>.old    the output, for the moment in which it is replaced
//	                            on systems that can't exchange two names
//
// Whatever a killed run left of these, the next one cleans up.
package staging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ckexport/ckexport/sinks"
)

const (
	stagingSuffix = ".tmp"
	asideSuffix   = ".old"
)

// Place is where an output is or will be, held by this run alone.
type Place struct {
	// Path is the output, absolute and with symbolic links resolved, so that
	// what a link points to is replaced and not the link.
	Path string

	runID string
	lock  *lock
}

// Take locks the output at path, and puts in order what a killed run left. It
// fails with *sinks.RefusedError when another run holds the output.
func Take(path, runID string) (*Place, error) {
	// A dot in the id would make names ambiguous between outputs, such as
	// a.parquet and a.parquet.b.parquet.
	if runID == "" || strings.ContainsAny(runID, `./\`) {
		return nil, fmt.Errorf("run id %q is not fit for a file name", runID)
	}
	resolved, err := resolve(path)
	if err != nil {
		return nil, fmt.Errorf("finding output: %w", err)
	}
	p := &Place{Path: resolved, runID: runID}
	if p.lock, err = takeLock(p.beside(".lock")); err != nil {
		if errors.Is(err, errLocked) {
			return nil, &sinks.RefusedError{Path: path, Reason: "another run is writing to it"}
		}
		return nil, fmt.Errorf("locking output %q: %w", path, err)
	}
	if err := p.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("cleaning up after a killed run: %w", err), p.lock.release())
	}
	return p, nil
}

// resolve makes path absolute and follows symbolic links, of its folder too;
// the last element need not exist.
func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if resolved, err := filepath.EvalSymlinks(abs); err == nil {
		return resolved, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, filepath.Base(abs)), nil
}

// beside returns the path of a hidden file of the output's, in its folder.
func (p *Place) beside(suffix string) string {
	dir, base := filepath.Split(p.Path)
	return filepath.Join(dir, "."+base+suffix)
}

// Footprint tells what the methods of Place touch, apart from what Moves and
// Writes say: that depends on the kind of output.
func (p *Place) Footprint() sinks.Footprint {
	return sinks.Footprint{Own: []string{p.Path, p.staged()}, Folder: filepath.Dir(p.Path)}
}

// staged returns the path of the staging folder.
func (p *Place) staged() string { return p.beside("." + p.runID + stagingSuffix) }

// Stage makes an empty folder in which the output is prepared, and returns
// its path. Release removes it.
func (p *Place) Stage() (string, error) {
	dir := p.staged()
	if err := MakeDir(dir); err != nil {
		return "", fmt.Errorf("making staging folder: %w", err)
	}
	return dir, nil
}

// Release removes what is still staged and lets other runs have the output.
func (p *Place) Release() error {
	err := os.RemoveAll(p.staged())
	return errors.Join(err, p.lock.release())
}

// recover removes what killed runs staged, and puts the output back where a
// run was killed after it had moved it aside.
func (p *Place) recover() error {
	dir, base := filepath.Split(p.Path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		middle, ok := strings.CutPrefix(e.Name(), "."+base+".")
		if !ok {
			continue
		}
		run, suffix, ok := strings.Cut(middle, ".")
		if !ok || run == "" {
			continue
		}
		left := filepath.Join(dir, e.Name())
		switch "." + suffix {
		case asideSuffix:
			if _, err := os.Lstat(p.Path); errors.Is(err, fs.ErrNotExist) {
				if err := os.Rename(left, p.Path); err != nil {
					return err
				}
				continue
			}
			err = os.RemoveAll(left)
		case stagingSuffix:
			err = os.RemoveAll(left)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
