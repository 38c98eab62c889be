package pipeline

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// StagedRun is what the shards of a run have made.
type StagedRun interface {
	// Runs returns the rows of the shards in table runs, by their numbers.
	Runs() []schema.Run
	// Archives passes on what the shards saw, all together in the order of keys that
	// compare tells.
	Archives(ctx context.Context, compare func(key, other string) int) iter.Seq2[sinks.ShardArchive, error]
	// Write writes the rows that are staged to a sink, those of content that the
	// ledger has left out, and returns how many by table. ids has for each shard the
	// checkpoints whose rows get another checkpoint_id, or for an empty one none.
	Write(ctx context.Context, to sinks.Sink, ledger *sinks.Ledger, ids []map[string]string) (map[string]uint64, error)
}

// MergeOptions says how to commit what shards have staged.
type MergeOptions struct {
	Run    StagedRun
	Tables []*schema.Table
	Sink   sinks.Sink
	Log    *slog.Logger
}

// Merge writes what shards have staged to the sink and commits it. What becomes of
// each checkpoint is settled by the same code and in the same order as in one run
// over all archives: so is the output, but for run_id, times, and a row of runs for
// each shard.
func Merge(ctx context.Context, opts MergeOptions) (*Summary, error) {
	started := time.Now()
	ledger, err := opts.Sink.Ledger(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	batches := make(chan tableBatch, 1)
	m := &merge{
		collector: newCollector(Options{Tables: opts.Tables, Sink: opts.Sink, Log: opts.Log}, ledger, batches),
		runs:      opts.Run.Runs(),
	}
	for range m.runs {
		m.ids = append(m.ids, map[string]string{})
	}
	stages, stageCtx := errgroup.WithContext(ctx)
	stages.Go(func() error {
		defer close(batches)
		return m.settle(stageCtx, opts.Run)
	})
	stages.Go(func() error { return write(stageCtx, opts.Sink, batches) })
	err = stages.Wait()
	for b := range batches {
		b.batch.Release()
	}
	if err != nil {
		return nil, err
	}
	rows, err := opts.Run.Write(ctx, opts.Sink, ledger, m.ids)
	if err != nil {
		return nil, fmt.Errorf("writing what is staged: %w", err)
	}
	for table, n := range rows {
		m.summary.Rows[table] += n
	}
	if err := opts.Sink.Commit(ctx); err != nil {
		return nil, fmt.Errorf("committing: %w", err)
	}
	m.summary.Seconds = time.Since(started).Seconds()
	return &m.summary, nil
}

// merge settles what the shards left open.
type merge struct {
	*collector
	runs []schema.Run        // of the shards
	ids  []map[string]string // see StagedRun.Write
}

// gatherEvery is after how many archives rows are passed on.
const gatherEvery = 1000

// settle takes in what the shards saw.
func (m *merge) settle(ctx context.Context, from StagedRun) error {
	n := 0
	for seen, err := range from.Archives(ctx, source.CompareKeys) {
		if err != nil {
			return err
		}
		if err := m.archive(seen.Shard, &seen.SeenArchive); err != nil {
			return err
		}
		if n++; n%gatherEvery == 0 {
			if err := m.batcher.gather(ctx); err != nil {
				return err
			}
		}
	}
	for _, run := range m.runs {
		m.batcher.append([]*schema.Rows{{Runs: []schema.Run{run}}})
	}
	return m.batcher.flush(ctx)
}

// archive settles one archive, as collector.archive does in a run.
func (m *merge) archive(shard int, seen *sinks.SeenArchive) error {
	row, version := &seen.Archive, versionOf(&seen.Archive)
	if isKnown(m.ledger, row.Source, version) { // another run read it meanwhile
		m.leaveOut(shard, seen)
		m.summary.count(Known)
		return nil
	}
	m.opts.Run.RunID, m.differences = m.runs[shard].RunID, nil
	var rows []*schema.Rows
	first, isNew := "", false
	for i, c := range seen.Checkpoints {
		r := &schema.Rows{CheckpointID: c.ImagesID}
		kept := m.identify(row, r, c.Digest)
		if err := m.name(shard, seen, c, r.CheckpointID, kept); err != nil {
			return err
		}
		if kept {
			isNew = true
			m.summary.Checkpoints++
			row.RowCount += c.Rows
		}
		if i == 0 {
			first = r.CheckpointID
		}
		rows = append(rows, r)
	}
	if len(seen.Checkpoints) > 0 && !isNew && row.Status == schema.StatusOK {
		row.Status = schema.StatusDuplicate
	}
	m.summary.count(row.Status)
	m.summary.BytesRead += row.BytesRead
	m.summary.ExpandedBytes += row.ExpandedBytes
	if isRecorded(m.ledger, row, version) {
		m.leaveOut(shard, seen)
		return nil
	}
	if len(m.ledger.Archives) == 0 {
		rows = append(rows, &schema.Rows{EnumValues: enumValues()})
	}
	if len(seen.Problems) > 0 {
		ofArchive := &schema.Rows{Problems: seen.Problems}
		row.RowCount += m.batcher.count(ofArchive)
		rows = append(rows, ofArchive)
	}
	m.runs[shard].Inputs = append(m.runs[shard].Inputs, inputOf(*row))
	rows = append(rows, m.differences...)
	m.batcher.append(append(rows, m.record(*row, first)))
	return nil
}

// name notes the checkpoint_id of rows that are staged under another one.
func (m *merge) name(shard int, seen *sinks.SeenArchive, c sinks.SeenCheckpoint, id string, kept bool) error {
	switch {
	case !kept && c.StagedAs != "":
		m.ids[shard][c.StagedAs] = ""
	case kept && c.StagedAs == "": // what the shard knew it from is gone
		return fmt.Errorf("shard %d has no rows of a checkpoint in %q, which the output had when it ran: another output took its place since", shard, seen.Archive.Source)
	case kept && c.StagedAs != id:
		m.ids[shard][c.StagedAs] = id
	}
	return nil
}

// leaveOut leaves out the rows of an archive.
func (m *merge) leaveOut(shard int, seen *sinks.SeenArchive) {
	for _, c := range seen.Checkpoints {
		if c.StagedAs != "" {
			m.ids[shard][c.StagedAs] = ""
		}
	}
}

// versionOf returns the version that an archive had, as its row tells.
func versionOf(row *schema.Archive) archive.Version {
	v := archive.Version{Tag: deref(row.ETag)}
	if row.SizeBytes != nil {
		v.Size = int64(*row.SizeBytes)
	}
	if row.ModifiedAt != nil {
		v.ModTime = *row.ModifiedAt
	}
	return v
}
