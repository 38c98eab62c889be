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
//	.fleet.parquet.<run>.shards what the shards of a run have made, see Beside
//
// Whatever a killed run left of these, the next one cleans up.
package staging

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ckexport/ckexport/filelock"
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
// fails with *sinks.RefusedError when another run holds the output for longer
// than the options allow to wait.
func Take(ctx context.Context, path string, opts sinks.Options) (*Place, error) {
	runID := opts.RunID
	// A dot in the id would make names ambiguous between outputs, such as
	// a.parquet and a.parquet.b.parquet.
	if runID == "" || strings.ContainsAny(runID, `./\`) {
		return nil, fmt.Errorf("run id %q is not fit for a file name", runID)
	}
	resolved, err := resolve(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &sinks.RefusedError{Path: path, Reason: "its folder does not exist"}
	} else if err != nil {
		return nil, fmt.Errorf("finding output: %w", err)
	}
	p := &Place{Path: resolved, runID: runID}
	if p.lock, err = awaitLock(ctx, p.beside(".lock"), opts); err != nil {
		if errors.Is(err, filelock.ErrLocked) {
			return nil, &sinks.RefusedError{Path: path, Reason: "another run is writing to it; --lock-timeout waits for its end"}
		}
		return nil, fmt.Errorf("locking output %q: %w", path, err)
	}
	if err := p.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("cleaning up beside output %q after a killed run: %w", path, err), p.lock.release())
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
func (p *Place) beside(suffix string) string { return beside(p.Path, suffix) }

func beside(path, suffix string) string {
	dir, base := filepath.Split(path)
	return filepath.Join(dir, "."+base+suffix)
}

// Beside returns the path of what lies beside the output at path, and does not
// belong to the run that holds the lock.
func Beside(path, suffix string) (string, error) {
	resolved, err := resolve(path)
	if err != nil {
		return "", fmt.Errorf("finding output: %w", err)
	}
	return beside(resolved, suffix), nil
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
// Once that is done, it does nothing: the names may be another run's by then.
func (p *Place) Release() error {
	if p.lock.isReleased() {
		return nil
	}
	err := os.RemoveAll(p.staged())
	return errors.Join(err, p.lock.release())
}

// ReleaseOnError calls Release if opening the output failed with *err, to which it
// adds what then fails.
func (p *Place) ReleaseOnError(err *error) {
	if *err != nil {
		*err = errors.Join(*err, p.Release())
	}
}

// recover removes what killed runs staged, and puts the output back where a
// run was killed after it had moved it aside.
func (p *Place) recover() error {
	staged, aside, err := p.leftovers()
	if err != nil || len(staged)+len(aside) == 0 {
		return err
	}
	// A run may have been killed right after it had put its output in place,
	// and the exchange of names may not be on disk yet: that comes before the
	// old output goes.
	if err := SyncDir(filepath.Dir(p.Path)); err != nil {
		return err
	}
	for _, left := range aside {
		_, err := os.Lstat(p.Path)
		if errors.Is(err, fs.ErrNotExist) {
			err = os.Rename(left, p.Path)
		} else {
			err = os.RemoveAll(left)
		}
		if err != nil {
			return err
		}
	}
	for _, left := range staged {
		if err := os.RemoveAll(left); err != nil {
			return err
		}
	}
	return nil
}

// leftovers returns what killed runs staged, and what they moved aside.
func (p *Place) leftovers() (staged, aside []string, err error) {
	dir, base := filepath.Split(p.Path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
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
		switch "." + suffix {
		case stagingSuffix:
			staged = append(staged, filepath.Join(dir, e.Name()))
		case asideSuffix:
			aside = append(aside, filepath.Join(dir, e.Name()))
		}
	}
	return staged, aside, nil
}
