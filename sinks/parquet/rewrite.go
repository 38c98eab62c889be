package parquet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
	"github.com/ckexport/ckexport/sinks/internal/order"
	"github.com/ckexport/ckexport/sinks/internal/staging"
	"github.com/ckexport/ckexport/sinks/spool"
)

// rewriteOutput removes checkpoints from the output at path, or compacts it. As in a
// commit, the new dataset is made beside the old one, of parts that stay as
// they are and of new ones, and takes its place in one step; readers that have
// files of the old one open keep them.
func rewriteOutput(ctx context.Context, path string, opts sinks.Options, what sinks.Rewrite) (_ *sinks.Rewritten, err error) {
	place, err := staging.Take(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, place.Release()) }()
	info, err := os.Stat(place.Path)
	if err != nil {
		return nil, fmt.Errorf("looking at output: %w", err)
	}
	if !info.IsDir() {
		return rewriteSingle(ctx, place, path, info, opts, what)
	}
	r, err := openRewrite(place, path, info, opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.spool.Abandon()) }()
	if err := what.Start(place.Footprint()); err != nil {
		return nil, err
	}
	return r.run(ctx, what)
}

// rewrite changes a dataset.
type rewrite struct {
	opts   sinks.Options
	place  *staging.Place
	old    *Manifest
	tables []*schema.Table
	dir    string // the staging folder, in which the new parts are made
	spool  *spool.Spool
	// fetch returns the path of a part, and publish makes new parts and what stays
	// of the old ones the dataset.
	fetch   func(context.Context, spool.Part) (string, error)
	publish func(context.Context, []spool.Part) (*Manifest, error)

	replaced map[string]bool // parts that do not stay
	sorted   map[string]bool // tables whose rows are now in order
	removed  uint64          // rows
}

func openRewrite(place *staging.Place, path string, info os.FileInfo, opts sinks.Options) (*rewrite, error) {
	m, err := examine(place.Path, path, info)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, &sinks.RefusedError{Path: path, Reason: "is an empty folder"}
	}
	r, err := newRewrite(place, path, m, checkManifest(place.Path, m), opts)
	if err != nil {
		return nil, err
	}
	r.fetch = func(_ context.Context, p spool.Part) (string, error) {
		return filepath.Join(place.Path, filepath.FromSlash(p.Path)), nil
	}
	r.publish = r.replaceFolder
	return r, nil
}

// newRewrite begins a rewrite of the dataset at path that m describes; changed is
// what a check said of m.
func newRewrite(place *staging.Place, path string, m *Manifest, changed error, opts sinks.Options) (*rewrite, error) {
	r := &rewrite{opts: opts, place: place, old: m, replaced: map[string]bool{}, sorted: map[string]bool{}}
	var err error
	if r.tables, err = m.contents().Known(path); err != nil {
		return nil, err
	}
	if changed != nil {
		return nil, changedManifest(path, changed)
	}
	if r.dir, err = place.Stage(); err != nil {
		return nil, err
	}
	r.spool = spool.New(r.dir, spool.Options{RunID: opts.RunID, Version: opts.Version, Policy: m.Policy, Sync: true})
	return r, nil
}

func (r *rewrite) run(ctx context.Context, what sinks.Rewrite) (*sinks.Rewritten, error) {
	ids, add, err := what.Chosen(ctx, func(ctx context.Context) ([]sinks.Checkpoint, error) {
		return ledger.Retention(ctx, r.old.Tables, r.readTable)
	})
	if err != nil {
		return nil, err
	}
	if len(ids) > 0 {
		if err := r.add(ctx, add); err != nil {
			return nil, err
		}
	}
	for _, t := range r.tables {
		if err := r.table(ctx, t, ids, what.Compact); err != nil {
			return nil, fmt.Errorf("rewriting %s: %w", t.Name, err)
		}
	}
	done := &sinks.Rewritten{Rows: r.removed, FilesBefore: len(r.old.Parts), Files: len(r.old.Parts)}
	for _, p := range r.old.Parts {
		done.BytesBefore += p.Bytes
	}
	done.BytesSize = done.BytesBefore
	if len(r.replaced) == 0 && len(ids) == 0 {
		return done, nil
	}
	m, err := r.commit(ctx)
	if err != nil {
		return nil, err
	}
	done.Changed, done.Files, done.BytesSize = true, len(m.Parts), 0
	for _, p := range m.Parts {
		done.BytesSize += p.Bytes
	}
	return done, nil
}

// partsOf returns the parts of a table.
func (r *rewrite) partsOf(table string) []spool.Part {
	return slices.DeleteFunc(slices.Clone(r.old.Parts), func(p spool.Part) bool { return p.Table != table })
}

// readTable passes on columns of the rows of a table.
func (r *rewrite) readTable(ctx context.Context, table string, columns []string, each func(arrow.RecordBatch) error) error {
	for _, p := range r.partsOf(table) {
		path, err := r.fetch(ctx, p)
		if err != nil {
			return err
		}
		if err := spool.Read(ctx, path, columns, each); err != nil {
			return err
		}
	}
	return nil
}

// add writes rows that take the place of others.
func (r *rewrite) add(ctx context.Context, rows *schema.Rows) error {
	for _, t := range r.tables {
		if err := r.spool.WriteRows(ctx, t, rows); err != nil {
			return fmt.Errorf("adding to %s: %w", t.Name, err)
		}
	}
	return nil
}

// table rewrites the parts of one table that must change.
func (r *rewrite) table(ctx context.Context, t *schema.Table, ids map[string]bool, compact bool) error {
	parts := r.partsOf(t.Name)
	unsorted := slices.ContainsFunc(parts, func(p spool.Part) bool { return !p.Sorted })
	if compact && (unsorted || r.spool.Has(t.Name)) {
		return r.sort(ctx, t, parts, ids)
	}
	if len(ids) == 0 || !contents.IsForgettable(t) {
		return nil
	}
	for _, p := range parts {
		path, err := r.fetch(ctx, p)
		if err != nil {
			return err
		}
		holds, err := holdsAny(ctx, path, ids)
		if err != nil {
			return err
		}
		if !holds {
			continue
		}
		r.replaced[p.Path] = true
		r.sorted[t.Name] = r.sorted[t.Name] || !unsorted && len(parts) == 1
		err = r.read(ctx, t, p, ids, func(b arrow.RecordBatch) error { return r.spool.Write(ctx, t, b) })
		if err != nil {
			return err
		}
	}
	return nil
}

// sort writes the rows of all parts of a table anew, in order.
func (r *rewrite) sort(ctx context.Context, t *schema.Table, parts []spool.Part, ids map[string]bool) (err error) {
	s := order.NewSorter(t, r.dir)
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, p := range parts {
		r.replaced[p.Path] = true
		if err := r.read(ctx, t, p, ids, s.Add); err != nil {
			return err
		}
	}
	r.sorted[t.Name] = true
	return s.Each(ctx, func(b arrow.RecordBatch) error { return r.spool.Write(ctx, t, b) })
}

// read passes on the rows of a part, without those of the checkpoints ids.
func (r *rewrite) read(ctx context.Context, t *schema.Table, p spool.Part, ids map[string]bool, each func(arrow.RecordBatch) error) error {
	path, err := r.fetch(ctx, p)
	if err != nil {
		return err
	}
	removed, err := readWithout(ctx, t, path, ids, each)
	r.removed += removed
	return err
}

// readWithout passes on the rows of a file but for those of the checkpoints
// ids, and returns how many these are.
func readWithout(ctx context.Context, t *schema.Table, path string, ids map[string]bool, each func(arrow.RecordBatch) error) (removed uint64, err error) {
	out := order.NewGathering(each, 1<<16)
	defer out.Release()
	keep := each
	if len(ids) > 0 { // what stays may be many small pieces
		keep = out.Add
	}
	mark, err := readMark(path)
	if err != nil {
		return 0, err
	}
	if err := canConform(path, mark.columns, t); err != nil {
		return 0, err
	}
	err = spool.Read(ctx, path, nil, func(batch arrow.RecordBatch) error {
		rows, err := spool.Conform(batch, t)
		if err != nil {
			return err
		}
		defer rows.Release()
		n, err := order.Without(t, rows, ids, keep)
		removed += n
		return err
	})
	if err == nil {
		err = out.Flush()
	}
	return removed, err
}

// commit completes the new parts, with one of each table that would have none,
// and publishes the dataset.
func (r *rewrite) commit(ctx context.Context) (*Manifest, error) {
	for _, t := range r.tables {
		stays := slices.ContainsFunc(r.partsOf(t.Name), func(p spool.Part) bool { return !r.replaced[p.Path] })
		if !r.spool.Has(t.Name) && !stays {
			if err := r.spool.WriteEmpty(t); err != nil {
				return nil, err
			}
		}
	}
	parts, err := r.spool.Finish(ctx, r.tables)
	if err != nil {
		return nil, err
	}
	for i := range parts {
		parts[i].Sorted = r.sorted[parts[i].Table]
	}
	return r.publish(ctx, parts)
}

// manifest describes a dataset of the new parts, and of what stays of those of
// old.
func (r *rewrite) manifest(old *Manifest, parts []spool.Part) *Manifest {
	m := *old
	m.ToolVersion = r.opts.Version
	m.Parts = slices.DeleteFunc(slices.Clone(m.Parts), func(p spool.Part) bool { return r.replaced[p.Path] })
	m.Parts = append(m.Parts, parts...)
	m.Runs = append(slices.Clip(m.Runs), runOf(r.opts))
	return &m
}

// replaceFolder completes the new dataset folder and puts it in the place of the
// old one.
func (r *rewrite) replaceFolder(ctx context.Context, parts []spool.Part) (*Manifest, error) {
	m := r.manifest(r.old, parts)
	skip := func(path string) bool { return path == manifestName || r.replaced[filepath.ToSlash(path)] }
	if err := staging.LinkTree(r.place.Path, r.dir, skip); err != nil {
		return nil, fmt.Errorf("keeping what stays of the dataset: %w", err)
	}
	return m, m.publish(ctx, r.place, r.dir)
}
