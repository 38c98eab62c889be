//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sqltext"
)

// inspectOutput checks the database at path: that it opens, that all its data can
// be read, for DuckDB compares the checksum of each block then, and that its
// tables have as many rows as its mark says. It changes nothing. An error says
// that it could not check; *sinks.RefusedError, that this is no output of ours.
func inspectOutput(ctx context.Context, path string) (*sinks.Inspection, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &sinks.RefusedError{Path: path, Reason: "cannot be looked at: " + err.Error()}
	}
	found := &sinks.Inspection{Kind: formatName, Files: 1, Bytes: info.Size()}
	found.CheckMode("", info)
	if wal, err := os.Stat(path + ".wal"); err == nil {
		found.CheckMode(wal.Name(), wal)
		found.Found(sinks.Warning, "file", "", wal.Name(), "a run was killed between commit and checkpoint and left its log; the next run takes it in")
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking at the database's log: %w", err)
	}
	if !hasMagic(path) {
		found.Found(sinks.Damage, "file", "", "", "it does not begin as a DuckDB database does")
		return found, nil
	}
	var counts map[string]int64
	var m *mark
	err = withDatabase(ctx, path, access{readOnly: true, wait: shortWait}, func(db *sql.DB) error {
		if m, err = readMark(ctx, db); err != nil {
			return err
		}
		counts, err = readCounts(ctx, db)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case isLocked(err):
		return nil, fmt.Errorf("looking at output %q: %w", path, err)
	case errors.Is(err, errNotOurs) && !holdsTables(ctx, path):
		return nil, &sinks.RefusedError{Path: path, Reason: "is a file that is not ours: " + err.Error()}
	case err != nil:
		found.Found(sinks.Damage, "file", "", "", "%s", firstLine(err))
		return found, nil
	}
	found.Policy = m.Policy
	if counts == nil {
		found.Found(sinks.Note, "rows", "", "", "it does not say how many rows its tables should have, as an earlier ckexport wrote it")
	}
	return found, inspectTables(ctx, path, m, counts, found)
}

// holdsTables tells whether a database has tables of ours.
func holdsTables(ctx context.Context, path string) bool {
	n := 0
	err := withDatabase(ctx, path, access{readOnly: true, wait: shortWait}, func(db *sql.DB) error {
		return db.QueryRowContext(ctx, "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND table_name IN ('archives', 'checkpoints')", outputName).Scan(&n)
	})
	return err == nil && n > 0
}

// inspectTables reads all of every table. A damaged block ends a database
// session, so the next table is read in a new one.
func inspectTables(ctx context.Context, path string, m *mark, counts map[string]int64, found *sinks.Inspection) error {
	for next := 0; next < len(m.Tables); {
		err := withDatabase(ctx, path, access{readOnly: true, wait: shortWait}, func(db *sql.DB) error {
			if _, err := db.ExecContext(ctx, fmt.Sprintf("SET memory_limit = '1GiB'; SET threads = %d", scanThreads)); err != nil {
				return fmt.Errorf("bounding memory: %w", err)
			}
			for next < len(m.Tables) {
				name := m.Tables[next]
				next++
				whole, usable, err := inspectTable(ctx, db, name, m, counts, found)
				if err != nil {
					return err
				}
				if whole {
					found.Tables = append(found.Tables, name)
				} else {
					found.Damaged = append(found.Damaged, name)
				}
				if !usable {
					return nil
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inspectTable checks one table; usable tells whether the session is.
func inspectTable(ctx context.Context, db *sql.DB, name string, m *mark, counts map[string]int64, found *sinks.Inspection) (whole, usable bool, err error) {
	var rows int64
	var sum any
	// To hash a row takes the values of all its columns.
	err = db.QueryRowContext(ctx, "SELECT count(*), bit_xor(hash(r)) FROM "+sqltext.Identifier(name)+" AS r").Scan(&rows, &sum)
	if ctx.Err() != nil {
		return false, false, ctx.Err()
	}
	if err != nil {
		found.Found(sinks.Damage, "file", name, "", "reading it: %s", firstLine(err))
		return false, false, nil
	}
	found.Rows += rows
	whole = true
	if want, stated := counts[name]; stated && want != rows {
		found.Found(sinks.Damage, "rows", name, "", "it has %d rows, and had %d when it was written", rows, want)
	} else if counts != nil && !stated {
		found.Found(sinks.Damage, "rows", name, "", "the mark does not say how many rows it should have")
	}
	table, known := schema.Lookup(name)
	if !known || m.SchemaVersion != schema.Version {
		return whole, true, nil
	}
	differing, err := compareColumns(ctx, db, table)
	if err != nil {
		return false, false, err
	}
	for _, d := range differing {
		found.Found(sinks.Damage, "columns", name, "", "%s", d)
		whole = false
	}
	return whole, true, nil
}

// compareColumns tells how the columns of a table differ from what the schema
// has. Columns that only the schema has are of a later tool.
func compareColumns(ctx context.Context, db *sql.DB, table *schema.Table) ([]string, error) {
	want := map[string]string{}
	for _, c := range table.Columns {
		kind, err := columnType(c.Type)
		if err != nil {
			return nil, fmt.Errorf("column %s.%s: %w", table.Name, c.Name, err)
		}
		want[c.Name] = strings.ReplaceAll(kind, `"`, "")
	}
	var differing []string
	err := eachRow(ctx, db, "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = '"+outputName+
		"' AND schema_name = 'main' AND table_name = "+sqltext.Literal(table.Name), func(rows *sql.Rows) error {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return err
		}
		if kind = strings.ReplaceAll(kind, `"`, ""); want[name] != "" && want[name] != kind {
			differing = append(differing, fmt.Sprintf("its column %s is of type %s, and that of the table is %s", name, kind, want[name]))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking at columns of %s: %w", table.Name, err)
	}
	return differing, nil
}

// firstLine returns the first line of a message of DuckDB; what follows is
// meant for its developers.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
