package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/cmd/ckexport/internal/sandbox"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
)

// refreshing is the output of a run that reads known archives again (--refresh). Their rows
// go to a dataset in a temporary folder. The commit makes the output anew of that and of
// what it had, as merge does: of a checkpoint that both have, the rows just read count.
type refreshing struct {
	target sinks.Sink // takes the place of the output
	fresh  sinks.Sink
	format sinks.Format // of fresh
	path   string       // of fresh
	folder *tempFolder
	old    *output
	tables []*schema.Table
	ledger *sinks.Ledger // what the run starts from
}

// openRefreshing opens the output for such a run; where there is none, or it has nothing
// yet, as for any run.
func (o *exportOptions) openRefreshing(ctx context.Context, format sinks.Format, opts sinks.Options) (_ sinks.Sink, err error) {
	sink, err := format.Open(ctx, o.output, opts) // checks that the run may add to it
	if err != nil {
		return nil, err
	}
	known, err := sink.Ledger(ctx)
	if err != nil {
		return nil, errors.Join(err, sink.Close())
	}
	if len(known.Archives) == 0 {
		return sink, nil
	}
	if err := sink.Close(); err != nil {
		return nil, err
	}
	if duckdb.OpenFleet() == nil || format.Scheme != "" { // elsewhere, others may add to it meanwhile, and that would be lost
		return nil, usagef("--refresh: an output of that kind, or this build, can't do that; export to a new output")
	}
	r := &refreshing{old: &output{location: o.output, format: format}, tables: opts.Tables, ledger: sinks.NewLedger()}
	// What is known tells checkpoints apart, and what was forgotten stays so; all else is read again.
	r.ledger.Digests = known.Digests
	for id := range known.Forgotten {
		r.ledger.Checkpoints[id], r.ledger.Forgotten[id] = true, true
	}
	for source, archive := range known.Archives {
		if archive.Status == schema.StatusFailed { // it has no rows, and what failed is told once
			r.ledger.Archives[source] = archive
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	replacing := opts
	replacing.Overwrite = true
	if r.target, err = format.Open(ctx, o.output, replacing); err != nil {
		return nil, err
	}
	if r.folder, err = newTempFolder(); err != nil {
		return nil, err
	}
	r.format, r.path = formats(o.places)[0], filepath.Join(r.folder.path, "fresh.parquet")
	if r.fresh, err = r.format.Open(ctx, r.path, opts); err != nil {
		return nil, err
	}
	return r, nil
}

// Footprint is that of the output.
func (r *refreshing) Footprint() sinks.Footprint { return r.target.Footprint() }

// grants are what is touched besides.
func (r *refreshing) grants(ctx context.Context) ([]sandbox.Grant, error) {
	reads, err := r.old.format.Footprint(ctx, r.old.location)
	return append(r.folder.grants(), outputGrants(reads)...), err
}

// Ledger knows no archive that has rows.
func (r *refreshing) Ledger(context.Context) (*sinks.Ledger, error) { return r.ledger, nil }

// Write keeps rows for the commit.
func (r *refreshing) Write(ctx context.Context, table *schema.Table, batch arrow.RecordBatch) error {
	return r.fresh.Write(ctx, table, batch)
}

// Commit makes the output anew.
func (r *refreshing) Commit(ctx context.Context) error {
	if err := r.fresh.Commit(ctx); err != nil {
		return err
	}
	if err := r.fill(ctx); err != nil {
		return fmt.Errorf("joining what was read with what was there: %w", err)
	}
	return r.target.Commit(ctx)
}

// fill writes the rows of both into the target.
func (r *refreshing) fill(ctx context.Context) (err error) {
	q := question{tables: r.tables}
	both := askedInputs{outputs: []*output{{location: r.path, format: r.format}, r.old}}
	parts, err := both.parts(ctx, q, nil)
	if err != nil {
		return err
	}
	fleet, err := duckdb.OpenFleet()(ctx, sinks.FleetOptions{Parts: parts, Tables: r.tables})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fleet.Close()) }() // a database is open for reading until then
	if err := fleet.Commit(ctx); err != nil {
		return err
	}
	for _, t := range r.tables {
		if err := fleet.Rows(ctx, t, func(rows arrow.RecordBatch) error { return r.target.Write(ctx, t, rows) }); err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	return nil
}

// Close drops what was not committed.
func (r *refreshing) Close() error {
	var errs []error
	if r.fresh != nil {
		errs = append(errs, r.fresh.Close())
	}
	if r.folder != nil {
		errs = append(errs, r.folder.Close())
		r.folder = nil
	}
	if r.target != nil {
		errs = append(errs, r.target.Close())
	}
	return errors.Join(errs...)
}
