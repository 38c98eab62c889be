//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/local"
	"github.com/ckexport/ckexport/sinks/internal/staging"
	"github.com/ckexport/ckexport/sinks/spool"
)

// peekLedger reads the ledger of the database at path. While a run loads its rows
// DuckDB lets no one in, so that it may have to wait.
func peekLedger(ctx context.Context, path string, opts sinks.Options) (*sinks.Ledger, error) {
	return local.Peek(path, func(info os.FileInfo) (*sinks.Ledger, error) {
		how := access{readOnly: true, wait: max(shortWait, opts.LockTimeout)}
		m, err := examine(ctx, path, path, info, how)
		if err != nil {
			return nil, err
		}
		if !opts.Overwrite {
			if err := m.Admit(path, opts, contents.Kept(opts.Tables)); err != nil {
				return nil, err
			}
		}
		l := sinks.NewLedger()
		if m.SchemaVersion != schema.Version { // it has none of this version's runs
			return l, nil
		}
		tables, err := m.Known(path)
		if err != nil {
			return nil, err
		}
		err = withDatabase(ctx, path, how, func(db *sql.DB) error { return readLedger(ctx, db, l, tables) })
		if err != nil {
			return nil, fmt.Errorf("reading the ledger of %q: %w", path, err)
		}
		return l, nil
	})
}

// AddPart adds the rows of a file, which DuckDB reads where the run's own are.
func (s *sink) AddPart(ctx context.Context, table *schema.Table, part sinks.PartFile) error {
	if !slices.Contains(s.tables, table) || part.Rows == 0 {
		return nil
	}
	s.wrote = true
	path := fmt.Sprintf("staged/%d.parquet", len(s.added))
	from, err := part.Local(ctx)
	if err != nil {
		return fmt.Errorf("adding a part: %w", err)
	}
	if err := staging.Link(from, filepath.Join(s.dir, "rows", filepath.FromSlash(path))); err != nil {
		return fmt.Errorf("adding a part: %w", err)
	}
	s.added = append(s.added, spool.Part{Table: table.Name, Path: path, Rows: part.Rows, Bytes: part.Bytes})
	return nil
}
