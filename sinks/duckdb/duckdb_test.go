//go:build !noduckdb

package duckdb_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	driver "github.com/duckdb/duckdb-go/v2"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/parquet"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

func TestDuckDB(t *testing.T) {
	sinktest.Run(t, sinktest.Kind{
		Format: duckdb.Format(),
		Folder: `it's [1] {a,b} 100% "*"`,
		Read:   readTable,
		Docs: func(t testing.TB, path string, table *schema.Table) (string, map[string]string) {
			var doc string
			columns := map[string]string{}
			for _, row := range query(t, path, "SELECT comment FROM duckdb_tables() WHERE table_name = ?", table.Name) {
				doc = row[0].(string)
			}
			for _, row := range query(t, path, "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = ?", table.Name) {
				columns[row[0].(string)] = row[1].(string)
			}
			return doc, columns
		},
		SetSchemaVersion: func(t testing.TB, path string, version int) {
			connector, err := driver.NewConnector("", nil)
			if err != nil {
				t.Fatal(err)
			}
			db := sql.OpenDB(connector)
			defer db.Close()
			_, err = db.Exec(fmt.Sprintf("ATTACH '%s' AS o; UPDATE o._ckexport SET schema_version = %d; CHECKPOINT o", path, version))
			if err != nil {
				t.Fatal(err)
			}
		},
	})
}

// TestOpenDataset reads a dataset folder through DuckDB.
func TestOpenDataset(t *testing.T) {
	sinktest.RunRows(t, sinktest.Kind{
		Format: parquet.Format(),
		Folder: `it's [1] {a,b} 100%? "*"`,
		Read:   readTable,
	})
}

// readTable reads a table of an output of either kind with SQL.
func readTable(t testing.TB, path string, table *schema.Table) [][]any {
	t.Helper()
	return query(t, path, `SELECT * FROM "`+table.Name+`"`)
}

// query returns the rows of a query, with the types of sinktest.Values.
func query(t testing.TB, path, statement string, args ...any) [][]any {
	t.Helper()
	db, err := duckdb.OpenOutput(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	all := [][]any{}
	for rows.Next() {
		row, at := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			at[i] = &row[i]
		}
		if err := rows.Scan(at...); err != nil {
			t.Fatal(err)
		}
		for i := range row {
			row[i] = plain(row[i])
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func plain(v any) any {
	switch v := v.(type) {
	case int32:
		return int64(v)
	case uint8:
		return uint64(v)
	case uint16:
		return uint64(v)
	case uint32:
		return uint64(v)
	case time.Time:
		return v.UTC()
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i])
		}
		return list
	case map[string]any: // a struct
		for name := range v {
			v[name] = plain(v[name])
		}
		return v
	case driver.OrderedMap:
		m := map[string]any{}
		for i, k := range v.Keys() {
			m[k.(string)] = v.Values()[i]
		}
		return m
	default:
		return v
	}
}

func BenchmarkWriteProcesses(b *testing.B) { sinktest.BenchmarkWriteProcesses(b, duckdb.Format()) }

func BenchmarkCommitSmall(b *testing.B) { sinktest.BenchmarkCommitSmall(b, duckdb.Format()) }

// TestOlderMark adds to a database that was made before the mark told of
// redaction, and refuses to put redacted rows into it.
func TestOlderMark(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.duckdb")
	run := func(id, redaction string) error {
		s, err := duckdb.Open(t.Context(), path, sinks.Options{Tables: schema.Tables(), RunID: id, Version: id, Redaction: redaction})
		if err != nil {
			return err
		}
		return errors.Join(s.Commit(t.Context()), s.Close())
	}
	if err := run("one", ""); err != nil {
		t.Fatal(err)
	}
	connector, err := driver.NewConnector("", nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	if _, err := db.Exec(fmt.Sprintf("ATTACH '%s' AS o; ALTER TABLE o._ckexport DROP COLUMN redaction; CHECKPOINT o", path)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := run("two", ""); err != nil {
		t.Errorf("adding to it: %v", err)
	}
	var refused *sinks.RefusedError
	if err := run("three", "env under key 1"); !errors.As(err, &refused) {
		t.Errorf("adding redacted rows to it: %v", err)
	}
}
