package sinktest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// BenchmarkWriteProcesses writes and commits 200,000 rows of one wide table.
func BenchmarkWriteProcesses(b *testing.B, format sinks.Format) {
	const batches, rows = 20, 10_000
	processes, _ := schema.Lookup("processes")
	archives, _ := schema.Lookup("archives")
	var all []arrow.RecordBatch
	for i := range batches {
		all = append(all, likeReal(b, processes, rows, i*rows))
	}
	for b.Loop() {
		commit(b, format, []*schema.Table{archives, processes}, func(s sinks.Sink) error {
			for _, batch := range all {
				if err := s.Write(b.Context(), processes, batch); err != nil {
					return err
				}
			}
			return nil
		})
	}
	b.ReportMetric(float64(b.N)*batches*rows/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkCommitSmall commits what a run over 240 small archives has: every
// table, most with a few hundred rows.
func BenchmarkCommitSmall(b *testing.B, format sinks.Format) {
	large := map[string]int{"memory_mappings": 100_000, "log_lines": 50_000, "environment": 5_000, "file_descriptors": 5_000}
	tables := schema.Tables()
	batches := make([]arrow.RecordBatch, len(tables))
	for i, t := range tables {
		batches[i] = likeReal(b, t, max(500, large[t.Name]), 0)
	}
	for b.Loop() {
		commit(b, format, tables, func(s sinks.Sink) error {
			for i, t := range tables {
				if err := s.Write(b.Context(), t, batches[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// likeReal returns rows of checkpoints of 200 rows each.
func likeReal(b testing.TB, table *schema.Table, n, seed int) arrow.RecordBatch {
	b.Helper()
	builder := table.NewBuilder()
	for i := 0; i < n; i += 200 {
		builder.Append(rowsOf(b, table, min(200, n-i), seed+i))
	}
	batch := builder.NewBatch()
	b.Cleanup(batch.Release)
	return batch
}

func commit(b *testing.B, format sinks.Format, tables []*schema.Table, write func(sinks.Sink) error) {
	b.Helper()
	dir, err := os.MkdirTemp(b.TempDir(), "")
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(dir, "fleet"+format.Suffixes[0])
	s, err := format.Open(b.Context(), path, options("run1", tables))
	if err != nil {
		b.Fatal(err)
	}
	if err := write(s); err != nil {
		b.Fatal(err)
	}
	if err := s.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	closeSink(b, s)
	b.ReportMetric(float64(size(b, path)), "bytes")
	if err := os.RemoveAll(dir); err != nil {
		b.Fatal(fmt.Errorf("removing output: %w", err))
	}
}

// size returns the bytes of all files at or below path.
func size(b testing.TB, path string) (total int64) {
	b.Helper()
	for _, file := range files(b, path) {
		info, err := os.Stat(file)
		if err != nil {
			b.Fatal(err)
		}
		total += info.Size()
	}
	return total
}
