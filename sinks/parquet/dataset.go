package parquet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
	"github.com/ckexport/ckexport/sinks/internal/staging"
	"github.com/ckexport/ckexport/sinks/spool"
)

// dataset is a dataset folder. The staging folder of a run becomes the new
// dataset: it gets the run's parts as they are written, and at commit the old
// ones by hard link, so that nothing is copied and nothing in the old folder
// changes.
type dataset struct {
	opts   sinks.Options
	tables []*schema.Table // those kept: archives always is
	place  *staging.Place
	there  *Manifest // of the folder at the output's path; nil if none or empty
	old    *Manifest // there, where this run adds to it; nil where it does not
	isFile bool      // what is at the output's path is a file

	dir   string // the staging folder
	spool *spool.Spool
	added []spool.Part // that came as files
	wrote bool         // any row came
	// joined are parts whose rows this run writes anew, with its own.
	joined map[string]bool
}

func openDataset(place *staging.Place, path string, info fs.FileInfo, opts sinks.Options) (sinks.Sink, error) {
	d := &dataset{opts: opts, tables: contents.Kept(opts.Tables), place: place, joined: map[string]bool{}}
	if info != nil {
		there, err := examine(place.Path, path, info)
		if err != nil {
			return nil, err
		}
		if there != nil && !opts.Overwrite {
			if err := there.contents().Admit(path, opts, d.tables); err != nil {
				return nil, err
			}
			// To add to it would give a changed manifest a digest that is right.
			if err := checkManifest(place.Path, there); errors.Is(err, errManifestChanged) {
				return nil, changedManifest(path, err)
			} else if err != nil {
				return nil, err
			}
			d.old = there
		}
		if info.IsDir() {
			d.there = there
		} else {
			d.isFile = true
		}
	}
	dir, err := place.Stage()
	if err != nil {
		return nil, err
	}
	d.dir = dir
	d.spool = spool.New(dir, spool.Options{RunID: opts.RunID, Version: opts.Version, Policy: opts.Policy, Sync: true})
	return d, nil
}

// examine reads what is at an output's path, and refuses what is not ours.
// The manifest is nil for an empty folder, and of the schema version alone
// for a single file.
func examine(resolved, path string, info fs.FileInfo) (*Manifest, error) {
	if !info.IsDir() {
		mark, err := readMark(resolved)
		if err != nil {
			return nil, &sinks.RefusedError{Path: path, Reason: "is a file that is not ours: " + err.Error()}
		}
		return &Manifest{SchemaVersion: mark.schemaVersion, Tables: []string{mark.table}, Policy: mark.policy}, nil
	}
	m, err := ReadManifest(resolved)
	if err == nil {
		return m, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, &sinks.RefusedError{Path: path, Reason: "is a folder that is not ours: " + err.Error()}
	}
	empty, err := isEmptyDir(resolved)
	if err != nil {
		return nil, fmt.Errorf("looking at output: %w", err)
	}
	if !empty {
		return nil, &sinks.RefusedError{Path: path, Reason: "is a folder that is not ours: it has no " + manifestName + " and is not empty"}
	}
	return nil, nil
}

// Footprint is that of folders which are exchanged. A file that a folder takes
// the place of comes into the output's folder under another name.
func (d *dataset) Footprint() sinks.Footprint {
	f := d.place.Footprint()
	f.Moves = d.isFile
	return f
}

// Ledger reads the ledger from the parts of the tables that it is made of.
func (d *dataset) Ledger(ctx context.Context) (*sinks.Ledger, error) {
	if d.old == nil {
		return sinks.NewLedger(), nil
	}
	return d.old.ledger(ctx, d.place.Path, d.tables)
}

// ledger reads the ledger from the parts of a dataset in the folder dir.
func (m *Manifest) ledger(ctx context.Context, dir string, tables []*schema.Table) (*sinks.Ledger, error) {
	built := ledger.New()
	for _, t := range tables {
		for _, part := range m.partsOf(t.Name) {
			if err := readLedger(ctx, built, t, filepath.Join(dir, part)); err != nil {
				return nil, err
			}
		}
	}
	return built.Ledger, nil
}

// AddPart adds the rows of a file, which the dataset gets as it is.
func (d *dataset) AddPart(ctx context.Context, table *schema.Table, part sinks.PartFile) error {
	if !slices.Contains(d.tables, table) || part.Rows == 0 {
		return nil
	}
	from, err := part.Local(ctx)
	if err != nil {
		return fmt.Errorf("adding a part: %w", err)
	}
	if err := staging.Link(from, filepath.Join(d.dir, filepath.FromSlash(d.note(table, part)))); err != nil {
		return fmt.Errorf("adding a part: %w", err)
	}
	return nil
}

// note notes a part that came as a file, and returns its name in the dataset.
func (d *dataset) note(table *schema.Table, part sinks.PartFile) string {
	d.wrote = true
	p := spool.Part{Table: table.Name, Rows: part.Rows, Bytes: part.Bytes, Columns: part.Columns, SHA256: part.SHA256}
	p.Path = fmt.Sprintf("%s/part-%s-s%d.parquet", table.Name, d.opts.RunID, len(d.added))
	d.added = append(d.added, p)
	return p.Path
}

// Write adds rows of a table; those of tables that are not kept are dropped.
func (d *dataset) Write(ctx context.Context, table *schema.Table, batch arrow.RecordBatch) error {
	if !slices.Contains(d.tables, table) {
		return nil
	}
	d.wrote = d.wrote || batch.NumRows() > 0
	return d.spool.Write(ctx, table, batch)
}

// Commit completes the new dataset and puts it in the place of the old one.
func (d *dataset) Commit(ctx context.Context) error {
	if d.old != nil && !d.wrote {
		return nil // nothing to add
	}
	m, err := d.newManifest(ctx)
	if err != nil {
		return fmt.Errorf("writing dataset: %w", err)
	}
	if err := d.keepOld(); err != nil {
		return fmt.Errorf("keeping what the dataset has: %w", err)
	}
	return m.publish(ctx, d.place, d.dir)
}

// publish completes the dataset folder dir, which the manifest describes, and puts it
// in place.
func (m *Manifest) publish(ctx context.Context, place *staging.Place, dir string) error {
	if err := m.write(dir); err != nil {
		return err
	}
	if err := staging.SyncTree(dir); err != nil {
		return fmt.Errorf("writing dataset: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return place.Publish(dir)
}

// keepOld links the parts of earlier runs into the new dataset, unless this
// run replaces them. What the manifest does not know is someone else's, and
// always stays.
func (d *dataset) keepOld() error {
	if d.there == nil {
		return nil
	}
	drop := maps.Clone(d.joined)
	drop[manifestName] = true
	if d.old == nil {
		for _, p := range d.there.Parts {
			drop[filepath.FromSlash(p.Path)] = true
		}
	}
	return staging.LinkTree(d.place.Path, d.dir, func(path string) bool { return drop[path] })
}

// newManifest completes the parts of this run and describes the new dataset.
func (d *dataset) newManifest(ctx context.Context) (*Manifest, error) {
	if err := d.joinSmall(ctx); err != nil {
		return nil, err
	}
	parts, err := d.finish(ctx)
	if err != nil {
		return nil, err
	}
	m := d.manifest(d.old, parts)
	m.Parts = slices.DeleteFunc(slices.Clone(m.Parts), func(p spool.Part) bool { return d.joined[filepath.FromSlash(p.Path)] })
	return m, nil
}

// finish completes the parts of this run, with one of each table that would
// have none.
func (d *dataset) finish(ctx context.Context) ([]spool.Part, error) {
	for _, t := range d.tables {
		added := slices.ContainsFunc(d.added, func(p spool.Part) bool { return p.Table == t.Name })
		if !added && !d.spool.Has(t.Name) && (d.old == nil || len(d.old.partsOf(t.Name)) == 0) {
			if err := d.spool.WriteEmpty(t); err != nil {
				return nil, err
			}
		}
	}
	parts, err := d.spool.Finish(ctx, d.tables)
	return append(slices.Clip(d.added), parts...), err
}

// manifest describes the dataset of parts that are added to old, which may be
// nil.
func (d *dataset) manifest(old *Manifest, parts []spool.Part) *Manifest {
	m := &Manifest{Format: manifestFormat, Version: manifestVersion}
	if old != nil {
		*m = *old
	}
	m.SchemaVersion, m.ToolVersion, m.Tables = schema.Version, d.opts.Version, contents.Names(d.tables)
	m.Policy = d.opts.Policy
	m.Parts = append(slices.Clip(m.Parts), parts...)
	m.Runs = append(slices.Clip(m.Runs), runOf(d.opts))
	return m
}

func runOf(opts sinks.Options) Run {
	return Run{ID: opts.RunID, ToolVersion: opts.Version, CommittedAt: time.Now().UTC().Truncate(time.Second)}
}

// Close drops what was not committed and lets other runs have the output.
func (d *dataset) Close() error {
	err := errors.Join(d.spool.Abandon(), d.place.Release())
	if err != nil {
		return fmt.Errorf("closing dataset: %w", err)
	}
	return nil
}
