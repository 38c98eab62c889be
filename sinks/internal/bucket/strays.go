package bucket

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/ckexport/ckexport/objectstore"
)

// How long a run may take from the first object it sends to its commit, and the
// age at which objects that nothing names are no longer of a run that may yet
// commit: the difference is more than clocks can differ for which stores take
// requests (15 minutes).
const (
	commitWithin = 12 * time.Hour
	strayAge     = 24 * time.Hour
)

// errSlow says that a run may no longer commit what it has sent.
var errSlow = errors.New("more than 12 hours went by since its first object was sent, which the next run may take for left by a killed one")

// MayCommit fails where a run that began to send objects then may no longer name
// them in what it commits.
func MayCommit(began time.Time) error {
	// The monotonic clock stands still while a machine sleeps, and the other may be
	// set back.
	if max(time.Since(began), time.Now().Round(0).Sub(began.Round(0))) > commitWithin {
		return errSlow
	}
	return nil
}

// RunOfPart returns the run that made a file with rows, by the file's name.
func RunOfPart(name string) (run string, isPart bool) {
	run, isPart = strings.CutPrefix(path.Base(name), "part-")
	at := strings.LastIndexByte(run, '-')
	if !isPart || at < 0 || path.Ext(name) != ".parquet" {
		return "", false
	}
	return run[:at], true
}

// RemoveStrays removes the files with rows, below prefix, that no run will ever
// name. Those are:
//
//   - files of a run that has committed, which the output no longer names: a run
//     commits once, and none after it names a file again that one left out;
//   - files of any other run that are older than strayAge: the run was killed, or
//     failed, as it may not commit any more (MayCommit).
//
// Files of runs that may be alive, on whatever machine, are in neither group. It
// leaves everything where the credentials allow no listing or removing.
func (f *Folder) RemoveStrays(ctx context.Context, prefix string, isNamed, hasCommitted func(string) bool) error {
	var gone []string
	for info, err := range f.List(ctx, prefix) {
		if err != nil {
			return allowed(err)
		}
		run, isPart := RunOfPart(info.Key)
		if isPart && !isNamed(info.Key) && (hasCommitted(run) || isOld(info)) {
			gone = append(gone, info.Key)
		}
	}
	return allowed(f.Remove(ctx, gone))
}

func isOld(info objectstore.Info) bool { return time.Since(info.ModTime) > strayAge }

func allowed(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}
