//go:build !noiceberg

package iceberg

import (
	"context"
	"fmt"
	"os"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
	"github.com/ckexport/ckexport/sinks/internal/local"
)

// peekLedger reads the ledger of the output at path, to which a run may commit
// meanwhile, or that it may replace.
func peekLedger(ctx context.Context, path string, opts sinks.Options) (*sinks.Ledger, error) {
	return local.Peek(path, func(os.FileInfo) (*sinks.Ledger, error) {
		w, err := examine(path, path)
		if w == nil || err != nil {
			return sinks.NewLedger(), err
		}
		return w.peek(ctx, path, opts, nil)
	})
}

// peekLedger reads the ledger of an output in an object store, which others may
// replace meanwhile.
func (b bucketFormat) peekLedger(ctx context.Context, location string, opts sinks.Options) (*sinks.Ledger, error) {
	return bucket.Read(b.client, location, func(f *bucket.Folder, dir string) (*sinks.Ledger, error) { return peekFolder(ctx, f, dir, opts) })
}

// peekFolder mirrors the output in the folder dir.
func peekFolder(ctx context.Context, f *bucket.Folder, dir string, opts sinks.Options) (*sinks.Ledger, error) {
	m, err := openMirror(ctx, f, dir, "")
	if err != nil {
		return nil, err
	}
	w, err := bucketBase(m)
	if w == nil || err != nil {
		return sinks.NewLedger(), err
	}
	return w.peek(ctx, f.Location, opts, m)
}

// peek reads the ledger, of which the files have to be fetched unless the mirror is
// nil.
func (w *warehouse) peek(ctx context.Context, location string, opts sinks.Options, m *mirror) (*sinks.Ledger, error) {
	if !opts.Overwrite {
		if err := w.contents.Admit(location, opts, contents.Kept(opts.Tables)); err != nil {
			return nil, err
		}
	}
	built := ledger.New()
	if w.contents.SchemaVersion != schema.Version { // it has none of this version's runs
		return built.Ledger, nil
	}
	tables, err := w.contents.Known(location)
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		if ledger.Columns(t) == nil {
			continue
		}
		if m != nil {
			err = m.prefetch(ctx, []string{t.Name})
		}
		if err == nil {
			err = w.readLedger(ctx, built, t)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the ledger of %q: %w", location, err)
		}
	}
	return built.Ledger, nil
}
