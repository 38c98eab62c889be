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
	"github.com/ckexport/ckexport/sinks/internal/ledger"
	"github.com/ckexport/ckexport/sinks/internal/order"
	"github.com/ckexport/ckexport/sinks/spool"
)

// rebase adds the parts of a run to a dataset that other runs changed since the
// run read its ledger. The outcome must be one that these runs one after another
// would have had, so it fails with errMeanwhile where
//
//   - runs that the run builds upon are gone, as the dataset was replaced: it may
//     have left out what it thought to be there;
//   - the others read an archive that the run has read, or have a checkpoint that it
//     adds: it would have left that out.
//
// Rows that stand once in an output, for all checkpoints, are left out where the
// others brought them. That some have merged or forgotten what was there does no
// harm: what is forgotten stays known.
func (d *bucketDataset) rebase(ctx context.Context, theirs *storedManifest, parts []spool.Part) ([]spool.Part, error) {
	if theirs == nil {
		return nil, fmt.Errorf("%w: the manifest was removed", errMeanwhile)
	}
	if err := d.admit(theirs); err != nil {
		return nil, fmt.Errorf("%w: %w", errMeanwhile, err)
	}
	if d.old != nil {
		for _, r := range d.old.Runs {
			if !theirs.hasRun(r.ID) {
				return nil, fmt.Errorf("%w, and replaced what this one adds to; run it again", errMeanwhile)
			}
		}
	}
	if d.known == nil { // nobody asked for it
		if _, err := d.Ledger(ctx); err != nil {
			return nil, err
		}
	}
	now, err := d.ledgerOf(ctx, theirs.Manifest, d.old)
	if err != nil {
		return nil, fmt.Errorf("reading ledger: %w", err)
	}
	mine := ledger.New()
	if err := d.readLedgers(ctx, mine, d.dir, filesOf(parts, nil)); err != nil {
		return nil, fmt.Errorf("reading ledger: %w", err)
	}
	if err := d.overlap(mine, now); err != nil {
		return nil, err
	}
	return d.withoutTheirs(ctx, theirs.Manifest, now, parts)
}

// overlap fails where a run did what others did since: mine is what it adds, now
// what they did, which may have rows from before too.
func (d *bucketDataset) overlap(mine, now *ledger.Builder) error {
	for source := range mine.Archives {
		if at, ok := now.StartedAt[source]; ok && at > d.known.StartedAt[source] {
			return fmt.Errorf("%w, and read %q too; run it again", errMeanwhile, source)
		}
	}
	for id := range mine.Checkpoints {
		if now.Checkpoints[id] && !d.known.Checkpoints[id] {
			return fmt.Errorf("%w, and added checkpoint %s too; run it again", errMeanwhile, id)
		}
	}
	return nil
}

// withoutTheirs returns the parts of the run without rows that stand once in an
// output and that others brought.
func (d *bucketDataset) withoutTheirs(ctx context.Context, theirs *Manifest, now *ledger.Builder, parts []spool.Part) ([]spool.Part, error) {
	var kept []spool.Part
	for _, p := range parts {
		t, known := schema.Lookup(p.Table)
		has := func(needed int64) bool {
			return slices.ContainsFunc(theirs.Parts, func(o spool.Part) bool { return o.Table == p.Table && o.Rows >= needed })
		}
		switch {
		case !known:
			return nil, fmt.Errorf("no table %s", p.Table)
		case t.Scope == schema.ScopeConstant && has(1), p.Rows == 0 && has(0):
			continue
		case t.Scope == schema.ScopeContent && p.Rows > 0 && len(now.Contents[t.Name]) > 0:
			rest, err := d.rewritePart(ctx, t, p, now)
			if err != nil {
				return nil, fmt.Errorf("leaving out rows of %s: %w", t.Name, err)
			}
			kept = append(kept, rest...)
			continue
		}
		kept = append(kept, p)
	}
	return kept, nil
}

// rewritePart writes a part anew, without the rows that a ledger knows, and sends
// it under its name: no manifest has that yet.
func (d *bucketDataset) rewritePart(ctx context.Context, t *schema.Table, p spool.Part, now *ledger.Builder) (_ []spool.Part, err error) {
	path := filepath.Join(d.dir, filepath.FromSlash(p.Path))
	before := path + ".before"
	if err := os.Rename(path, before); err != nil {
		return nil, err
	}
	out := spool.NewFile(path, t, spool.FileOptions{
		Options: spool.Options{RunID: d.opts.RunID, Version: d.opts.Version, Policy: d.opts.Policy},
		Footer:  func() ([][2]string, error) { return nil, nil },
		Stamp:   func(_ *os.File, digest string) error { p.SHA256 = digest; return nil },
	})
	defer func() { err = errors.Join(err, out.Abandon()) }()
	p.Rows = 0
	rest := order.NewGathering(out.Write, 1<<16)
	defer rest.Release()
	err = spool.Read(ctx, before, nil, func(batch arrow.RecordBatch) error {
		return now.WithoutKnown(t, batch, func(row arrow.RecordBatch) error {
			p.Rows += row.NumRows()
			return rest.Add(row)
		})
	})
	if err == nil {
		err = rest.Flush()
	}
	if err != nil || p.Rows == 0 {
		return nil, err
	}
	if err := out.Finish(); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	p.Bytes = info.Size()
	return []spool.Part{p}, d.folder.Send(ctx, d.dir, []string{p.Path})
}
