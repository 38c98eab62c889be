// Package pipeline is a run: it fans out over archives, decodes them side by
// side, gathers their rows into record batches, and commits them to one sink
// together. Bounded channels stand between the stages, so that a slow sink
// slows the readers down instead of filling memory:
//
//	archives ──▶ workers ──▶ collector ──▶ writer
//	             decode      batches       sink
package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/pprof"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/redact"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/pipeline/yara"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/stage"
)

// DefaultPayloadLimit is the usual PayloadLimit of runs that export contents.
const DefaultPayloadLimit = 64 << 10

// Options says what a run does.
type Options struct {
	Archives []source.Item
	Tables   []*schema.Table // tables to fill; the ledger is written in any case
	// Sink is where rows go. With a sinks.ShardSink the run is a shard: duplicates
	// are left for Merge to settle, and archives must be in the order of their keys.
	Sink sinks.Sink
	// Run is the run's row: who, where, how. Run fills in the rest of it. Its
	// labels are those of the checkpoints too.
	Run schema.Run
	Raw bool // fill image_entries
	// AllLogLines fills log_lines with every line, see decode.Decoder.
	AllLogLines bool
	Memory      []string    // kinds of content of memory to look for, see decode.Decoder
	Rules       *yara.Rules // to scan memory and other content with, nil for none
	SHA256      bool        // fill archives.sha256: archives are read whole
	// Digests is what another output has read of checkpoints, as sinks.Ledger has
	// it: what equals it gets the same id here.
	Digests map[string][]sinks.Digest
	// WholePages has all pages of memory read and digested.
	WholePages bool
	Limits     decode.Limits
	// PayloadLimit is how many bytes of each queue, pipe, deleted file and the
	// like are exported; 0 exports none.
	PayloadLimit int64
	// Redaction replaces secrets before anything is written; nil for none.
	Redaction *redact.Redaction
	Jobs      int // archives decoded at a time; 0 for one per CPU
	Log       *slog.Logger
	// Replaces says that the sink puts the run's rows in the place of others: these stay
	// where ctx ends.
	Replaces bool
	// OnArchive is called after each archive, also known ones, by one goroutine.
	OnArchive func(Report)
}

// Run exports the archives and commits what was exported. Archives that cannot
// be read are part of the summary and the output; an error means that the run
// itself failed and nothing of it is visible. When ctx ends, no archive is
// begun any more, those being read are given up, and the others are committed,
// unless they were to replace rows.
func Run(ctx context.Context, opts Options) (*Summary, error) {
	started := time.Now()
	if opts.Jobs < 1 {
		opts.Jobs = runtime.GOMAXPROCS(0)
	}
	ledger, err := opts.Sink.Ledger(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	for images, digests := range opts.Digests {
		ledger.Digests[images] = append(ledger.Digests[images], digests...)
	}
	batches := make(chan tableBatch, opts.Jobs)
	c := newCollector(opts, ledger, batches)
	if err := runStages(ctx, opts, c, batches); err != nil {
		return nil, err
	}
	if (c.shard != nil || opts.Replaces) && ctx.Err() != nil { // half a shard is none, nor is half of an output
		return nil, ctx.Err()
	}
	stage.Begin(ctx, stage.Commit)
	defer pprof.SetGoroutineLabels(ctx)
	if err := opts.Sink.Commit(context.WithoutCancel(ctx)); err != nil {
		return nil, fmt.Errorf("committing: %w", err)
	}
	c.summary.Interrupted = ctx.Err() != nil
	c.summary.Seconds = time.Since(started).Seconds()
	return &c.summary, nil
}

// runStages runs until all archives are with the sink. When ctx ends, reading
// does, and the later stages finish what was read; an error ends all stages.
func runStages(ctx context.Context, opts Options, c *collector, batches chan tableBatch) error {
	stages, stageCtx := errgroup.WithContext(context.WithoutCancel(ctx))
	reading, stopReading := context.WithCancel(stageCtx)
	defer stopReading()
	defer context.AfterFunc(ctx, stopReading)()

	ahead := newAdmission(maxAhead * opts.Jobs)
	spare := &schema.SpareRows{}
	jobs := make(chan job)
	decoded := make(chan decodedArchive, opts.Jobs)
	unknown := c.skipKnown()
	stages.Go(func() error {
		defer close(jobs)
		feed(reading, unknown, jobs, ahead)
		return nil
	})
	var workers errgroup.Group
	for range opts.Jobs {
		workers.Go(func() error { return decodeAll(reading, stageCtx, opts, jobs, decoded, ahead, spare) })
	}
	stages.Go(func() error {
		defer close(decoded)
		return workers.Wait()
	})
	stages.Go(func() error {
		defer close(batches)
		return c.collect(stageCtx, decoded, ahead, spare)
	})
	stages.Go(func() error { return write(stageCtx, opts.Sink, batches) })
	err := stages.Wait()
	for b := range batches { // that the writer did not get to, after an error
		b.batch.Release()
	}
	return err
}

// job is an archive to decode, with its position in the order.
type job struct {
	position int
	archive  source.Item
}

// feed hands out the archives, as far as they are admitted, until ctx ends.
func feed(ctx context.Context, archives []source.Item, jobs chan<- job, ahead *admission) {
	for i, a := range archives {
		if ahead.acquire(ctx) != nil {
			return
		}
		select {
		case jobs <- job{i, a}:
		case <-ctx.Done():
			return
		}
	}
}

// decodedArchive is an archive with what was found in it.
type decodedArchive struct {
	job
	result *decode.Result
}

// decodeAll is one worker: it decodes archives until there are no more, or
// reading is to end.
func decodeAll(reading, stageCtx context.Context, opts Options, jobs <-chan job, decoded chan<- decodedArchive, ahead *admission, spare *schema.SpareRows) error {
	stage.Begin(reading, stage.Decode)
	d := &decode.Decoder{
		Limits: opts.Limits, Labels: opts.Run.Labels, Tables: opts.Tables, Raw: opts.Raw, AllLogLines: opts.AllLogLines, PayloadLimit: opts.PayloadLimit,
		SHA256: opts.SHA256, WholePages: opts.WholePages, Memory: opts.Memory, Rules: opts.Rules, Spare: spare,
	}
	defer d.Close()
	var redactor *redact.Redactor
	if opts.Redaction != nil {
		redactor = opts.Redaction.Redactor()
	}
	for j := range jobs {
		result, err := d.Decode(reading, j.archive)
		if err != nil {
			return nil // reading ended: what is half read does not count
		}
		if redactor != nil {
			redactor.Redact(&result.Archive, result.Checkpoints, result.Problems)
			redactor.RedactDigests(result.Digests)
		}
		ahead.charge(result.Memory)
		select {
		case decoded <- decodedArchive{j, result}:
		case <-stageCtx.Done():
			return stageCtx.Err()
		}
	}
	return nil
}

// write is the last stage: the sink.
func write(ctx context.Context, sink sinks.Sink, batches <-chan tableBatch) error {
	stage.Begin(ctx, stage.Write)
	for b := range batches {
		err := sink.Write(ctx, b.table, b.batch)
		b.batch.Release()
		if err != nil {
			return fmt.Errorf("writing table %s: %w", b.table.Name, err)
		}
	}
	return nil
}
