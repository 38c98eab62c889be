//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/staging"
	"github.com/ckexport/ckexport/sinks/spool"
	"github.com/ckexport/ckexport/sqltext"
)

// rewriteMemory bounds what DuckDB keeps in memory while it sorts; the rest
// goes to the staging folder.
const rewriteMemory = "400MiB"

// newName is the name under which the new database is attached.
const newName = "ckexport_new"

// rewriteOutput removes checkpoints from the database at path, or compacts it. Both
// copy what stays into a new database, in the order of the checkpoints, which
// then takes the place of the old one: rows that DuckDB deletes stay readable
// in the file until their space is used again.
func rewriteOutput(ctx context.Context, path string, opts sinks.Options, what sinks.Rewrite) (_ *sinks.Rewritten, err error) {
	place, err := staging.Take(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, place.Release()) }()
	if err := check(ctx, place.Path); err != nil {
		return nil, err
	}
	info, err := os.Stat(place.Path)
	if err != nil {
		return nil, fmt.Errorf("looking at output: %w", err)
	}
	s := &sink{opts: opts, place: place}
	if s.old, err = examine(ctx, place.Path, path, info, s.access(true)); err != nil {
		return nil, err
	}
	if s.tables, err = s.old.Known(path); err != nil {
		return nil, err
	}
	if err := s.foldWAL(ctx); err != nil {
		return nil, err
	}
	if s.dir, err = place.Stage(); err != nil {
		return nil, err
	}
	if err := what.Start(s.footprint(true)); err != nil {
		return nil, err
	}
	done := &sinks.Rewritten{FilesBefore: 1, Files: 1, BytesBefore: info.Size(), BytesSize: info.Size()}
	ids, add, err := what.Chosen(ctx, s.checkpoints)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 && !what.Compact {
		return done, nil
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
	if err := place.Publish(made); err != nil {
		return nil, err
	}
	done.Changed, done.BytesSize = true, size.Size()
	return done, nil
}

const (
	retentionRows = `SELECT checkpoint_id, coalesce(container_id, ''), coalesce(container_name, ''), coalesce(pod_name, ''), coalesce(pod_namespace, ''), source, coalesce(checkpointed_at, dumped_at)
FROM checkpoints WHERE checkpoint_id IS NOT NULL`

	// Without that table, the ledger tells which checkpoints are there.
	retentionIDs = `SELECT checkpoint_id, '', '', '', '', min(source), NULL::TIMESTAMPTZ FROM archives
WHERE checkpoint_id IS NOT NULL AND checkpoint_id NOT IN (SELECT checkpoint_id FROM forgotten_checkpoints) GROUP BY 1`
)

// checkpoints reads what retention needs to know.
func (s *sink) checkpoints(ctx context.Context) ([]sinks.Checkpoint, error) {
	query := retentionIDs
	if slices.Contains(s.old.Tables, contents.Checkpoints) {
		query = retentionRows
	}
	var all []sinks.Checkpoint
	err := withDatabase(ctx, s.place.Path, s.access(true), func(db *sql.DB) error {
		return eachRow(ctx, db, query, func(rows *sql.Rows) error {
			var c sinks.Checkpoint
			var at sql.NullTime
			if err := rows.Scan(&c.ID, &c.ContainerID, &c.ContainerName, &c.PodName, &c.PodNamespace, &c.Source, &at); err != nil {
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
// ids, with rows that are added; it returns how many went. Tables, views and
// whatever else others made in the old one come along.
func (s *sink) copyTo(ctx context.Context, path string, ids map[string]bool, add *schema.Rows) (removed uint64, err error) {
	rows := filepath.Join(s.dir, "rows")
	if err := staging.MakeDir(rows); err != nil {
		return 0, fmt.Errorf("making folder for rows: %w", err)
	}
	added := &load{tables: s.tables, rows: rows}
	defer added.reach.Close()
	if add != nil {
		if added.parts, err = spoolRows(ctx, rows, s.tables, add, spool.Options{RunID: s.opts.RunID, Version: s.opts.Version}); err != nil {
			return 0, err
		}
	}
	if err := protectWAL(path); err != nil {
		return 0, err
	}
	reached, err := added.reach.toAll([]string{path, filepath.Join(s.dir, "spill")})
	if err != nil {
		return 0, fmt.Errorf("creating database: %w", err)
	}
	err = withDatabase(ctx, s.place.Path, s.access(true), func(db *sql.DB) error {
		statements := fmt.Sprintf("SET temp_directory = %s; SET memory_limit = '%s'; SET threads = %d; ATTACH %s AS %s (TYPE duckdb, %s);\n",
			sqltext.Literal(reached[1]), rewriteMemory, min(scanThreads, runtime.GOMAXPROCS(0)), sqltext.Literal(reached[0]), newName, newOptions)
		statements += "COPY FROM DATABASE " + outputName + " TO " + newName + " (SCHEMA); USE " + newName
		if _, err := db.ExecContext(ctx, statements); err != nil {
			return fmt.Errorf("making tables: %w", err)
		}
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("beginning transaction: %w", err)
		}
		if removed, err = s.copyRows(ctx, tx, ids, added); err != nil {
			return errors.Join(err, tx.Rollback())
		}
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("committing rows: %w", err)
		}
		if _, err := db.ExecContext(ctx, "CHECKPOINT "+newName+"; USE memory; DETACH "+newName); err != nil {
			return fmt.Errorf("closing database: %w", err)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if err := errors.Join(removeEmptyWAL(path), staging.Finish(path), staging.SyncDir(s.dir)); err != nil {
		return 0, fmt.Errorf("writing database: %w", err)
	}
	return removed, nil
}

// spoolRows writes rows to Parquet files in the folder dir.
func spoolRows(ctx context.Context, dir string, tables []*schema.Table, rows *schema.Rows, opts spool.Options) ([]spool.Part, error) {
	s := spool.New(dir, opts)
	for _, t := range tables {
		if err := s.WriteRows(ctx, t, rows); err != nil {
			return nil, errors.Join(err, s.Abandon())
		}
	}
	return s.Finish(ctx, tables)
}

// copyRows copies the rows of all tables, ours in the order of the
// checkpoints, and adds others.
func (s *sink) copyRows(ctx context.Context, tx *sql.Tx, ids map[string]bool, added *load) (removed uint64, err error) {
	names, err := allTables(ctx, tx)
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		n, err := s.copyTable(ctx, tx, name, ids)
		if err != nil {
			return 0, fmt.Errorf("copying rows of %s: %w", name.table, err)
		}
		removed += n
	}
	if err := added.insert(ctx, tx, newName); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, setMark(s.old.toolVersion, s.old.Policy, s.tables)); err != nil {
		return 0, fmt.Errorf("marking database: %w", err)
	}
	return removed, nil
}

// copyTable copies the rows of a table, and returns how many it leaves out.
func (s *sink) copyTable(ctx context.Context, tx *sql.Tx, name tableName, ids map[string]bool) (removed uint64, err error) {
	old := outputName + "." + name.String()
	statement := "INSERT INTO " + newName + "." + name.String() + " SELECT * FROM " + old
	for _, t := range s.tables {
		if name.schema != "main" || name.table != t.Name || t.Global {
			continue
		}
		if len(ids) > 0 && contents.IsForgettable(t) {
			statement += " WHERE checkpoint_id IS NULL OR checkpoint_id NOT IN " + textList(ids)
		}
		statement += " ORDER BY checkpoint_id NULLS LAST, rowid" // rowid keeps the order within a checkpoint
	}
	result, err := tx.ExecContext(ctx, statement)
	if err != nil {
		return 0, err
	}
	kept, err := result.RowsAffected()
	if err != nil {
		return 0, err
	}
	var before int64
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM "+old).Scan(&before); err != nil {
		return 0, err
	}
	return uint64(before - kept), nil
}

// tableName is the name of a table within its database.
type tableName struct{ schema, table string }

// String returns the name for SQL.
func (n tableName) String() string {
	return sqltext.Identifier(n.schema) + "." + sqltext.Identifier(n.table)
}

// allTables lists the tables of the old database, other people's too.
func allTables(ctx context.Context, tx *sql.Tx) ([]tableName, error) {
	rows, err := tx.QueryContext(ctx, "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY table_oid", outputName)
	if err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}
	defer rows.Close()
	var names []tableName
	for rows.Next() {
		var n tableName
		if err := rows.Scan(&n.schema, &n.table); err != nil {
			return nil, fmt.Errorf("listing tables: %w", err)
		}
		names = append(names, n)
	}
	return names, errors.Join(rows.Err(), rows.Close())
}

// textList returns texts as a list for IN.
func textList(texts map[string]bool) string {
	quoted := make([]string, 0, len(texts))
	for t := range texts {
		quoted = append(quoted, sqltext.Literal(t))
	}
	return "(" + strings.Join(quoted, ", ") + ")"
}
