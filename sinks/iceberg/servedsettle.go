//go:build !noiceberg

package iceberg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/internal/contents"
)

// settled returns the output for a run that will write to it, nil if there is none,
// after it has put in order what killed runs left.
func (c *served) settled(ctx context.Context) (*warehouse, error) {
	w, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	if w == nil {
		return nil, c.clear(ctx)
	}
	halves, err := c.halves(w)
	if err != nil {
		return nil, err
	}
	if len(halves) > 0 {
		if err := c.takeBack(ctx, w); err != nil {
			return nil, fmt.Errorf("taking back what a killed run left in %q: %w", c.location, err)
		}
		if w, err = c.reopen(ctx); err != nil {
			return nil, err
		}
		if err := c.removeStrays(ctx, w, halves); err != nil {
			return nil, err
		}
	}
	if expired, err := c.expire(ctx, w); err == nil {
		return expired, nil
	}
	// The run that replaced rows has told of this. It is no reason to add no others,
	// and what replaces rows will tell again.
	return c.reopen(ctx)
}

// halves returns the runs that did not end. It refuses the output where one may be
// alive.
func (c *served) halves(w *warehouse) (map[string]bool, error) {
	halves := map[string]bool{}
	for _, t := range w.tables {
		for _, s := range ancestors(t) {
			if !w.isUnfinished(s) {
				continue
			}
			if err := refuseYoung(c.location, s.TimestampMs); err != nil {
				return nil, err
			}
			halves[runOf(s)] = true
		}
	}
	return halves, nil
}

// isFence tells whether a snapshot of archives was made so that a run that is slow
// can't commit any more.
func isFence(s table.Snapshot) bool {
	return s.Summary != nil && s.Summary.Properties[keyFence] != ""
}

// takeBack takes back runs that did not end: a snapshot of archives first, upon which
// they can't commit any more if they are alive.
func (c *served) takeBack(ctx context.Context, w *warehouse) error {
	txn := w.tables[contents.Archives].NewTransaction()
	if err := txn.AddFiles(ctx, nil, iceberg.Properties{keyFence: c.runID}, true); err != nil {
		return err
	}
	if _, err := txn.Commit(ctx); err != nil {
		return err
	}
	for name, t := range w.tables {
		if name == contents.Archives {
			continue // a run that has a snapshot there is complete
		}
		if _, err := w.rollBack(ctx, t, w.visible(t)); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	return nil
}

// takeBackOwn takes back what a run did that failed, as far as nobody else built on
// it, and removes its files.
func (c *served) takeBackOwn(ctx context.Context, w *warehouse) error {
	for name, t := range w.tables {
		all := ancestors(t)
		if len(all) > 0 && runOf(all[0]) == c.runID {
			var before *table.Snapshot
			if len(all) > 1 {
				before = &all[1]
			}
			if _, err := w.rollBack(ctx, t, before); err != nil {
				return fmt.Errorf("table %s: %w", name, err)
			}
		}
	}
	w, err := c.reopen(ctx)
	if err != nil {
		return err
	}
	return c.removeStrays(ctx, w, map[string]bool{c.runID: true})
}

// strayAge is the age at which files that no snapshot names are of no run that may
// yet commit (bucket.MayCommit).
const strayAge = 24 * time.Hour

// removeStrays removes files that no snapshot names: those of runs that have ended,
// and old ones. It leaves everything where listing is not allowed.
func (c *served) removeStrays(ctx context.Context, w *warehouse, ended map[string]bool) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(loads)
	for name := range w.tables {
		group.Go(func() error { return c.removeStraysOf(groupCtx, w, name, ended) })
	}
	return group.Wait()
}

func (c *served) removeStraysOf(ctx context.Context, w *warehouse, name string, ended map[string]bool) error {
	t := w.tables[name]
	known := map[string]bool{}
	for _, s := range t.Metadata().Snapshots() {
		if err := w.noteFiles(ctx, s, known); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	data, err := dataLocation(t)
	if err != nil {
		return err
	}
	var gone []string
	for _, in := range []string{data, strings.TrimSuffix(t.Location(), "/") + "/" + metadataDir} {
		files, err := c.list(ctx, in)
		if errors.Is(err, fs.ErrPermission) {
			continue
		} else if err != nil {
			return fmt.Errorf("listing %s: %w", in, err)
		}
		for _, f := range files {
			run, isPart := bucket.RunOfPart(f.location)
			isOld := time.Since(f.modified) > strayAge
			isManifest := path.Ext(f.location) == ".avro"
			if !known[f.location] && (isPart && (isOld || ended[run] || w.runs[run]) || isManifest && isOld) {
				gone = append(gone, f.location)
			}
		}
	}
	return c.removeAll(ctx, gone)
}

// clear drops the tables of a first run that was killed, and refuses a namespace with
// tables of these names that are not ours.
func (c *served) clear(ctx context.Context) error {
	names, err := c.service.Tables(ctx, c.space)
	if err != nil {
		return fmt.Errorf("listing the tables of %q: %w", c.location, err)
	}
	var left []*table.Table
	runs := map[string]bool{}
	for _, name := range names {
		if !isTable(name) {
			continue
		}
		t, err := c.LoadTable(ctx, c.ident(name))
		if err != nil {
			return err
		}
		if !isOurs(t) {
			return &sinks.RefusedError{Path: c.location, Reason: fmt.Sprintf("has a table %s that is not ours", name)}
		}
		if err := refuseYoung(c.location, t.Metadata().LastUpdatedMillis()); err != nil {
			return err
		}
		for _, s := range t.Metadata().Snapshots() {
			runs[runOf(s)] = true
		}
		left = append(left, t)
	}
	if len(runs) > 1 { // it is an output of several, and what happened to archives was no run's doing
		return &sinks.RefusedError{Path: c.location, Reason: "has tables of several runs, but none in its table archives; restore that, or drop all of them"}
	}
	for _, t := range left {
		if err := c.drop(ctx, t); err != nil {
			return fmt.Errorf("removing what a killed run left in %q: %w", c.location, err)
		}
	}
	return nil
}

// drop removes a table with its files.
func (c *served) drop(ctx context.Context, t *table.Table) error {
	w := &warehouse{catalog: c}
	files := map[string]bool{t.MetadataLocation(): true}
	for _, s := range t.Metadata().Snapshots() {
		if err := w.noteFiles(ctx, s, files); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for before := range t.Metadata().PreviousFiles() {
		files[before.MetadataFile] = true
	}
	if err := c.service.Drop(ctx, t.Identifier()); err != nil {
		return err
	}
	data, err := dataLocation(t)
	if err != nil {
		return err
	}
	parts, err := c.list(ctx, data) // those that were sent, and not committed
	if err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	for _, p := range parts {
		if _, isPart := bucket.RunOfPart(p.location); isPart {
			files[p.location] = true
		}
	}
	var all []string
	for f := range files {
		all = append(all, f)
	}
	return c.removeAll(ctx, all)
}
