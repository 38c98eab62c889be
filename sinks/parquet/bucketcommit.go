package parquet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/spool"
)

// errMeanwhile says that another run changed what this one builds upon.
var errMeanwhile = errors.New("another run committed meanwhile")

// commitTries is how often a run tries to commit that others come before.
const commitTries = 20

// removeWithin bounds how long a run that failed takes to remove what it sent.
const removeWithin = time.Minute

// bucketCommit makes the parts of a run those of a dataset.
type bucketCommit struct {
	folder *bucket.Folder
	runID  string
	dir    string            // of the parts
	copied map[string]string // parts that are copies of objects, with the URLs of these
	base   *storedManifest
	// manifest describes the dataset of base and the parts.
	manifest func(base *Manifest, parts []spool.Part) *Manifest
	// rebase returns the parts as they are added to another dataset than base. It
	// fails with errMeanwhile where they can't be.
	rebase func(ctx context.Context, theirs *storedManifest, parts []spool.Part) ([]spool.Part, error)
}

// run sends the parts, replaces the manifest, and removes parts that the new one,
// which it returns, does not name.
func (c *bucketCommit) run(ctx context.Context, parts []spool.Part) (*Manifest, error) {
	began, sent := time.Now(), parts
	if err := c.send(ctx, namesOf(parts)); err != nil {
		return nil, errors.Join(fmt.Errorf("sending parts: %w", err), c.takeBack(ctx, sent))
	}
	for try := 1; ; try++ {
		m := c.manifest(manifestOf(c.base), parts)
		isThere, err := c.replace(ctx, m, began)
		if isThere {
			return m, c.removeOthers(ctx, m, sent)
		}
		if errors.Is(err, errUnsure) {
			return nil, err // the parts must stay
		}
		if errors.Is(err, objectstore.ErrPrecondition) {
			parts, err = c.takeBase(ctx, parts, try)
		}
		if err != nil {
			return nil, errors.Join(err, c.takeBack(ctx, sent))
		}
	}
}

// send makes the objects of parts.
func (c *bucketCommit) send(ctx context.Context, names []string) error {
	var copies, files []string
	for _, name := range names {
		if _, ok := c.copied[name]; ok {
			copies = append(copies, name)
		} else {
			files = append(files, name)
		}
	}
	if err := c.folder.Send(ctx, c.dir, files); err != nil {
		return err
	}
	return c.folder.Copy(ctx, copies, c.copied)
}

// errUnsure says that nobody knows whether the run will have been committed: the
// manifest was sent, and the store did not answer.
var errUnsure = errors.New("it is not known whether the run is committed: running it again tells")

// replace replaces the manifest, and tells whether the new one is there.
func (c *bucketCommit) replace(ctx context.Context, m *Manifest, began time.Time) (bool, error) {
	data, err := m.encode()
	if err != nil {
		return false, err
	}
	if err := errors.Join(ctx.Err(), bucket.MayCommit(began)); err != nil {
		return false, err
	}
	_, err = c.folder.Write(ctx, manifestName, data, condition(c.base))
	if err == nil {
		return true, nil
	}
	err = fmt.Errorf("writing manifest: %w", err)
	now, failed := bucketManifest(context.WithoutCancel(ctx), c.folder)
	switch {
	case failed == nil && now.hasRun(c.runID): // by an attempt whose answer was lost
		return true, nil
	case errors.Is(err, objectstore.ErrPrecondition), errors.Is(err, objectstore.ErrRefused):
		return false, err
	}
	return false, fmt.Errorf("%w: %w", errUnsure, err)
}

// takeBase takes what the store has now for the base.
func (c *bucketCommit) takeBase(ctx context.Context, parts []spool.Part, try int) ([]spool.Part, error) {
	if try == commitTries {
		return nil, fmt.Errorf("%w, %d times", errMeanwhile, try)
	}
	theirs, err := bucketBase(ctx, c.folder)
	if err != nil {
		return nil, err
	}
	if parts, err = c.rebase(ctx, theirs, parts); err != nil {
		return nil, err
	}
	c.base = theirs
	return parts, nil
}

// takeBack removes what was sent.
func (c *bucketCommit) takeBack(ctx context.Context, sent []spool.Part) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeWithin)
	defer cancel()
	if err := c.folder.Remove(ctx, namesOf(sent)); err != nil {
		return fmt.Errorf("removing what was sent, which a later run will do: %w", err)
	}
	return nil
}

// removeOthers removes the parts among those that were sent, and those of the
// base, that the manifest made, which is there, does not name.
func (c *bucketCommit) removeOthers(ctx context.Context, made *Manifest, sent []spool.Part) error {
	if c.base != nil {
		sent = slices.Concat(sent, c.base.Parts)
	}
	stays := map[string]bool{}
	for _, p := range made.Parts {
		stays[p.Path] = true
	}
	gone := slices.DeleteFunc(namesOf(sent), func(name string) bool { return stays[name] })
	if err := c.folder.Remove(context.WithoutCancel(ctx), gone); err != nil {
		return &sinks.CommittedError{Path: c.folder.Location, Err: fmt.Errorf("removing what is not needed: %w", err)}
	}
	return nil
}

func manifestOf(m *storedManifest) *Manifest {
	if m == nil {
		return nil
	}
	return m.Manifest
}
