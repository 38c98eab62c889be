package pipeline_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// counting is a sink that counts the rows of each table.
type counting struct {
	discard
	rows map[string]int64
}

func (c *counting) Write(_ context.Context, table *schema.Table, batch arrow.RecordBatch) error {
	c.rows[table.Name] += batch.NumRows()
	return nil
}

// TestJobs exports with many workers what one exports: under the race detector,
// they must not meet anywhere else than where their rows are gathered.
func TestJobs(t *testing.T) {
	found, err := source.Find(t.Context(), []source.Provider{source.Local("")}, []string{"../testdata/archives"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rows := func(jobs int) map[string]int64 {
		sink := &counting{rows: map[string]int64{}}
		summary, err := pipeline.Run(t.Context(), pipeline.Options{
			Archives: found.Archives, Tables: schema.Tables(), Sink: sink, Run: schema.Run{RunID: "jobs"},
			Limits: decode.DefaultLimits(), PayloadLimit: 1000, Raw: true, Memory: schema.MemoryKinds(), Jobs: jobs, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil || summary.Bad() {
			t.Fatalf("%+v, %v", summary, err)
		}
		return sink.rows
	}
	if diff := cmp.Diff(rows(1), rows(8)); diff != "" {
		t.Errorf("rows of tables (-one worker +eight):\n%s", diff)
	}
}
