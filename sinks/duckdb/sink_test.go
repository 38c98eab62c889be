//go:build !noduckdb

package duckdb_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	driver "github.com/duckdb/duckdb-go/v2"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/parquet"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

// openDriver opens a database file without our code.
func openDriver(t testing.TB, path string) *sql.DB {
	t.Helper()
	connector, err := driver.NewConnector(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

func exec(t testing.TB, db *sql.DB, statements string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statements); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

// export commits n rows of table processes.
func export(t testing.TB, open func() (sinks.Sink, error), n, seed int) {
	t.Helper()
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	table, _ := schema.Lookup("processes")
	if err := s.Write(t.Context(), table, sinktest.Batch(t, table, n, seed)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Commit(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
}

func twoTables() []*schema.Table {
	archives, _ := schema.Lookup("archives")
	processes, _ := schema.Lookup("processes")
	return []*schema.Table{archives, processes}
}

// TestLeftLog commits to, and replaces, a database whose last run was killed
// between its commit and its checkpoint.
func TestLeftLog(t *testing.T) {
	for _, overwrite := range []bool{false, true} {
		dir := t.TempDir()
		path := filepath.Join(dir, "fleet.duckdb")
		open := func(run string, overwrite bool) func() (sinks.Sink, error) {
			return func() (sinks.Sink, error) {
				return duckdb.Format().Open(t.Context(), path, sinks.Options{Tables: twoTables(), RunID: run, Overwrite: overwrite})
			}
		}
		export(t, open("run1", false), 10, 0)

		working := filepath.Join(t.TempDir(), "work.duckdb")
		copyFile(t, path, working)
		db := openDriver(t, working)
		exec(t, db, "SET wal_autocheckpoint = '1GB'; INSERT INTO processes SELECT * FROM processes")
		copyFile(t, working, path)
		copyFile(t, working+".wal", path+".wal")
		db.Close()

		table := twoTables()[1]
		if got := len(query(t, path, "SELECT * FROM "+table.Name)); got != 20 {
			t.Fatalf("%d rows with the log", got)
		}
		want := 30
		if overwrite {
			want = 10
		}
		export(t, open("run2", overwrite), 10, 100)
		if got := len(query(t, path, "SELECT * FROM "+table.Name)); got != want {
			t.Errorf("overwrite %v: %d rows, want %d", overwrite, got, want)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) != 1 {
			t.Errorf("left beside the database: %v", entries)
		}
	}
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestForeignDatabase refuses a database that this tool did not make, and a
// path that DuckDB would misread or that has another database's log.
func TestForeignDatabase(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "mine.duckdb")
	db := openDriver(t, foreign)
	exec(t, db, "CREATE TABLE mine (a INTEGER)")
	db.Close()
	gone := filepath.Join(dir, "gone.duckdb")
	if err := os.WriteFile(gone+".wal", []byte("log"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{foreign, gone, filepath.Join(dir, "what?.duckdb")} {
		for _, overwrite := range []bool{false, true} {
			_, err := duckdb.Format().Open(t.Context(), path, sinks.Options{Tables: twoTables(), RunID: "run1", Overwrite: overwrite})
			if !errors.As(err, new(*sinks.RefusedError)) {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

// TestGainedColumn adds to outputs made before a column existed.
func TestGainedColumn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.duckdb")
	open := func(run string) func() (sinks.Sink, error) {
		return func() (sinks.Sink, error) {
			return duckdb.Format().Open(t.Context(), path, sinks.Options{Tables: twoTables(), RunID: run})
		}
	}
	export(t, open("run1"), 3, 0)
	db := openDriver(t, path)
	exec(t, db, "ALTER TABLE processes DROP COLUMN exe; ALTER TABLE processes DROP COLUMN fd_count")
	db.Close()
	export(t, open("run2"), 3, 10)
	rows := query(t, path, "SELECT exe IS NULL AND fd_count IS NULL AS missing, count(*) FROM processes GROUP BY 1 ORDER BY 1")
	if len(rows) != 2 || rows[1][1] != int64(3) {
		t.Errorf("rows with and without the column: %v", rows)
	}
	names := query(t, path, "SELECT column_name FROM duckdb_columns() WHERE table_name = 'processes' AND comment IS NULL")
	if len(names) > 0 {
		t.Errorf("columns without comments: %v", names)
	}
}

// TestGainedColumnInDataset queries a dataset whose older part lacks a column.
func TestGainedColumnInDataset(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.parquet")
	for _, run := range []string{"run1", "run2"} {
		export(t, func() (sinks.Sink, error) {
			return parquet.Format(nil).Open(t.Context(), path, sinks.Options{Tables: twoTables(), RunID: run})
		}, 3, 1)
	}
	m, err := parquet.ReadManifest(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range m.Parts {
		if p.Path == "processes/part-run1-000.parquet" {
			m.Parts[i].Columns--
			part := filepath.Join(path, p.Path)
			exec(t, openDriver(t, ""), "COPY (SELECT * EXCLUDE exe FROM '"+part+"') TO '"+part+"'")
		}
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "_ckexport.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	rows := query(t, path, "SELECT count(*), count(exe) FROM processes")
	if !slices.Equal(rows[0], []any{int64(6), int64(2)}) {
		t.Errorf("rows, and rows with the column: %v", rows[0])
	}
}

// TestFilters checks that Bloom filters do not hide rows from DuckDB.
func TestFilters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.parquet")
	export(t, func() (sinks.Sink, error) {
		return parquet.Format(nil).Open(t.Context(), path, sinks.Options{Tables: twoTables(), RunID: "run1"})
	}, 2000, 0)
	all := query(t, path, "SELECT DISTINCT exe FROM processes WHERE exe IS NOT NULL")
	for _, row := range all[:50] {
		quoted := "'" + strings.ReplaceAll(row[0].(string), "'", "''") + "'"
		if n := query(t, path, "SELECT count(*) FROM processes WHERE exe = "+quoted); slices.Equal(n[0], []any{int64(0)}) {
			t.Errorf("%s is not found", quoted)
		}
	}
}
