//go:build !noduckdb

package duckdb_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/parquet"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

func TestFormat(t *testing.T) { sinktest.Run(t, duckdb.Format()) }

// TestDocumentation checks the comments in a database, with and without rows.
func TestDocumentation(t *testing.T) {
	for _, n := range []int{0, 3} {
		path := filepath.Join(t.TempDir(), "fleet.duckdb")
		sinktest.Export(t, duckdb.Format(), path, sinks.Options{Tables: schema.Tables(), RunID: "run1"}, n, 0)
		for _, table := range schema.Tables() {
			doc := query(t, path, "SELECT comment FROM duckdb_tables() WHERE table_name = ?", table.Name)
			if len(doc) != 1 || doc[0][0] != table.Doc {
				t.Errorf("%s: documentation %v, want %q", table.Name, doc, table.Doc)
			}
			columns, want := map[string]any{}, map[string]any{}
			for _, row := range query(t, path, "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = ?", table.Name) {
				columns[row[0].(string)] = row[1]
			}
			for _, c := range table.Columns {
				want[c.Name] = c.Comment()
			}
			if diff := cmp.Diff(want, columns); diff != "" {
				t.Errorf("%s: documentation of columns differs (-want +got):\n%s", table.Name, diff)
			}
		}
	}
}

func TestOtherVersions(t *testing.T) {
	sinktest.OtherVersions(t, duckdb.Format(), twoTables(), func(t testing.TB, path string, version int) {
		t.Helper()
		db := openDriver(t, "")
		exec(t, db, fmt.Sprintf("ATTACH '%s' AS o; UPDATE o._ckexport SET schema_version = %d; CHECKPOINT o", path, version))
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// query returns the rows of a query over an output.
func query(t testing.TB, path, statement string, args ...any) [][]any {
	t.Helper()
	format, err := (sinks.Formats{duckdb.Format(), parquet.Format(duckdb.Engine())}).At(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	db, err := format.OpenSQL(t.Context(), path, sinks.SQLOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	return sinktest.Query(t, db, statement, args...)
}

func BenchmarkWriteProcesses(b *testing.B) { sinktest.BenchmarkWriteProcesses(b, duckdb.Format()) }

func BenchmarkCommitSmall(b *testing.B) { sinktest.BenchmarkCommitSmall(b, duckdb.Format()) }

// TestOlderMark adds to a database that was made before the mark told of
// redaction, and refuses to put redacted rows into it.
func TestOlderMark(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.duckdb")
	run := func(id, redaction string) error {
		s, err := duckdb.Format().Open(t.Context(), path, sinks.Options{Tables: schema.Tables(), RunID: id, Version: id, Policy: sinks.Policy{Redaction: redaction}})
		if err != nil {
			return err
		}
		return errors.Join(s.Commit(t.Context()), s.Close())
	}
	if err := run("one", ""); err != nil {
		t.Fatal(err)
	}
	db := openDriver(t, "")
	exec(t, db, fmt.Sprintf("ATTACH '%s' AS o; ALTER TABLE o._ckexport DROP COLUMN redaction; CHECKPOINT o", path))
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
