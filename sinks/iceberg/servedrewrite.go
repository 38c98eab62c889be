//go:build !noiceberg

package iceberg

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
)

// rewrite removes checkpoints from an output, or compacts it: each table gets a
// snapshot of files that are written anew, and what was before is removed.
func (s servedFormat) rewrite(ctx context.Context, location string, opts sinks.Options, what sinks.Rewrite) (_ *sinks.Rewritten, err error) {
	c, err := s.connect(ctx, location, opts.RunID)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.service.Close()) }()
	place, err := s.take(ctx, location, opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, place.Release()) }()
	r := &rewrite{staged: staged{opts: opts, place: place}}
	if r.dir, err = place.Stage(); err != nil {
		return nil, err
	}
	c.dir = filepath.Join(r.dir, mirrorFolder)
	if r.old, err = c.settled(ctx); err != nil {
		return nil, err
	}
	if r.old == nil {
		return nil, &sinks.RefusedError{Path: location, Reason: "there is no output"}
	}
	if r.tables, err = r.old.contents.Known(location); err != nil {
		return nil, err
	}
	c.beginAt(r.old)
	r.into = &inPlace{c, r.old}
	footprint, err := s.footprint(ctx, c, place.Footprint())
	if err != nil {
		return nil, err
	}
	if err := what.Start(footprint); err != nil {
		return nil, err
	}
	return r.run(ctx, what)
}

// inPlace are the tables of a catalog, whose rows are replaced.
type inPlace struct {
	catalog *served
	old     *warehouse
}

func (p *inPlace) begin() (func(*schema.Table) (*schema.Table, error), error) {
	return func(t *schema.Table) (*schema.Table, error) { return keptIn(p.old.tables[t.Name], t) }, nil
}

func (p *inPlace) commit(ctx context.Context, c *commit) error {
	c.first, c.replaces, c.to = contents.Digests, true, p.catalog
	return p.catalog.commit(ctx, c, p.old)
}

func (p *inPlace) made(ctx context.Context) (*warehouse, error) { return p.catalog.reopen(ctx) }
func (p *inPlace) finish(ctx context.Context) error             { return p.catalog.tidy(ctx, p.old) }
