//go:build !noiceberg

package iceberg

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
	"github.com/ckexport/ckexport/sinks/internal/order"
	"github.com/ckexport/ckexport/sinks/internal/staging"
	"github.com/ckexport/ckexport/sinks/spool"
)

// rewriteOutput removes checkpoints from the output at path, or compacts it. All tables
// are made anew beside it, and take its place in one step: no snapshot stays
// that has what was removed.
func rewriteOutput(ctx context.Context, path string, opts sinks.Options, what sinks.Rewrite) (_ *sinks.Rewritten, err error) {
	place, err := staging.Take(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, place.Release()) }()
	old, err := examine(place.Path, path)
	if err != nil {
		return nil, err
	}
	if old == nil {
		return nil, &sinks.RefusedError{Path: path, Reason: "is an empty folder"}
	}
	r := &rewrite{staged: staged{opts: opts, place: place}, old: old}
	if r.tables, err = old.contents.Known(path); err != nil {
		return nil, err
	}
	if r.dir, err = place.Stage(); err != nil {
		return nil, err
	}
	r.into = &anew{rewrite: r, target: files{dir: r.dir, location: place.Path}, publish: func(ctx context.Context) error { return publish(ctx, place, true, r.dir) }}
	if err := what.Start(place.Footprint()); err != nil {
		return nil, err
	}
	return r.run(ctx, what)
}

// rewrite changes an output as a whole.
type rewrite struct {
	staged
	old     *warehouse
	into    rewriteTarget
	removed uint64 // rows
}

func (r *rewrite) run(ctx context.Context, what sinks.Rewrite) (_ *sinks.Rewritten, err error) {
	ids, add, err := what.Chosen(ctx, func(ctx context.Context) ([]sinks.Checkpoint, error) {
		return ledger.Retention(ctx, r.old.contents.Tables, r.old.readTable)
	})
	if err != nil {
		return nil, err
	}
	done := &sinks.Rewritten{}
	if done.FilesBefore, done.BytesBefore, err = r.old.size(); err != nil {
		return nil, err
	}
	done.Files, done.BytesSize = done.FilesBefore, done.BytesBefore
	if len(ids) == 0 && !what.Compact {
		return done, nil
	}
	kept, err := r.into.begin()
	if err != nil {
		return nil, err
	}
	if err := r.begin(r.old.contents.Policy, kept); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.spool.Abandon()) }()
	for _, t := range r.tables {
		if err := r.table(ctx, t, ids, add); err != nil {
			return nil, fmt.Errorf("rewriting %s: %w", t.Name, err)
		}
	}
	c, err := r.finish(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.into.commit(ctx, c); err != nil {
		return nil, err
	}
	made, err := r.into.made(ctx)
	if err != nil {
		return nil, err
	}
	done.Changed, done.Rows = true, r.removed
	if done.Files, done.BytesSize, err = made.size(); err != nil {
		return nil, err
	}
	if err := r.into.finish(ctx); err != nil { // an output in a store changes there
		return nil, err
	}
	return done, nil
}

// rewriteTarget is where rows go that are written anew.
type rewriteTarget interface {
	// begin makes it ready, and returns a table as its files have it.
	begin() (kept func(*schema.Table) (*schema.Table, error), err error)
	// commit makes the snapshots.
	commit(ctx context.Context, c *commit) error
	// made returns the output that was made.
	made(ctx context.Context) (*warehouse, error)
	// finish puts it in the place of what is there, and removes that.
	finish(ctx context.Context) error
}

// anew is an output that is made in a folder, as a whole.
type anew struct {
	*rewrite
	target  files
	output  *warehouse
	publish func(context.Context) error // in the place of what is there
}

func (a *anew) begin() (func(*schema.Table) (*schema.Table, error), error) {
	var err error
	a.output, err = create(a.target, a.tables, a.old.contents.Policy)
	return func(t *schema.Table) (*schema.Table, error) { return keptAs(t, a.output.tables[t.Name].Schema()) }, err
}

func (a *anew) commit(ctx context.Context, c *commit) error { return c.run(ctx, a.output) }
func (a *anew) made(context.Context) (*warehouse, error)    { return openWarehouse(a.target) }
func (a *anew) finish(ctx context.Context) error            { return a.publish(ctx) }

// table writes the rows of a table anew, in order, without those of the
// checkpoints ids, and with those to add.
func (r *rewrite) table(ctx context.Context, t *schema.Table, ids map[string]bool, add *schema.Rows) (err error) {
	kept := r.kept[t.Name]
	sorter := order.NewSorter(kept, r.parts())
	defer func() { err = errors.Join(err, sorter.Close()) }()
	err = r.old.readTable(ctx, t.Name, nil, func(rows arrow.RecordBatch) error {
		rows, err := spool.Conform(rows, kept)
		if err != nil {
			return err
		}
		defer rows.Release()
		n, err := order.Without(kept, rows, ids, sorter.Add)
		r.removed += n
		return err
	})
	if err != nil {
		return err
	}
	err = sorter.Each(ctx, func(rows arrow.RecordBatch) error { return r.spool.Write(ctx, kept, rows) })
	if err != nil || add == nil || t.Count(add) == 0 {
		return err
	}
	return r.add(ctx, t, add)
}

// add writes rows that are not in files yet.
func (r *rewrite) add(ctx context.Context, t *schema.Table, rows *schema.Rows) error {
	b := t.NewBuilder()
	b.Append(rows)
	batch := b.LastBatch()
	defer batch.Release()
	converted, err := convert(batch, r.kept[t.Name])
	if err != nil {
		return err
	}
	defer converted.Release()
	return r.spool.Write(ctx, r.kept[t.Name], converted)
}

// size returns how many files with rows an output has, and their bytes.
func (w *warehouse) size() (files int, bytes int64, err error) {
	for name, t := range w.tables {
		data, err := w.dataFiles(w.visible(t))
		if err != nil {
			return 0, 0, fmt.Errorf("table %s: %w", name, err)
		}
		for _, f := range data {
			files++
			bytes += f.FileSizeBytes()
		}
	}
	return files, bytes, nil
}
