package staging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Publish makes staged, a complete file or folder within or equal to the
// staging folder, the output, in one step for anyone who looks. What was the
// output before is gone at the latest after Release.
func (p *Place) Publish(staged string) error {
	if err := p.replace(staged); err != nil {
		return fmt.Errorf("putting the output in place: %w", err)
	}
	return SyncDir(filepath.Dir(p.Path))
}

func (p *Place) replace(staged string) error {
	old, err := os.Lstat(p.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return os.Rename(staged, p.Path)
	} else if err != nil {
		return err
	}
	made, err := os.Lstat(staged)
	if err != nil {
		return err
	}
	if old.Mode().IsRegular() && made.Mode().IsRegular() {
		return os.Rename(staged, p.Path)
	}
	err = exchange(staged, p.Path)
	if errors.Is(err, errors.ErrUnsupported) {
		return p.replaceInSteps(staged)
	}
	return err
}

// replaceInSteps is for systems that can't exchange two names. There is a
// moment without an output; a run killed in it is put right by the next one.
func (p *Place) replaceInSteps(staged string) error {
	aside := p.beside("." + p.runID + asideSuffix)
	if err := os.Rename(p.Path, aside); err != nil {
		return err
	}
	if err := os.Rename(staged, p.Path); err != nil {
		return errors.Join(err, os.Rename(aside, p.Path))
	}
	return os.RemoveAll(aside)
}
