//go:build !noduckdb

package duckdb_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
)

// TestFleetOfMuchMore: rows that do not fit into memory are in files of the folder, and
// answer queries as others do.
func TestFleetOfMuchMore(t *testing.T) {
	table, ok := schema.Lookup("image_entries")
	if !ok {
		t.Fatal("there is no table image_entries")
	}
	folder := filepath.Join(t.TempDir(), "pid=7 it's[1]") // as SQL, patterns and partitions would have it
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, rows := range []int{1, 70} { // of 1 MiB
		fleet, err := duckdb.OpenFleet()(t.Context(), sinks.FleetOptions{Tables: []*schema.Table{table}, Folder: folder})
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			text := fmt.Sprintf("%08d", i)
			b := table.NewBuilder()
			b.Append(&schema.Rows{CheckpointID: strings.Repeat("a", 32), ImageEntries: []schema.ImageEntry{{EntryIndex: uint32(i), EntryJSON: strings.Repeat(text, 1<<17)}}})
			batch := b.NewBatch()
			err := fleet.Write(t.Context(), table, batch)
			batch.Release()
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := fleet.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(filepath.Dir(folder), "*", "image_entries", "*.parquet"))
		if err != nil || len(files) == 0 && rows > 40 {
			t.Errorf("%d MiB are in %d files, %v", rows, len(files), err)
		}
		var count, bytes int
		if err := fleet.SQL().QueryRowContext(t.Context(), "SELECT count(*), sum(length(entry_json)) FROM image_entries").Scan(&count, &bytes); err != nil {
			t.Fatal(err)
		}
		if count != rows || bytes != rows<<20 {
			t.Errorf("%d rows of %d bytes, want %d", count, bytes, rows)
		}
		if _, err := fleet.SQL().ExecContext(t.Context(), "COPY (SELECT 1) TO '"+filepath.Join(t.TempDir(), "x.csv")+"'"); err == nil {
			t.Error("SQL writes files")
		}
		if err := fleet.Close(); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(filepath.Join(folder, "image_entries")); err != nil {
			t.Fatal(err)
		}
	}
}
