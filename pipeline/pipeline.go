// Package pipeline is a run: it fans out over archives, decodes them side by
// side, gathers their rows into record batches, and commits them to one sink
// together. Bounded channels stand between the stages, so that a slow sink
// slows the readers down instead of filling memory:
//
//	archives ──▶ workers ──▶ batcher ──▶ writer
//	             decode      per table   sink
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/redact"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// Options says what a run does.
type Options struct {
	Archives []source.Archive
	Tables   []*schema.Table // tables to fill; the ledger is written in any case
	Sink     sinks.Sink
	// Run is the run's row: who, where, how. Run fills in the rest of it. Its
	// labels are those of the checkpoints too.
	Run    schema.Run
	Raw    bool // fill image_entries
	SHA256 bool // fill archives.sha256: archives are read whole
	Limits decode.Limits
	// PayloadLimit is how many bytes of each queue, pipe, deleted file and the
	// like are exported; 0 exports none.
	PayloadLimit int64
	// Redaction replaces secrets before anything is written; nil for none.
	Redaction *redact.Redaction
	Jobs      int // archives decoded at a time, at least 1
	Log       *slog.Logger
	// OnArchive is called after each archive, also known ones, by one goroutine.
	OnArchive func(Report)
}

// Report says what became of one archive.
type Report struct {
	Archive source.Archive
	Status  schema.Status // or Known
	Error   string
	Rows    uint64
}

// Known is the status of archives that an earlier run exported.
const Known = "known"

// Summary says what a run did.
type Summary struct {
	RunID         string            `json:"run_id"`
	OK            int               `json:"archives_ok"`
	Partial       int               `json:"archives_partial"`
	Failed        int               `json:"archives_failed"`
	Duplicate     int               `json:"archives_duplicate"`
	Known         int               `json:"archives_known"`
	Checkpoints   int               `json:"checkpoints"`
	Rows          map[string]uint64 `json:"rows"`
	BytesRead     uint64            `json:"bytes_read"`
	ExpandedBytes uint64            `json:"bytes_expanded"`
	Seconds       float64           `json:"seconds"`
	Interrupted   bool              `json:"interrupted"`
}

// Bad reports whether an archive failed or is partial.
func (s *Summary) Bad() bool { return s.Failed+s.Partial > 0 }

// RowCount returns the rows of all tables.
func (s *Summary) RowCount() uint64 {
	var n uint64
	for _, rows := range s.Rows {
		n += rows
	}
	return n
}

// IsKnown reports whether the ledger has the archive, unchanged and exported
// in full: then it need not be opened again.
func IsKnown(ledger *sinks.Ledger, a source.Archive) bool {
	row, ok := ledger.Archives[decode.SourceText(a.Path)]
	return ok && (row.Status == schema.StatusOK || row.Status == schema.StatusDuplicate) && isUnchanged(row, a)
}

func isUnchanged(row sinks.LedgerArchive, a source.Archive) bool {
	return row.SizeBytes == a.SizeBytes && row.ModifiedAt.Equal(a.ModTime.Truncate(time.Microsecond))
}

// Run exports the archives and commits what was exported. Archives that cannot
// be read are part of the summary and the output; an error means that the run
// itself failed and nothing of it is visible. When ctx ends, no archive is
// begun any more, those being read are given up, and the others are committed.
func Run(ctx context.Context, opts Options) (*Summary, error) {
	started := time.Now()
	ledger, err := opts.Sink.Ledger(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	// The stages end by themselves when ctx does; only an error in one of
	// them stops the others.
	stages, stageCtx := errgroup.WithContext(context.WithoutCancel(ctx))
	work := make(chan job)
	decoded := make(chan decodedArchive, opts.Jobs)
	ahead := newPlaces(window * opts.Jobs)
	batches := make(chan tableBatch, opts.Jobs)

	b := newBatcher(opts, ledger, batches)
	unknown := b.setKnownAside()
	stages.Go(func() error {
		defer close(work)
		return feed(ctx, stageCtx, unknown, work, ahead)
	})
	workers, workCtx := errgroup.WithContext(stageCtx)
	for range max(opts.Jobs, 1) {
		workers.Go(func() error { return decodeAll(ctx, workCtx, opts, work, decoded, ahead) })
	}
	stages.Go(func() error {
		defer close(decoded)
		return workers.Wait()
	})
	stages.Go(func() error {
		defer close(batches)
		return b.gather(stageCtx, decoded, ahead)
	})
	stages.Go(func() error { return write(stageCtx, opts.Sink, batches) })
	if err := stages.Wait(); err != nil {
		return nil, err
	}
	if err := opts.Sink.Commit(context.WithoutCancel(ctx)); err != nil {
		return nil, fmt.Errorf("committing: %w", err)
	}
	b.summary.Interrupted = ctx.Err() != nil
	b.summary.Seconds = time.Since(started).Seconds()
	return &b.summary, nil
}

// job is an archive to decode, with its place in the order.
type job struct {
	position int
	archive  source.Archive
}

// feed hands out the archives; it takes a place ahead for each.
func feed(ctx, stageCtx context.Context, archives []source.Archive, work chan<- job, ahead *places) error {
	for i, a := range archives {
		select {
		case <-ahead.free():
			ahead.take()
		case <-ctx.Done():
			return nil
		case <-stageCtx.Done():
			return stageCtx.Err()
		}
		select {
		case work <- job{i, a}:
		case <-ctx.Done():
			return nil
		case <-stageCtx.Done():
			return stageCtx.Err()
		}
	}
	return nil
}

// decodedArchive is an archive with what was found in it.
type decodedArchive struct {
	job
	result *decode.Result
}

// decodeAll is one worker: it decodes archives until there are no more, or the
// run is to end.
func decodeAll(ctx, stageCtx context.Context, opts Options, work <-chan job, decoded chan<- decodedArchive, ahead *places) error {
	d := &decode.Decoder{Limits: opts.Limits, Labels: opts.Run.Labels, Raw: opts.Raw, PayloadLimit: opts.PayloadLimit, SHA256: opts.SHA256}
	var redactor *redact.Redactor
	if opts.Redaction != nil {
		redactor = opts.Redaction.Redactor()
	}
	for j := range work {
		result, err := d.Decode(ctx, j.archive.Path)
		if err != nil { // only the end of ctx
			if ctx.Err() != nil {
				continue
			}
			return fmt.Errorf("decoding %q: %w", j.archive.Path, err)
		}
		if redactor != nil {
			redactor.Redact(&result.Archive, result.Checkpoints, result.Problems)
		}
		ahead.hold(result.Memory)
		select {
		case decoded <- decodedArchive{j, result}:
		case <-stageCtx.Done():
			return stageCtx.Err()
		}
	}
	return nil
}

// tableBatch is a record batch of a table.
type tableBatch struct {
	table *schema.Table
	batch arrow.RecordBatch
}

// write is the last stage: the sink.
func write(ctx context.Context, sink sinks.Sink, batches <-chan tableBatch) error {
	var failed error
	for b := range batches {
		if failed == nil {
			if err := sink.Write(ctx, b.table, b.batch); err != nil {
				failed = fmt.Errorf("writing table %s: %w", b.table.Name, err)
			}
		}
		b.batch.Release()
		if failed != nil {
			return errors.Join(failed, drain(batches))
		}
	}
	return nil
}

// drain releases what is still on its way, so that the stage before can end.
func drain(batches <-chan tableBatch) error {
	for {
		select {
		case b, ok := <-batches:
			if !ok {
				return nil
			}
			b.batch.Release()
		default:
			return nil
		}
	}
}

// TableNames returns the names of tables, sorted.
func TableNames(tables []*schema.Table) []string {
	names := map[string]bool{}
	for _, t := range tables {
		names[t.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}
