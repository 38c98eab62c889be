package staging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ckexport/ckexport/sinks"
)

// Publish makes staged, a complete and durable file or folder within or equal
// to the staging folder, the output, in one step for anyone who looks. What was
// the output before is gone at the latest after Release. Where the step can't
// be made durable, it is taken back.
func (p *Place) Publish(staged string) error {
	undo, err := p.replace(staged)
	if err != nil {
		return fmt.Errorf("putting the output in place: %w", err)
	}
	if err := SyncDir(filepath.Dir(p.Path)); err != nil {
		err = fmt.Errorf("making the output durable: %w", err)
		if failed := undo(); failed != nil {
			return &sinks.CommittedError{Path: p.Path, Err: errors.Join(err, failed)}
		}
		return err
	}
	return nil
}

// replace returns how to take it back.
func (p *Place) replace(staged string) (undo func() error, err error) {
	old, err := os.Lstat(p.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return func() error { return os.Rename(p.Path, staged) }, os.Rename(staged, p.Path)
	} else if err != nil {
		return nil, err
	}
	err = exchange(staged, p.Path)
	if !errors.Is(err, errors.ErrUnsupported) {
		return func() error { return exchange(staged, p.Path) }, err
	}
	made, err := os.Lstat(staged)
	if err != nil {
		return nil, err
	}
	if old.Mode().IsRegular() && made.Mode().IsRegular() {
		err = os.Rename(staged, p.Path)
	} else {
		err = p.replaceInSteps(staged)
	}
	return func() error { return errNoWayBack }, err
}

var errNoWayBack = errors.New("the old output is gone")

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
