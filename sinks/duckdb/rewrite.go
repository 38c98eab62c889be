//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/staging"
	"github.com/ckexport/ckexport/sinks/parquet"
)

// rewriteMemory bounds what DuckDB keeps in memory while it sorts; the rest
// goes to the staging folder.
const rewriteMemory = "400MiB"

// oldName is the name under which the database that is rewritten is attached.
const oldName = "ckexport_old"

// Rewrite removes checkpoints from the database at path, or compacts it. Both
// copy what stays into a new database, in the order of the checkpoints, which
// then takes the place of the old one: rows that DuckDB deletes stay readable
// in the file until their space is used again.
func Rewrite(ctx context.Context, path string, opts sinks.Options, what sinks.Rewrite) (_ *sinks.Rewritten, err error) {
	place, err := staging.Take(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, place.Release()) }()
	info, err := os.Stat(place.Path)
	if err != nil {
		return nil, fmt.Errorf("looking at output: %w", err)
	}
	s := &sink{opts: opts, place: place}
	if s.old, err = examine(ctx, place.Path, path, info, s.access(true)); err != nil {
		return nil, err
	}
	if s.tables, err = staging.TablesOf(path, s.old.schemaVersion, s.old.tables); err != nil {
		return nil, err
	}
	if err := s.foldWAL(ctx); err != nil {
		return nil, err
	}
	done := &sinks.Rewritten{FilesBefore: 1, Files: 1, BytesBefore: info.Size(), BytesSize: info.Size()}
	var ids map[string]bool
	var add *schema.Rows
	if what.Forget != nil {
		there, err := s.checkpoints(ctx)
		if err != nil {
			return nil, err
		}
		if ids, add, err = what.Forget(there); err != nil {
			return nil, err
		}
		if len(ids) == 0 && !what.Compact {
			return done, nil
		}
	}
	if s.dir, err = place.Stage(); err != nil {
		return nil, err
	}
	made := filepath.Join(s.dir, "new.duckdb")
	if done.Rows, err = s.copyTo(ctx, made, ids, add); err != nil {
		return nil, err
	}
	size, err := os.Stat(made)
	if err != nil {
		return nil, fmt.Errorf("looking at the new database: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	done.Changed, done.BytesSize = true, size.Size()
	return done, place.Publish(made)
}

// checkpoints reads what retention needs to know.
func (s *sink) checkpoints(ctx context.Context) ([]sinks.Checkpoint, error) {
	if !slices.Contains(s.old.tables, "checkpoints") {
		return nil, nil
	}
	var all []sinks.Checkpoint
	err := withDatabase(ctx, s.place.Path, s.access(true), func(db *sql.DB) error {
		return eachRow(ctx, db, `SELECT checkpoint_id, coalesce(container_id, ''), coalesce(container_name, ''), source, coalesce(checkpointed_at, dumped_at)
FROM checkpoints WHERE checkpoint_id IS NOT NULL`, func(rows *sql.Rows) error {
			var c sinks.Checkpoint
			var at sql.NullTime
			if err := rows.Scan(&c.ID, &c.ContainerID, &c.ContainerName, &c.Source, &at); err != nil {
				return err
			}
			if at.Valid {
				c.TakenAt = at.Time.UTC()
			}
			all = append(all, c)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading checkpoints: %w", err)
	}
	return all, nil
}

// copyTo makes a database at path of all rows but those of the checkpoints
// ids, with rows that are added; it returns how many went.
func (s *sink) copyTo(ctx context.Context, path string, ids map[string]bool, add *schema.Rows) (removed uint64, err error) {
	rows := filepath.Join(s.dir, "rows")
	if err := staging.MakeDir(rows); err != nil {
		return 0, fmt.Errorf("making folder for rows: %w", err)
	}
	var parts []parquet.Part
	if add != nil {
		if parts, err = parquet.WriteRows(ctx, rows, s.tables, add, parquet.SpoolOptions{RunID: s.opts.RunID, Version: s.opts.Version}); err != nil {
			return 0, err
		}
	}
	l := &load{
		tables: s.tables, views: s.opts.Views, version: s.opts.Version, redaction: s.old.redaction,
		rows: rows, spill: filepath.Join(s.dir, "spill"), parts: parts,
	}
	l.before = func(ctx context.Context, tx *sql.Tx) (err error) {
		removed, err = l.copyOld(ctx, tx, s.place.Path, ids)
		return err
	}
	return removed, l.create(ctx, path)
}

// copyOld copies the rows of the old database that stay.
func (l *load) copyOld(ctx context.Context, tx *sql.Tx, old string, ids map[string]bool) (removed uint64, err error) {
	statements := fmt.Sprintf("SET memory_limit = '%s'; SET preserve_insertion_order = true; ATTACH %s AS %s (TYPE duckdb, READ_ONLY); CREATE TEMP TABLE forgotten (id VARCHAR);\n",
		rewriteMemory, literal(old), oldName)
	if len(ids) > 0 {
		quoted := make([]string, 0, len(ids))
		for id := range ids {
			quoted = append(quoted, "("+literal(id)+")")
		}
		statements += "INSERT INTO forgotten VALUES " + strings.Join(quoted, ", ")
	}
	if _, err := tx.ExecContext(ctx, statements); err != nil {
		return 0, fmt.Errorf("opening the database to be replaced: %w", err)
	}
	for _, t := range l.tables {
		from := oldName + ".main." + identifier(t.Name)
		statement := "INSERT INTO " + identifier(t.Name) + " BY NAME SELECT * FROM " + from
		if staging.IsOf(t) {
			statement += " WHERE checkpoint_id IS NULL OR checkpoint_id NOT IN (SELECT id FROM forgotten)"
		}
		if !t.Global {
			statement += " ORDER BY checkpoint_id NULLS LAST, rowid"
		}
		result, err := tx.ExecContext(ctx, statement)
		if err != nil {
			return 0, fmt.Errorf("copying %s: %w", t.Name, err)
		}
		kept, err := result.RowsAffected()
		if err != nil {
			return 0, fmt.Errorf("copying %s: %w", t.Name, err)
		}
		var before int64
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM "+from).Scan(&before); err != nil {
			return 0, fmt.Errorf("copying %s: %w", t.Name, err)
		}
		removed += uint64(before - kept)
	}
	return removed, nil
}
