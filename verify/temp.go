package verify

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/ckexport/ckexport/filelock"
	"github.com/ckexport/ckexport/sinks"
)

// tempPlace is a folder for the rows of archives, beside the output. It is
// locked while it is in use, so that what a killed check left can be told from
// it, and is removed by the next one.
type tempPlace struct {
	path string
	lock *os.File
}

// tempSuffix ends the names of such folders: .fleet.parquet.123.verify.
const tempSuffix = ".verify"

// takeTemp makes a folder that only its owner may enter, in the folder dir or,
// if that is empty, in the output's, or in that for temporary files.
func takeTemp(output, dir string) (*tempPlace, error) {
	if strings.Contains(output, "://") { // it lies elsewhere
		dir, output = cmp.Or(dir, os.TempDir()), path.Base(output)
	}
	if dir == "" {
		dir = filepath.Dir(output)
	}
	prefix := "." + filepath.Base(output) + "."
	if err := removeLeft(dir, prefix); err != nil {
		return nil, fmt.Errorf("cleaning up after a killed check: %w", err)
	}
	path, err := os.MkdirTemp(dir, prefix+"*"+tempSuffix) // of mode 0700
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder (--temp-dir says where): %w", err)
	}
	lock, err := lockFolder(path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking temporary folder: %w", err), os.RemoveAll(path))
	}
	return &tempPlace{path: path, lock: lock}, nil
}

// rows is where the rows of the archives go, as an output of the format.
func (p *tempPlace) rows(format sinks.Format) string {
	return filepath.Join(p.path, "rows"+format.Suffixes[0])
}

func (p *tempPlace) release() error {
	return errors.Join(p.lock.Close(), os.RemoveAll(p.path))
}

// removeLeft removes the folders that no check uses any more.
func removeLeft(dir, prefix string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), prefix) || !strings.HasSuffix(e.Name(), tempSuffix) {
			continue
		}
		left := filepath.Join(dir, e.Name())
		lock, err := lockFolder(left)
		if err != nil {
			continue // in use
		}
		if err := errors.Join(lock.Close(), os.RemoveAll(left)); err != nil {
			return err
		}
	}
	return nil
}

// lockFolder locks a folder by a file in it; the kernel unlocks it when the process
// ends.
func lockFolder(path string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := filelock.TryLock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
