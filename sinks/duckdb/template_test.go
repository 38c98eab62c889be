//go:build !noduckdb

package duckdb_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
)

var update = flag.Bool("update", false, "make the template of databases anew")

// TestTemplateIsCurrent: else every new database is made by thousands of
// statements. Its digest is of these; the file differs each time it is made.
func TestTemplateIsCurrent(t *testing.T) {
	is, made, err := duckdb.Template(t.Context(), schema.Tables(), queries.Views, filepath.Join(t.TempDir(), "template.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case *update:
		if err := os.WriteFile("template.bin", made, 0o644); err != nil {
			t.Fatal(err)
		}
	case !bytes.HasPrefix(is, made[:sha256.Size]):
		t.Error("template.bin is not of the present tables and views: run make docs")
	}
}

// TestTemplateChangesNothing compares a new database that is a copy of the
// template with one that is made by statements, as its views are others.
func TestTemplateChangesNothing(t *testing.T) {
	const described = `SELECT 'table' AS kind, table_name, '' AS name, '' AS type, comment FROM duckdb_tables()
UNION ALL SELECT 'column', table_name, column_name, data_type || is_nullable, comment FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal AND table_name <> 'another'
UNION ALL SELECT 'view', view_name, '', regexp_replace(sql, 'EXCLUDE [(][^)]*[)]', 'EXCLUDE'), comment FROM duckdb_views() WHERE NOT internal AND view_name <> 'another'
ORDER BY ALL` // DuckDB keeps what EXCLUDE names in no order
	another := sinks.View{Name: "another", Comment: "one more", SQL: "SELECT 1 AS one"}
	var found [2][][]any
	for i, views := range [][]sinks.View{queries.Views(), append(queries.Views(), another)} {
		path := filepath.Join(t.TempDir(), "new.duckdb")
		sink, err := duckdb.Format().Open(t.Context(), path, sinks.Options{Tables: schema.Tables(), RunID: "run", Version: "v1", Views: func() []sinks.View { return views }})
		if err != nil {
			t.Fatal(err)
		}
		if err := sink.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
		found[i] = query(t, path, described)
	}
	if len(found[0]) < 1000 {
		t.Errorf("only %d descriptions", len(found[0]))
	}
	if diff := cmp.Diff(found[1], found[0]); diff != "" {
		t.Errorf("by statements, and by the template:\n%s", diff)
	}
}
