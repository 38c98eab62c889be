package parquet

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
)

// peekLedger reads the ledger of a dataset, which a rewrite may replace meanwhile.
func (b bucketFormat) peekLedger(ctx context.Context, location string, opts sinks.Options) (*sinks.Ledger, error) {
	return bucket.Read(b.client, location, func(f *bucket.Folder, dir string) (*sinks.Ledger, error) { return peekFolder(ctx, f, dir, opts) })
}

// peekFolder fetches the parts that the ledger is made of into the folder dir.
func peekFolder(ctx context.Context, f *bucket.Folder, dir string, opts sinks.Options) (*sinks.Ledger, error) {
	m, err := bucketBase(ctx, f)
	if m == nil || err != nil {
		return sinks.NewLedger(), err
	}
	if !opts.Overwrite {
		if err := m.contents().Admit(f.Location, opts, contents.Kept(opts.Tables)); err != nil {
			return nil, err
		}
	}
	if m.SchemaVersion != schema.Version { // it has none of this version's runs
		return sinks.NewLedger(), nil
	}
	tables, err := m.contents().Known(f.Location)
	if err != nil {
		return nil, err
	}
	built := ledger.New()
	for _, t := range tables {
		if ledger.Columns(t) == nil {
			continue
		}
		files := filesOf(m.Parts, []string{t.Name})
		if err := f.Fetch(ctx, dir, files); err != nil {
			return nil, fmt.Errorf("reading the ledger of %q: %w", f.Location, err)
		}
		for _, file := range files {
			if err := readLedger(ctx, built, t, filepath.Join(dir, filepath.FromSlash(file.Name))); err != nil {
				return nil, fmt.Errorf("reading the ledger of %q: %w", f.Location, err)
			}
		}
	}
	return built.Ledger, nil
}
