//go:build !noduckdb && !noiceberg

package iceberg

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/apache/iceberg-go"

	"github.com/ckexport/ckexport/sinks/internal/contents"
)

// BenchmarkManyFiles plans a query of a table with 100,000 files, of 20 runs: it
// finds the files of the current snapshot. docs/scale.md has what it says.
func BenchmarkManyFiles(b *testing.B) {
	const runs, perRun = 20, 5000
	path := filepath.Join(b.TempDir(), "fleet.iceberg")
	o, c := begun(b, path, "run0", 1)
	if err := o.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := o.Close(); err != nil {
		b.Fatal(err)
	}
	_ = c
	w, err := openWarehouse(files{dir: path})
	if err != nil {
		b.Fatal(err)
	}
	archives := w.tables[contents.Archives]
	real, err := w.dataFiles(archives.CurrentSnapshot())
	if err != nil {
		b.Fatal(err)
	}
	var last time.Duration
	for run := range runs {
		var added []iceberg.DataFile
		for i := range perRun {
			location := fmt.Sprintf("%s/data/part-run%d-%03d.parquet", archives.Location(), run+1, i)
			builder, err := iceberg.NewDataFileBuilder(archives.Spec(), iceberg.EntryContentData, location, iceberg.ParquetFile, nil, nil, nil, real[0].Count(), real[0].FileSizeBytes())
			if err != nil {
				b.Fatal(err)
			}
			added = append(added, builder.ColumnSizes(real[0].ColumnSizes()).ValueCounts(real[0].ValueCounts()).NullValueCounts(real[0].NullValueCounts()).
				LowerBoundValues(real[0].LowerBoundValues()).UpperBoundValues(real[0].UpperBoundValues()).Build())
		}
		began := time.Now()
		txn := archives.NewTransaction()
		if err := txn.AddDataFiles(b.Context(), added, iceberg.Properties{keyRunID: fmt.Sprint("run", run+1)}); err != nil {
			b.Fatal(err)
		}
		if archives, err = txn.Commit(b.Context()); err != nil {
			b.Fatal(err)
		}
		last = time.Since(began)
	}
	planned := 0
	for b.Loop() {
		w, err := openWarehouse(files{dir: path})
		if err != nil {
			b.Fatal(err)
		}
		found, err := w.dataFiles(w.visible(w.tables[contents.Archives]))
		if err != nil {
			b.Fatal(err)
		}
		planned = len(found)
	}
	if planned != runs*perRun+len(real) {
		b.Fatalf("%d files", planned)
	}
	b.ReportMetric(float64(last.Milliseconds()), "ms/commit")
	for name, pattern := range map[string]string{"metadata": "v*.metadata.json", "list": "snap-*.avro", "manifest": "*-m*.avro"} {
		found, err := filepath.Glob(filepath.Join(path, namespace, contents.Archives, metadataDir, pattern))
		if err != nil || len(found) == 0 {
			b.Fatal(pattern, err)
		}
		var largest int64
		for _, file := range found {
			info, err := os.Stat(file)
			if err != nil {
				b.Fatal(err)
			}
			largest = max(largest, info.Size())
		}
		b.ReportMetric(float64(largest), name+"-bytes")
	}
}
