package pipeline_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// remembering is a sink that has a ledger of its own for all runs.
type remembering struct {
	discard
	ledger *sinks.Ledger
}

func (r *remembering) Ledger(context.Context) (*sinks.Ledger, error) { return r.ledger, nil }

// exported runs over archives with one job per CPU.
func exported(t *testing.T, sink sinks.Sink, archives []source.Item) *pipeline.Summary {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	summary, err := pipeline.Run(ctx, pipeline.Options{
		Archives: archives, Tables: schema.Tables(), Sink: sink, Run: schema.Run{RunID: "run"}, Limits: decode.DefaultLimits(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil || summary.Bad() || summary.Interrupted {
		t.Fatalf("%+v, %v", summary, err)
	}
	return summary
}

// TestKnown exports archives again: those are known whose versions the ledger
// can tell to be the same.
func TestKnown(t *testing.T) {
	found, err := source.Find(t.Context(), []source.Provider{source.Local("")}, []string{"../testdata/archives"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	archives, sink := found.Archives, &remembering{ledger: sinks.NewLedger()}
	if first := exported(t, sink, archives); first.OK != len(archives) || sink.rows != int64(first.RowCount()) {
		t.Errorf("%+v; the sink got %d rows", first, sink.rows)
	}
	archives[0].Version.Size++
	archives[1].Version.ModTime = archives[1].Version.ModTime.Add(time.Microsecond)
	archives[2].Version.Tag = "an ETag" // which the ledger has no column for
	if again := exported(t, sink, archives); again.Duplicate != 3 || again.Known != len(archives)-3 || again.Checkpoints != 0 {
		t.Errorf("%+v", again)
	}
}

// failing is a sink that fails after some batches.
type failing struct {
	discard
	batches int
}

var errFull = errors.New("full")

func (f *failing) Write(context.Context, *schema.Table, arrow.RecordBatch) error {
	if f.batches--; f.batches < 0 {
		return errFull
	}
	return nil
}

// TestSinkFails: the error of a sink ends the run, whatever the other stages
// are at.
func TestSinkFails(t *testing.T) {
	found, err := source.Find(t.Context(), []source.Provider{source.Local("")}, []string{"../testdata/archives"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, batches := range []int{0, 1, 20} {
		_, err := pipeline.Run(t.Context(), pipeline.Options{
			Archives: found.Archives, Tables: schema.Tables(), Sink: &failing{batches: batches}, Run: schema.Run{RunID: "run"},
			Limits: decode.DefaultLimits(), Jobs: 2, Log: slog.New(slog.DiscardHandler),
		})
		if !errors.Is(err, errFull) {
			t.Errorf("after %d batches: %v", batches, err)
		}
	}
}
