//go:build !noiceberg

package iceberg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go/table"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

// output is an output that a run writes to. The run's parts are made in the
// staging folder. Its commit moves them into an output that is there, and makes
// a snapshot of each table; or it makes a whole output of them, which then takes
// its place in one step.
type output struct {
	staged
	there  bool       // something is at the output's path
	old    *warehouse // what this run adds to; nil where it makes an output
	target files      // where an output is made
	made   *warehouse
	wrote  bool // any row came
}

func newOutput(place *staging.Place, opts sinks.Options) output {
	return output{staged: staged{opts: opts, tables: contents.Kept(opts.Tables), place: place}}
}

// openOutput opens or begins the output at path.
func openOutput(ctx context.Context, path string, opts sinks.Options) (_ sinks.Sink, err error) {
	place, err := staging.Take(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	defer place.ReleaseOnError(&err)
	o := newOutput(place, opts)
	if err := o.lookAt(ctx, path); err != nil {
		return nil, err
	}
	if o.dir, err = place.Stage(); err != nil {
		return nil, err
	}
	o.target = files{dir: o.dir, location: place.Path}
	if err := o.begin(); err != nil {
		return nil, fmt.Errorf("making output %q ready: %w", path, err)
	}
	return &o, nil
}

// lookAt finds out what is at the output's path, and puts in order what a killed
// run left there.
func (o *output) lookAt(ctx context.Context, path string) error {
	_, err := os.Stat(o.place.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("looking at output: %w", err)
	}
	o.there = true
	w, err := examine(o.place.Path, path)
	if w == nil || err != nil || o.opts.Overwrite {
		return err
	}
	if err := w.contents.Admit(path, o.opts, o.tables); err != nil {
		return err
	}
	if o.old, err = recovered(ctx, w); err != nil {
		return fmt.Errorf("taking back what a killed run left in %q: %w", path, err)
	}
	for name := range o.old.tables {
		if err := o.old.folder.mendHint(name); err != nil {
			return fmt.Errorf("completing what a killed run left in %q: %w", path, err)
		}
	}
	return nil
}

// begin makes ready what rows are written to.
func (o *output) begin() (err error) {
	in := o.old
	if in == nil {
		if o.made, err = create(o.target, o.tables, o.opts.Policy); err != nil {
			return err
		}
		in = o.made
	}
	return o.staged.begin(o.opts.Policy, func(t *schema.Table) (*schema.Table, error) { return keptIn(in.tables[t.Name], t) })
}

// keptIn returns a table as files have it that are added to one that is there.
func keptIn(there *table.Table, t *schema.Table) (*schema.Table, error) {
	txn := there.NewTransaction()
	if err := evolve(txn, t, there.Schema()); err != nil {
		return nil, fmt.Errorf("adding columns to %s: %w", t.Name, err)
	}
	staged, err := txn.StagedTable()
	if err != nil {
		return nil, fmt.Errorf("adding columns to %s: %w", t.Name, err)
	}
	return keptAs(t, staged.Schema())
}

// create makes an output without rows in an empty folder.
func create(in files, tables []*schema.Table, policy sinks.Policy) (*warehouse, error) {
	if err := staging.MakeDir(filepath.Join(in.dir, namespace)); err != nil {
		return nil, fmt.Errorf("making output: %w", err)
	}
	w := newWarehouse(in)
	w.contents = contents.Contents{SchemaVersion: schema.Version, Tables: contents.Names(tables), Policy: policy}
	for _, t := range tables {
		s, err := schemaOf(t)
		if err != nil {
			return nil, err
		}
		order, err := sortOrder(s)
		if err != nil {
			return nil, fmt.Errorf("sort order of %s: %w", t.Name, err)
		}
		properties, err := propertiesOf(t, tables, policy)
		if err != nil {
			return nil, fmt.Errorf("properties of %s: %w", t.Name, err)
		}
		if in.mirror != nil {
			maps.Copy(properties, in.mirror.generation(t.Name))
		}
		metadata, err := table.NewMetadata(s, nil, order, w.folder.tableLocation(t.Name), properties)
		if err != nil {
			return nil, fmt.Errorf("making table %s: %w", t.Name, err)
		}
		if w.tables[t.Name], err = w.folder.create(t.Name, metadata); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Footprint is that of an output which is written to, or exchanged for another.
func (o *output) Footprint() sinks.Footprint { return o.place.Footprint() }

// Ledger reads the ledger from the files of the tables that it is made of.
func (o *output) Ledger(ctx context.Context) (*sinks.Ledger, error) {
	built := ledger.New()
	if o.old == nil {
		return built.Ledger, nil
	}
	for _, t := range o.tables {
		if err := o.old.readLedger(ctx, built, t); err != nil {
			return nil, fmt.Errorf("reading ledger: %w", err)
		}
	}
	return built.Ledger, nil
}

// Write adds rows of a table; those of tables that are not kept are dropped.
func (o *output) Write(ctx context.Context, t *schema.Table, batch arrow.RecordBatch) error {
	if !slices.Contains(o.tables, t) || batch.NumRows() == 0 {
		return ctx.Err()
	}
	o.wrote = true
	if batch.Schema() != t.BatchSchema() {
		batch = t.Encode(batch)
		defer batch.Release()
	}
	kept := o.kept[t.Name]
	rows, err := convert(batch, kept)
	if err != nil {
		return err
	}
	defer rows.Release()
	return o.spool.Write(ctx, kept, rows)
}

// Commit makes the rows of the run visible.
func (o *output) Commit(ctx context.Context) error {
	c, err := o.finish(ctx)
	if c == nil || err != nil {
		return err
	}
	if o.old != nil {
		return c.addTo(ctx, o.old)
	}
	if err := c.run(ctx, o.made); err != nil {
		return err
	}
	return publish(ctx, o.place, o.there, o.made.folder.dir)
}

// finish completes the parts of this run, and returns the commit that adds them; nil
// where there is nothing to add.
func (o *output) finish(ctx context.Context) (*commit, error) {
	if o.old != nil && !o.wrote {
		return nil, nil
	}
	c, err := o.staged.finish(ctx)
	if err != nil {
		return nil, fmt.Errorf("writing output: %w", err)
	}
	return c, ctx.Err()
}

// publish puts an output that is complete in its place. What others have put
// into the old one's folder beside the tables stays.
func publish(ctx context.Context, place *staging.Place, there bool, dir string) error {
	if err := os.RemoveAll(filepath.Join(dir, stagedParts)); err != nil {
		return fmt.Errorf("writing output: %w", err)
	}
	if there {
		inNamespace := func(path string) bool {
			return path == namespace || strings.HasPrefix(path, namespace+string(filepath.Separator))
		}
		if err := staging.LinkTree(place.Path, dir, inNamespace); err != nil {
			return fmt.Errorf("keeping what else the folder has: %w", err)
		}
	}
	if err := staging.SyncTree(dir); err != nil {
		return fmt.Errorf("writing output: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return place.Publish(dir)
}

// Close drops what was not committed and lets other runs have the output.
func (o *output) Close() error {
	if err := errors.Join(o.spool.Abandon(), o.place.Release()); err != nil {
		return fmt.Errorf("closing output: %w", err)
	}
	return nil
}
