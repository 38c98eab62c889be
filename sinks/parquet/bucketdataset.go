package parquet

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
	"github.com/ckexport/ckexport/sinks/spool"
)

// fetchedFolder is the folder within the staging folder for what is fetched of
// the dataset that is there.
const fetchedFolder = ".there"

// bucketDataset is a dataset in an object store, opened for one run.
type bucketDataset struct {
	dataset
	folder *bucket.Folder
	base   *storedManifest   // what the store has; nil for none
	known  *ledger.Builder   // of what the run adds to
	copied map[string]string // URLs of objects that become parts, by the names of these
}

func (b bucketFormat) open(ctx context.Context, location string, opts sinks.Options) (_ sinks.Sink, err error) {
	f, place, err := b.client.Take(ctx, location, opts)
	if err != nil {
		return nil, err
	}
	defer place.ReleaseOnError(&err)
	d := &bucketDataset{dataset: dataset{opts: opts, tables: contents.Kept(opts.Tables), place: place}, folder: f, copied: map[string]string{}}
	if d.base, err = bucketBase(ctx, f); err != nil {
		return nil, err
	}
	if d.base != nil && !opts.Overwrite {
		if err := d.admit(d.base); err != nil {
			return nil, err
		}
		d.old = d.base.Manifest
	}
	if err := removeStrays(ctx, f, d.base); err != nil {
		return nil, err
	}
	if d.dir, err = place.Stage(); err != nil {
		return nil, err
	}
	d.spool = spool.New(d.dir, spool.Options{RunID: opts.RunID, Version: opts.Version, Policy: opts.Policy})
	return d, nil
}

// admit checks that the run may add to a dataset.
func (d *bucketDataset) admit(m *storedManifest) error {
	if err := m.contents().Admit(d.folder.Location, d.opts, d.tables); err != nil {
		return err
	}
	if m.changed != nil {
		return changedManifest(d.folder.Location, m.changed)
	}
	return nil
}

// Footprint is that of the folder in which parts are made, and of the network.
func (d *bucketDataset) Footprint() sinks.Footprint { return bucket.Footprint(d.place.Footprint()) }

// Ledger fetches the parts of the tables that the ledger is made of, and reads it.
func (d *bucketDataset) Ledger(ctx context.Context) (*sinks.Ledger, error) {
	known, err := d.ledgerOf(ctx, d.old, nil)
	if err != nil {
		return nil, fmt.Errorf("reading ledger: %w", err)
	}
	d.known = known
	return known.Clone(), nil
}

// ledgerOf returns the ledger of the parts of m that before, which may be nil,
// does not have.
func (d *bucketDataset) ledgerOf(ctx context.Context, m, before *Manifest) (*ledger.Builder, error) {
	built := ledger.New()
	if m == nil {
		return built, nil
	}
	var files []bucket.File
	for _, t := range d.tables {
		if ledger.Columns(t) == nil {
			continue
		}
		for _, f := range filesOf(m.Parts, []string{t.Name}) {
			if before == nil || !before.hasPart(f.Name) {
				files = append(files, f)
			}
		}
	}
	dir := filepath.Join(d.dir, fetchedFolder)
	if err := d.folder.Fetch(ctx, dir, files); err != nil {
		return nil, err
	}
	return built, d.readLedgers(ctx, built, dir, files)
}

// readLedgers adds what files in the folder dir tell to a ledger.
func (d *bucketDataset) readLedgers(ctx context.Context, built *ledger.Builder, dir string, files []bucket.File) error {
	for _, f := range files {
		for _, t := range d.tables {
			if t.Name != tableOf(f.Name) {
				continue
			}
			if err := readLedger(ctx, built, t, filepath.Join(dir, filepath.FromSlash(f.Name))); err != nil {
				return err
			}
		}
	}
	return nil
}

// AddPart adds the rows of a file. Where it is an object, that is copied within the
// store; but what others may make a look necessary at (see rebase) comes here.
func (d *bucketDataset) AddPart(ctx context.Context, table *schema.Table, part sinks.PartFile) error {
	if part.URL == "" || ledger.Columns(table) != nil {
		return d.dataset.AddPart(ctx, table, part)
	}
	if slices.Contains(d.tables, table) && part.Rows > 0 {
		d.copied[d.note(table, part)] = part.URL
	}
	return nil
}

// Commit sends the parts of the run and replaces the manifest.
func (d *bucketDataset) Commit(ctx context.Context) error {
	if d.old != nil && !d.wrote {
		return nil // nothing to add
	}
	parts, err := d.finish(ctx)
	if err != nil {
		return fmt.Errorf("writing dataset: %w", err)
	}
	c := &bucketCommit{folder: d.folder, copied: d.copied, runID: d.opts.RunID, dir: d.dir, base: d.base, rebase: d.rebase, manifest: d.manifest}
	if d.opts.Overwrite {
		c.manifest = func(_ *Manifest, parts []spool.Part) *Manifest { return d.manifest(nil, parts) }
		// Whatever others added, this run would have replaced it, had it come later.
		c.rebase = func(_ context.Context, _ *storedManifest, parts []spool.Part) ([]spool.Part, error) {
			return parts, nil
		}
	}
	if _, err := c.run(ctx, parts); err != nil {
		return fmt.Errorf("committing to %q: %w", d.folder.Location, err)
	}
	return nil
}
