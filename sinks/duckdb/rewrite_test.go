//go:build !noduckdb

package duckdb_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

// TestRewriteKeepsOthers removes a checkpoint from a database in which someone
// else has made a table, a view, a macro and a schema: these stay, and of the checkpoint
// nothing is left in the file.
func TestRewriteKeepsOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.duckdb")
	archives, _ := schema.Lookup("archives")
	tables := []*schema.Table{archives}
	table, _ := schema.Lookup("annotations")
	tables = append(tables, table)
	s, err := duckdb.Format().Open(t.Context(), path, sinks.Options{Tables: tables, RunID: "run1"})
	if err != nil {
		t.Fatal(err)
	}
	gone, kept := "the value that is to go", "the value that stays"
	for id, value := range map[string]string{"00000000000000000000000000000001": gone, "00000000000000000000000000000002": kept} {
		rows := &schema.Rows{CheckpointID: id, Annotations: []schema.Annotation{{Kind: "label", Key: "k", Value: value}}}
		if err := s.Write(t.Context(), table, sinktest.Build(t, table, rows)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ask(t, path, "CREATE SCHEMA mine; CREATE TABLE mine.notes AS SELECT 42 AS n; CREATE VIEW labels AS SELECT value FROM annotations; CREATE MACRO labels_of(k := 'k') AS TABLE SELECT value FROM annotations WHERE key = k; SELECT 1")
	done, err := duckdb.Format().Rewrite(t.Context(), path, sinks.Options{RunID: "run2"}, sinks.Rewrite{
		Forget: func([]sinks.Checkpoint) (map[string]bool, *schema.Rows, error) {
			return map[string]bool{"00000000000000000000000000000001": true}, &schema.Rows{}, nil
		},
	})
	if err != nil || done.Rows != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	if n := ask(t, path, "SELECT n FROM mine.notes"); n != "42" {
		t.Errorf("the other table has %s", n)
	}
	if v := ask(t, path, "SELECT string_agg(value) FROM labels"); v != kept {
		t.Errorf("the other view has %s", v)
	}
	if v := ask(t, path, "SELECT string_agg(value) FROM labels_of()"); v != kept {
		t.Errorf("the other macro has %s", v)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte(gone)) || !bytes.Contains(data, []byte(kept)) {
		t.Error("what was removed is still in the file")
	}
}

// ask runs statements with the driver itself, and returns the last one's
// first value.
func ask(t *testing.T, path, statements string) (value string) {
	t.Helper()
	db, err := sql.Open("duckdb", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), statements).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}
