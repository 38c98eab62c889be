package parquet

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/spool"
)

// rewrite removes checkpoints from a dataset, or compacts it. The parts that it
// needs for that are fetched; new ones take their place in the manifest.
func (b bucketFormat) rewrite(ctx context.Context, location string, opts sinks.Options, what sinks.Rewrite) (_ *sinks.Rewritten, err error) {
	f, place, err := b.client.Take(ctx, location, opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, place.Release()) }()
	base, err := bucketBase(ctx, f)
	if err != nil {
		return nil, err
	}
	if base == nil {
		return nil, &sinks.RefusedError{Path: location, Reason: "there is nothing"}
	}
	if err := removeStrays(ctx, f, base); err != nil {
		return nil, err
	}
	r, err := newRewrite(place, location, base.Manifest, base.changed, opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.spool.Abandon()) }()
	dir := filepath.Join(r.dir, fetchedFolder)
	r.fetch = func(ctx context.Context, p spool.Part) (string, error) {
		return filepath.Join(dir, filepath.FromSlash(p.Path)), f.Fetch(ctx, dir, filesOf([]spool.Part{p}, nil))
	}
	c := &bucketCommit{folder: f, runID: opts.RunID, dir: r.dir, base: base, manifest: r.manifest, rebase: r.rebase}
	r.publish = func(ctx context.Context, parts []spool.Part) (*Manifest, error) {
		made, err := c.run(ctx, parts)
		if err != nil {
			return nil, fmt.Errorf("committing to %q: %w", location, err)
		}
		return made, nil
	}
	if err := what.Start(bucket.Footprint(place.Footprint())); err != nil {
		return nil, err
	}
	return r.run(ctx, what)
}

// rebase changes a dataset to which others added since the rewrite began: what
// they added stays as it is, as if they had come after it. Where they replaced
// what was there, the rewrite must be done again.
func (r *rewrite) rebase(_ context.Context, theirs *storedManifest, parts []spool.Part) ([]spool.Part, error) {
	if theirs == nil {
		return nil, fmt.Errorf("%w: the manifest was removed", errMeanwhile)
	}
	for _, p := range r.old.Parts {
		if !theirs.hasPart(p.Path) {
			return nil, fmt.Errorf("%w, and replaced what was there; run it again", errMeanwhile)
		}
	}
	if theirs.changed != nil {
		return nil, fmt.Errorf("%w: %w", errMeanwhile, theirs.changed)
	}
	return parts, nil
}
