//go:build !noiceberg

package iceberg

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
)

// mirrorFolder is the folder within the staging folder in which the mirror is.
const mirrorFolder = ".there"

// bucketOutput is an output in an object store that a run writes to.
type bucketOutput struct {
	output
	mirror *mirror
}

func (b bucketFormat) open(ctx context.Context, location string, opts sinks.Options) (_ sinks.Sink, err error) {
	f, place, err := b.client.Take(ctx, location, opts)
	if err != nil {
		return nil, err
	}
	defer place.ReleaseOnError(&err)
	o := &bucketOutput{output: newOutput(place, opts)}
	if o.dir, err = place.Stage(); err != nil {
		return nil, err
	}
	var old *warehouse
	if o.mirror, old, err = settled(ctx, f, filepath.Join(o.dir, mirrorFolder), opts.RunID); err != nil {
		return nil, err
	}
	if old != nil && !opts.Overwrite {
		if err := old.contents.Admit(location, opts, o.tables); err != nil {
			return nil, err
		}
		o.old = old
	}
	o.target = files{dir: o.dir, location: o.mirror.files().location, mirror: o.mirror}
	return o, o.begin()
}

// Footprint is that of the folder in which parts are made, and of the network.
func (o *bucketOutput) Footprint() sinks.Footprint { return bucket.Footprint(o.place.Footprint()) }

// Ledger fetches the files of the tables that the ledger is made of, and reads it.
func (o *bucketOutput) Ledger(ctx context.Context) (*sinks.Ledger, error) {
	var tables []string
	for _, t := range o.tables {
		if o.old != nil && ledger.Columns(t) != nil {
			tables = append(tables, t.Name)
		}
	}
	if len(tables) > 0 {
		if err := o.mirror.prefetch(ctx, tables); err != nil {
			return nil, fmt.Errorf("reading ledger: %w", err)
		}
	}
	return o.output.Ledger(ctx)
}

// Commit makes the rows of the run visible.
func (o *bucketOutput) Commit(ctx context.Context) error {
	c, err := o.finish(ctx)
	if c == nil || err != nil {
		return err
	}
	if o.old == nil {
		if err := c.run(ctx, o.made); err != nil {
			return err
		}
		return replaceStored(ctx, o.mirror, o.made)
	}
	if err := c.run(ctx, o.old); err != nil {
		return err
	}
	return pushTo(ctx, o.mirror, o.old)
}

// pushTo pushes the versions that a warehouse has beyond those of the mirror.
func pushTo(ctx context.Context, m *mirror, w *warehouse) error {
	p := &push{mirror: m, dir: w.folder.dir, versions: map[string]int{}}
	for name := range w.tables {
		version, err := w.folder.current(name)
		if err != nil {
			return err
		}
		if version > m.last[name] || w.folder.dir != m.dir {
			p.versions[name] = version
		}
	}
	if err := p.run(ctx); err != nil {
		return fmt.Errorf("committing to %q: %w", m.folder.Location, err)
	}
	return nil
}

// replaceStored pushes an output that was made anew, and removes what it replaces.
func replaceStored(ctx context.Context, m *mirror, made *warehouse) error {
	if err := pushTo(ctx, m, made); err != nil {
		return err
	}
	var gone []string
	for name := range m.listed {
		table := path.Base(path.Dir(path.Dir(name)))
		isHint := path.Base(name) == hintName && made.tables[table] != nil
		if strings.HasPrefix(name, namespace+"/") && !isHint {
			gone = append(gone, name)
		}
	}
	if err := m.folder.Remove(context.WithoutCancel(ctx), gone); err != nil {
		return &sinks.CommittedError{Path: m.folder.Location, Err: fmt.Errorf("removing what was replaced: %w", err)}
	}
	return nil
}

// rewrite removes checkpoints from an output, or compacts it: it is made anew.
func (b bucketFormat) rewrite(ctx context.Context, location string, opts sinks.Options, what sinks.Rewrite) (_ *sinks.Rewritten, err error) {
	f, place, err := b.client.Take(ctx, location, opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, place.Release()) }()
	r := &rewrite{staged: staged{opts: opts, place: place}}
	if r.dir, err = place.Stage(); err != nil {
		return nil, err
	}
	m, old, err := settled(ctx, f, filepath.Join(r.dir, mirrorFolder), opts.RunID)
	if err != nil {
		return nil, err
	}
	if old == nil {
		return nil, &sinks.RefusedError{Path: location, Reason: "there is no output"}
	}
	r.old = old
	if r.tables, err = old.contents.Known(location); err != nil {
		return nil, err
	}
	into := &anew{rewrite: r, target: files{dir: r.dir, location: m.files().location, mirror: m}}
	into.publish = func(ctx context.Context) error { return replaceStored(ctx, m, into.output) }
	r.into = into
	if err := what.Start(bucket.Footprint(place.Footprint())); err != nil {
		return nil, err
	}
	return r.run(ctx, what)
}
