package spool_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/sinktest"
	"github.com/ckexport/ckexport/sinks/spool"
)

const testdata = "../../testdata/archives"

// archiveRows is a sink that keeps the rows of a run.
type archiveRows map[*schema.Table][]arrow.RecordBatch

func (archiveRows) Footprint() sinks.Footprint                    { return sinks.Footprint{} }
func (archiveRows) Ledger(context.Context) (*sinks.Ledger, error) { return sinks.NewLedger(), nil }
func (archiveRows) Commit(context.Context) error                  { return nil }
func (archiveRows) Close() error                                  { return nil }

func (a archiveRows) Write(_ context.Context, t *schema.Table, rows arrow.RecordBatch) error {
	rows.Retain()
	a[t] = append(a[t], rows)
	return nil
}

// rowsOf returns the rows of the archives at a path, each archive's for itself.
func rowsOf(t testing.TB, path string) (all []archiveRows) {
	found, err := source.Find(t.Context(), []source.Provider{source.Local("")}, []string{path}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range found.Archives {
		rows := archiveRows{}
		if _, err := pipeline.Run(t.Context(), pipeline.Options{
			Archives: found.Archives[i : i+1], Tables: schema.Tables(), Sink: rows, Run: schema.Run{RunID: "run"},
			Limits: decode.DefaultLimits(), Jobs: 1, Log: slog.New(slog.DiscardHandler),
		}); err != nil {
			t.Fatal(err)
		}
		all = append(all, rows)
	}
	return all
}

func (a archiveRows) write(t testing.TB, dir string) []spool.Part {
	s := spool.New(dir, spool.Options{RunID: "run", Policy: sinks.Policy{AllLogLines: true}})
	for table, batches := range a {
		for _, rows := range batches {
			if err := s.Write(t.Context(), table, rows); err != nil {
				t.Fatal(err)
			}
		}
	}
	parts, err := s.Finish(t.Context(), schema.Tables())
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

// TestArchives checks that the files of each archive, and of all of them together, read
// back as what was written, with statistics that are right for another reader.
func TestArchives(t *testing.T) {
	archives := rowsOf(t, testdata)
	together := archiveRows{}
	for _, archive := range archives {
		for table, batches := range archive {
			together[table] = append(together[table], batches...)
		}
	}
	for _, archive := range append(archives, together) {
		dir := t.TempDir()
		parts := archive.write(t, dir)
		if len(parts) != len(archive) {
			t.Fatalf("%d files of %d tables", len(parts), len(archive))
		}
		for table, batches := range archive {
			path := filepath.Join(dir, table.Name, "part-run-000.parquet")
			sinktest.CheckStatistics(t, path)
			checkFile(t, path, table, batches)
		}
	}
}

// checkFile checks that a file has the rows of batches, and no others.
func checkFile(t *testing.T, path string, table *schema.Table, batches []arrow.RecordBatch) {
	t.Helper()
	f, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for key, want := range map[string]string{spool.KeyTable: table.Name, "ckexport.run_id": "run"} {
		if is := f.MetaData().KeyValueMetadata().FindValue(key); is == nil || *is != want {
			t.Errorf("%s: %s is not %q", path, key, want)
		}
	}
	if !spool.PolicyOf(f.MetaData().KeyValueMetadata()).AllLogLines {
		t.Errorf("%s does not tell of the policy", path)
	}
	reader, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	is, err := reader.Schema()
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range table.Columns {
		if field := is.Field(i); !arrow.TypeEqual(field.Type, table.Schema().Field(i).Type) {
			t.Fatalf("%s: column %s %s is %s %s", path, c.Name, c.Type, field.Name, field.Type)
		}
	}
	want, err := spool.Join(batches)
	if err != nil {
		t.Fatal(err)
	}
	sinktest.CheckRows(t, path, want)
}

// BenchmarkOneArchive writes the tables of a small archive, most of which have few
// rows or none.
func BenchmarkOneArchive(b *testing.B) {
	rows := rowsOf(b, testdata+"/checkpoint-web-7d4b9c6f5-x2x9q_shop-app-2026-11-23T14-34-49Z.tar")[0]
	columns := 0
	for t := range rows {
		columns += len(t.Columns)
	}
	b.ReportAllocs()
	for b.Loop() {
		rows.write(b, b.TempDir())
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*columns), "µs/column")
}
