package pipeline_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// discard is a sink that counts rows.
type discard struct{ rows int64 }

func (d *discard) Ledger(context.Context) (*sinks.Ledger, error) {
	return sinks.NewLedger(), nil
}

func (d *discard) Write(_ context.Context, _ *schema.Table, batch arrow.RecordBatch) error {
	d.rows += batch.NumRows()
	return nil
}

func (d *discard) Footprint() sinks.Footprint { return sinks.Footprint{} }

func (d *discard) Commit(context.Context) error { return nil }

func (d *discard) Close() error { return nil }

// BenchmarkRun reads testdata's archives into record batches.
func BenchmarkRun(b *testing.B) {
	ctx := context.Background()
	found, err := source.Find(ctx, []source.Provider{source.Local("")}, []string{"../testdata/archives"}, nil)
	if err != nil {
		b.Fatal(err)
	}
	var rows int64
	for b.Loop() {
		sink := &discard{}
		summary, err := pipeline.Run(ctx, pipeline.Options{
			Archives: found.Archives, Tables: schema.Tables(), Sink: sink, Run: schema.Run{RunID: "bench"},
			Limits: decode.DefaultLimits(), Jobs: 2, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil || summary.Bad() {
			b.Fatalf("%+v, %v", summary, err)
		}
		rows += sink.rows
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(len(found.Archives)*b.N)/b.Elapsed().Seconds(), "archives/s")
}
