package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/cmd/ckbench/measure"
	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/spool"
)

// keep is a sink that keeps the batches of a run in memory.
type keep struct {
	batches []tableBatch
	rows    int64
}

type tableBatch struct {
	table *schema.Table
	batch arrow.RecordBatch
}

func (k *keep) Ledger(context.Context) (*sinks.Ledger, error) {
	return sinks.NewLedger(), nil
}

func (k *keep) Footprint() sinks.Footprint { return sinks.Footprint{} }

func (k *keep) Write(_ context.Context, table *schema.Table, batch arrow.RecordBatch) error {
	batch.Retain()
	k.batches = append(k.batches, tableBatch{table, batch})
	k.rows += batch.NumRows()
	return nil
}

func (k *keep) Commit(context.Context) error { return nil }

func (k *keep) Close() error { return nil }

// batchesOf decodes a folder of archives into the batches of a run.
func batchesOf(ctx context.Context, dir string) (*keep, error) {
	found, err := source.Find(ctx, []source.Provider{source.Local("")}, []string{dir}, nil)
	if err != nil {
		return nil, err
	}
	k := &keep{}
	summary, err := pipeline.Run(ctx, pipeline.Options{
		Archives: found.Archives, Tables: schema.Tables(), Sink: k, Run: schema.Run{RunID: "bench"},
		Limits: decode.DefaultLimits(), Jobs: runtime.GOMAXPROCS(0), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	if summary.Bad() {
		return nil, fmt.Errorf("%d archives of %q are not whole", summary.Partial+summary.Failed, dir)
	}
	return k, nil
}

// compareEncoding writes the batches of a folder of archives as Parquet files:
// with ckexport's spool, and with arrow-go's writer and nothing else, which
// has the same compression, index and number of goroutines, but no Bloom
// filters.
func compareEncoding(ctx context.Context, dir, scratch string, reps int) (*measure.Comparison, error) {
	k, err := batchesOf(ctx, dir)
	if err != nil {
		return nil, err
	}
	plain, err := k.plain(ctx)
	if err != nil {
		return nil, err
	}
	c := &measure.Comparison{Rows: k.rows}
	c.Ours, c.Bare, err = alternate(reps, scratch,
		func(out string) error { c.Bytes[0], err = k.spool(ctx, out, false); return err },
		func(out string) error { return plain.writeBare(ctx, out, &c.Bytes[1]) })
	return c, err
}

// plain returns the same batches with texts as they are instead of ckexport's
// dictionaries: what a writer would be given that knows nothing of these.
func (k *keep) plain(ctx context.Context) (*keep, error) {
	p := &keep{rows: k.rows}
	for _, b := range k.batches {
		columns := slices.Clone(b.batch.Columns())
		for i, c := range b.table.Columns {
			if arrow.TypeEqual(columns[i].DataType(), c.Type) {
				continue
			}
			texts, err := compute.CastArray(ctx, columns[i], compute.SafeCastOptions(c.Type))
			if err != nil {
				return nil, err
			}
			columns[i] = texts
		}
		p.batches = append(p.batches, tableBatch{b.table, array.NewRecordBatch(b.table.Schema(), columns, b.batch.NumRows())})
	}
	return p, nil
}

// alternate runs two things in turn, each in a new folder, and returns the
// medians of their seconds.
func alternate(reps int, scratch string, one, other func(out string) error) (float64, float64, error) {
	var seconds [2][]float64
	for range reps {
		for i, do := range []func(string) error{one, other} {
			out, err := os.MkdirTemp(scratch, "")
			if err != nil {
				return 0, 0, err
			}
			runtime.GC()
			started := time.Now()
			if err := do(out); err != nil {
				return 0, 0, err
			}
			seconds[i] = append(seconds[i], time.Since(started).Seconds())
			if err := os.RemoveAll(out); err != nil {
				return 0, 0, err
			}
		}
	}
	return measure.Median(seconds[0]), measure.Median(seconds[1]), nil
}

// spool writes the batches as ckexport does, for a dataset or as scratch for a
// database, and returns the bytes.
func (k *keep) spool(ctx context.Context, dir string, scratch bool) (bytes int64, err error) {
	s := spool.New(dir, spool.Options{RunID: "bench", Version: "bench", Scratch: scratch})
	defer func() { err = errors.Join(err, s.Abandon()) }()
	for _, b := range k.batches {
		if err := s.Write(ctx, b.table, b.batch); err != nil {
			return 0, err
		}
	}
	parts, err := s.Finish(ctx, schema.Tables())
	for _, p := range parts {
		bytes += p.Bytes
	}
	return bytes, err
}

// writeBare writes a file per table with arrow-go.
func (k *keep) writeBare(ctx context.Context, dir string, bytes *int64) error {
	tables := map[*schema.Table][]arrow.RecordBatch{}
	for _, b := range k.batches {
		tables[b.table] = append(tables[b.table], b.batch)
	}
	group, _ := errgroup.WithContext(ctx)
	group.SetLimit(2 * runtime.GOMAXPROCS(0))
	sizes := make(chan int64, len(tables))
	for table, batches := range tables {
		group.Go(func() error {
			size, err := writeBareFile(filepath.Join(dir, table.Name+".parquet"), batches)
			sizes <- size
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	*bytes = 0
	for range tables {
		*bytes += <-sizes
	}
	return nil
}

func writeBareFile(path string, batches []arrow.RecordBatch) (size int64, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()                     // again where the writer has done so
	const groupRows, level = 491_520, 1 // as ckexport
	w, err := pqarrow.NewFileWriter(batches[0].Schema(), struct{ io.Writer }{f}, pq.NewWriterProperties(
		pq.WithCompression(compress.Codecs.Zstd), pq.WithCompressionLevel(level), pq.WithPageIndexEnabled(true), pq.WithMaxRowGroupLength(groupRows),
	), pqarrow.DefaultWriterProps())
	if err != nil {
		return 0, err
	}
	for _, b := range batches {
		if err := w.WriteBuffered(b); err != nil {
			return 0, errors.Join(err, w.Close())
		}
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
