//go:build !noiceberg

package iceberg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/spool"
)

// commit adds the parts of a run to tables: a snapshot each, that of archives
// last.
type commit struct {
	opts   sinks.Options
	tables []*schema.Table
	kept   map[string]*schema.Table
	parts  []spool.Part
	from   string // the folder of the parts
	// first is the table that is committed to before all others, also without rows:
	// who comes second at it has done nothing yet. Empty for none.
	first string
	// replaces says that the parts are all that the tables then have, and properties
	// what archives then says of the output; nil for the same as before.
	replaces   bool
	properties iceberg.Properties
	to         table.CatalogIO // of what replaces
}

// addTo commits to an output that others read meanwhile. Where it fails, it takes
// back what it did, unless the run is complete.
func (c *commit) addTo(ctx context.Context, w *warehouse) error {
	err := c.run(ctx, w)
	if err == nil {
		return nil
	}
	now, failed := w.catalog.reopen(context.WithoutCancel(ctx))
	switch {
	case failed != nil:
		return errors.Join(err, failed)
	case now.runs[c.opts.RunID]:
		return &sinks.CommittedError{Path: w.folder.dir, Err: err}
	}
	_, failed = recovered(context.WithoutCancel(ctx), now)
	if failed == nil {
		failed = w.folder.removeMade() // manifests of snapshots that were not to be
	}
	return errors.Join(err, failed)
}

// run makes the snapshots.
func (c *commit) run(ctx context.Context, w *warehouse) error {
	if c.first != "" {
		if err := c.named(ctx, w, c.first); err != nil {
			return err
		}
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, t := range c.tables {
		if t.Name == c.first || t.Name == contents.Archives {
			continue
		}
		if parts := c.partsOf(t.Name); c.replaces || len(parts) > 0 {
			group.Go(func() error { return c.table(groupCtx, w, t, parts) })
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return c.named(ctx, w, contents.Archives)
}

func (c *commit) named(ctx context.Context, w *warehouse, name string) error {
	i := slices.IndexFunc(c.tables, func(t *schema.Table) bool { return t.Name == name })
	return c.table(ctx, w, c.tables[i], c.partsOf(name))
}

func (c *commit) partsOf(table string) []spool.Part {
	return slices.DeleteFunc(slices.Clone(c.parts), func(p spool.Part) bool { return p.Table != table })
}

// table moves the parts of a table to where its files are, and adds them.
func (c *commit) table(ctx context.Context, w *warehouse, t *schema.Table, parts []spool.Part) error {
	sums := map[string]string{}
	var made []string
	for _, p := range parts {
		at := filepath.Join(c.from, filepath.FromSlash(p.Path))
		sums[filepath.Base(at)] = p.SHA256
		made = append(made, at)
	}
	locations, err := w.catalog.add(ctx, w.tables[t.Name], made)
	if err != nil {
		return fmt.Errorf("moving parts into place: %w", err)
	}
	text, err := json.Marshal(sums)
	if err != nil {
		return err
	}
	properties := iceberg.Properties{
		keyRunID: c.opts.RunID, keySchemaVersion: strconv.Itoa(schema.Version), keyToolVersion: c.opts.Version, keyParts: string(text),
	}
	if c.replaces {
		err = c.replace(ctx, w.tables[t.Name], t, locations, properties)
	} else {
		err = c.snapshot(ctx, w.tables[t.Name], t, locations, properties)
	}
	if err != nil {
		return fmt.Errorf("committing to table %s: %w", t.Name, err)
	}
	return nil
}

// snapshotTries is how often a commit is tried that others come before.
const snapshotTries = 10

// snapshot adds files to a table. Where somebody else committed to it meanwhile,
// it looks at the table anew: an attempt whose answer was lost may have
// succeeded, else there is another one.
func (c *commit) snapshot(ctx context.Context, to *table.Table, t *schema.Table, locations []string, properties iceberg.Properties) error {
	for tries := 1; ; tries++ {
		err := c.try(ctx, to, t, locations, properties)
		if err == nil || errors.Is(err, errMeanwhile) || errors.Is(err, errUnknown) || errors.Is(err, errUnfinished) {
			return err
		}
		before := to.MetadataLocation()
		if to.Refresh(context.WithoutCancel(ctx)) != nil {
			return err
		}
		if slices.ContainsFunc(ancestors(to), func(s table.Snapshot) bool { return runOf(s) == c.opts.RunID }) {
			return nil
		}
		isStale := to.MetadataLocation() != before || errors.Is(err, table.ErrCommitFailed)
		if ctx.Err() != nil || !isStale || tries == snapshotTries {
			return err
		}
	}
}

func (c *commit) try(ctx context.Context, to *table.Table, t *schema.Table, locations []string, properties iceberg.Properties) error {
	txn := to.NewTransaction()
	if err := c.stage(ctx, txn, to, t, locations, properties); err != nil {
		return err
	}
	_, err := txn.Commit(ctx)
	return err
}

// stage adds files to a table within a transaction.
func (c *commit) stage(ctx context.Context, txn *table.Transaction, to *table.Table, t *schema.Table, locations []string, properties iceberg.Properties) error {
	if err := evolve(txn, t, to.Schema()); err != nil {
		return err
	}
	staged, err := txn.StagedTable()
	if err != nil {
		return err
	}
	// The parts have the field ids that the table had when they were begun.
	if kept, err := keptAs(t, staged.Schema()); err != nil || !kept.Schema().Equal(c.kept[t.Name].Schema()) {
		return errors.Join(errors.New("its columns were changed by another program"), err)
	}
	return txn.AddFiles(ctx, locations, properties, true)
}
