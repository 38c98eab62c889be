package parquet_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

// TestGrowth adds to a dataset run by run: commits join small files, no row is
// lost, nothing is left behind, and on demand files stay as they are.
func TestGrowth(t *testing.T) {
	var tables []*schema.Table
	for _, name := range []string{"archives", "checkpoints", "processes"} {
		table, _ := schema.Lookup(name)
		tables = append(tables, table)
	}
	const runs = 40
	for _, keep := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "fleet.parquet")
		want := map[string][][]any{}
		for run := range runs {
			opts := sinks.Options{Tables: tables, RunID: fmt.Sprintf("run%d", run), KeepParts: keep}
			for table, rows := range sinktest.Export(t, kind, path, opts, 5, 100*run) {
				want[table] = append(want[table], rows...)
			}
		}
		for _, table := range tables {
			files := parts(t, path, table)
			if keep && len(files) != runs || !keep && len(files) > 16 {
				t.Errorf("%s has %d files, keep %v", table.Name, len(files), keep)
			}
			var got [][]any
			for _, part := range files {
				sinktest.CheckStatistics(t, part)
				got = append(got, readRows(t, part, table)...)
			}
			sinktest.Expect(t, table.Name, got, want[table.Name])
		}
		inspection, err := kind.Inspect(t.Context(), path)
		if err != nil || len(inspection.Findings) > 0 {
			t.Errorf("%v, %+v", err, inspection.Findings)
		}
	}
}
