//go:build !noiceberg

package iceberg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/iceberg/internal/catalogs"
	"github.com/ckexport/ckexport/sinks/internal/contents"
)

// servedOutput is an output in a catalog that a run writes to.
type servedOutput struct {
	output
	catalog *served
	base    *warehouse // what is there, also where it is to be replaced
	local   sinks.Footprint
}

func (s servedFormat) open(ctx context.Context, location string, opts sinks.Options) (_ sinks.Sink, err error) {
	c, err := s.connect(ctx, location, opts.RunID)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.service.Close())
		}
	}()
	place, err := s.take(ctx, location, opts)
	if err != nil {
		return nil, err
	}
	defer place.ReleaseOnError(&err)
	o := &servedOutput{catalog: c, output: newOutput(place, opts)}
	if o.dir, err = place.Stage(); err != nil {
		return nil, err
	}
	c.dir = filepath.Join(o.dir, mirrorFolder)
	if o.base, err = c.settled(ctx); err != nil {
		return nil, err
	}
	if o.base != nil && !opts.Overwrite {
		if err := o.base.contents.Admit(location, opts, o.tables); err != nil {
			return nil, err
		}
		o.old = o.base
	}
	if o.base != nil {
		c.beginAt(o.base)
	}
	if o.local, err = s.footprint(ctx, c, place.Footprint()); err != nil {
		return nil, err
	}
	return o, o.begin()
}

// begin makes ready what rows are written to. Tables that are not there yet are made
// in a folder at first: the catalog gets them when the run commits.
func (o *servedOutput) begin() error {
	o.target = files{dir: o.dir, location: o.dir}
	if err := o.output.begin(); err != nil || o.base == nil || o.old != nil {
		return err
	}
	for _, t := range o.tables {
		if there := o.base.tables[t.Name]; there != nil {
			kept, err := keptIn(there, t)
			if err != nil || !isAlike(kept, o.kept[t.Name]) {
				return &sinks.RefusedError{Path: o.catalog.location, Reason: fmt.Sprintf("its table %s has other columns, of another version; drop the tables, or use another namespace", t.Name)}
			}
			o.kept[t.Name] = kept
		}
	}
	return nil
}

// isAlike tells whether two forms of a table have the same types.
func isAlike(a, b *schema.Table) bool {
	return slices.EqualFunc(a.Columns, b.Columns, func(a, b schema.Column) bool { return arrow.TypeEqual(a.Type, b.Type) })
}

// Footprint is that of the folder in which parts are made, and of where the tables
// are.
func (o *servedOutput) Footprint() sinks.Footprint { return o.local }

// Commit makes the rows of the run visible.
func (o *servedOutput) Commit(ctx context.Context) error {
	c, err := o.finish(ctx)
	if c == nil || err != nil {
		return err
	}
	c.first = contents.Digests
	if o.old != nil {
		return o.catalog.commit(ctx, c, o.old)
	}
	archives := o.made.tables[contents.Archives].Properties()
	c.replaces, c.to = true, o.catalog
	c.properties = iceberg.Properties{keyTables: archives[keyTables], keyPolicy: archives[keyPolicy], keySchemaVersion: archives[keySchemaVersion]}
	to, made, err := o.catalog.complete(ctx, o.base, o.made, o.tables, o.kept)
	if err == nil {
		err = o.catalog.commit(ctx, c, to)
	}
	if err != nil && !errors.Is(err, errUnknown) && !errors.As(err, new(*sinks.CommittedError)) {
		return errors.Join(err, o.catalog.dropAll(context.WithoutCancel(ctx), made))
	}
	if err != nil || o.base == nil {
		return err
	}
	return o.catalog.tidy(ctx, o.base)
}

// Close drops what was not committed and lets other runs have the output.
func (o *servedOutput) Close() error {
	return errors.Join(o.output.Close(), o.catalog.service.Close())
}

// complete makes the tables that the catalog does not have yet, and returns the
// output with them, and those it made. Another run may make them first.
func (c *served) complete(ctx context.Context, base, like *warehouse, tables []*schema.Table, kept map[string]*schema.Table) (w *warehouse, made []*table.Table, err error) {
	w = &warehouse{catalog: c, tables: map[string]*table.Table{}, runs: map[string]bool{}}
	if base != nil {
		w.runs, w.last, w.contents = base.runs, base.last, base.contents
	}
	var mu sync.Mutex
	if base != nil {
		maps.Copy(w.tables, base.tables)
	}
	create := func(ctx context.Context, t *schema.Table) error {
		if base != nil && base.tables[t.Name] != nil {
			return nil
		}
		one, err := c.create(ctx, t.Name, like.tables[t.Name].Metadata())
		if err != nil {
			return fmt.Errorf("making table %s: %w", t.Name, err)
		}
		mu.Lock()
		defer mu.Unlock()
		w.tables[t.Name], made = one, append(made, one)
		if has, err := keptAs(t, one.Schema()); err != nil || !has.Schema().Equal(kept[t.Name].Schema()) {
			return errors.Join(fmt.Errorf("making table %s: the catalog numbers its columns in a way of its own, which is not supported", t.Name), err)
		}
		return nil
	}
	for _, t := range tables { // who comes second at it has done nothing yet
		if t.Name == contents.Digests {
			if err := create(ctx, t); err != nil {
				return w, made, err
			}
		}
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(loads)
	for _, t := range tables {
		if t.Name != contents.Digests {
			group.Go(func() error { return create(groupCtx, t) })
		}
	}
	return w, made, group.Wait()
}

// create makes a table like one in a folder.
func (c *served) create(ctx context.Context, name string, like table.Metadata) (*table.Table, error) {
	definition := catalogs.Definition{Schema: like.CurrentSchema(), Order: like.SortOrder(), Properties: maps.Clone(like.Properties())}
	definition.Properties[table.MetadataDeleteAfterCommitEnabledKey] = "true" // else all versions stay
	t, err := c.service.Create(ctx, c.ident(name), definition)
	if errors.Is(err, catalogs.ErrUnsure) {
		now, failed := c.service.Load(context.WithoutCancel(ctx), c.ident(name))
		if failed != nil {
			return nil, errors.Join(err, failed)
		}
		if now.Metadata.CurrentSnapshot() == nil && time.Since(time.UnixMilli(now.Metadata.LastUpdatedMillis())) < aliveFor {
			t, err = now, nil
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return nil, errMeanwhile
	} else if err != nil {
		return nil, err
	}
	return c.tableOf(c.ident(name), t), nil
}

// commit commits to tables that others read meanwhile. Where it fails, it takes back
// what it did, unless the run is complete or nobody knows.
func (c *served) commit(ctx context.Context, what *commit, w *warehouse) error {
	err := what.run(ctx, w)
	if err == nil || errors.Is(err, errUnknown) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackWithin)
	defer cancel()
	now, failed := c.open(ctx)
	switch {
	case failed != nil:
		return errors.Join(err, failed)
	case now == nil: // its tables are dropped
		return err
	case now.runs[c.runID]:
		return &sinks.CommittedError{Path: c.location, Err: err}
	}
	return errors.Join(err, c.takeBackOwn(ctx, now))
}

// tidy removes what a run replaced that is complete.
func (c *served) tidy(ctx context.Context, before *warehouse) error {
	ctx = context.WithoutCancel(ctx)
	now, err := c.reopen(ctx)
	if err == nil {
		now, err = c.expire(ctx, now)
	}
	for name, t := range before.tables {
		if err == nil && now.tables[name] == nil {
			err = c.drop(ctx, t)
		}
	}
	if err == nil {
		err = c.removeStrays(ctx, now, nil)
	}
	if err != nil {
		return &sinks.CommittedError{Path: c.location, Err: err}
	}
	return nil
}

func (c *served) dropAll(ctx context.Context, tables []*table.Table) error {
	for _, t := range tables {
		if err := t.Refresh(ctx); err != nil {
			return err
		}
		if err := c.drop(ctx, t); err != nil {
			return err
		}
	}
	return nil
}
