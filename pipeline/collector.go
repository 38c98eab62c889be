package pipeline

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/stage"
)

// collector takes in decoded archives in the order of the inputs. It leaves out
// what the output has already, and keeps the ledger and the summary.
type collector struct {
	opts    Options
	ledger  *sinks.Ledger
	batcher *batcher
	summary Summary
	run     schema.Run
	shard   sinks.ShardSink // nil for a run that is not split

	differences []*schema.Rows // see tellDifference; of the archive at hand
}

func newCollector(opts Options, ledger *sinks.Ledger, batches chan<- tableBatch) *collector {
	b := newBatcher(opts.Tables, batches)
	shard, _ := opts.Sink.(sinks.ShardSink)
	return &collector{opts: opts, ledger: ledger, batcher: b, run: opts.Run, shard: shard, summary: Summary{RunID: opts.Run.RunID, Rows: b.rows, Problems: map[schema.Severity]map[string]int{}}}
}

// skipKnown returns the archives that must be opened, and reports the others.
func (c *collector) skipKnown() []source.Item {
	unknown := make([]source.Item, 0, len(c.opts.Archives))
	for _, a := range c.opts.Archives {
		if IsKnown(c.ledger, a) {
			c.report(Report{Archive: a, Status: Known})
		} else {
			unknown = append(unknown, a)
		}
	}
	return unknown
}

// collect takes in decoded archives until there are no more.
func (c *collector) collect(ctx context.Context, decoded <-chan decodedArchive, ahead *admission, spare *schema.SpareRows) error {
	stage.Begin(ctx, stage.Collect)
	waiting := waitingArchives{ahead: ahead, spare: spare, most: maxAhead * c.opts.Jobs / 2}
	defer waiting.release()
	err := inOrder(decoded, func(d decodedArchive) error {
		waiting.add(d.result)
		if c.shard == nil {
			c.archive(d)
		} else if err := c.see(d); err != nil {
			return err
		}
		if !waiting.isEnough() {
			return nil
		}
		defer waiting.release()
		if waiting.isLarge() {
			return c.batcher.gatherLarge(ctx)
		}
		return c.batcher.gather(ctx)
	})
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(c.run.Inputs) > 0 {
		c.run.FinishedAt = time.Now().UTC()
		c.batcher.append([]*schema.Rows{{Runs: []schema.Run{c.run}}})
	}
	return c.batcher.flush(ctx)
}

// inOrder calls do with decoded archives by their positions. After an
// interruption some are missing: those behind them come last.
func inOrder(decoded <-chan decodedArchive, do func(decodedArchive) error) error {
	early := map[int]decodedArchive{}
	next := 0
	for d := range decoded {
		early[d.position] = d
		for {
			d, ok := early[next]
			if !ok {
				break
			}
			delete(early, next)
			next++
			if err := do(d); err != nil {
				return err
			}
		}
	}
	for _, position := range slices.Sorted(maps.Keys(early)) {
		if err := do(early[position]); err != nil {
			return err
		}
	}
	return nil
}

// archive takes in one archive: the rows of its new checkpoints, and its row
// of the ledger.
func (c *collector) archive(d decodedArchive) {
	row := &d.result.Archive
	c.differences = nil
	rows, digests := c.newCheckpoints(d.result)
	c.summary.Checkpoints += len(rows)
	if len(d.result.Checkpoints) > 0 && len(rows) == 0 && row.Status == schema.StatusOK {
		row.Status = schema.StatusDuplicate
	}
	if len(d.result.Problems) > 0 {
		rows = append(rows, &schema.Rows{Problems: d.result.Problems})
	}
	c.countProblems(d.result)
	c.summary.BytesRead += row.BytesRead
	c.summary.ExpandedBytes += row.ExpandedBytes
	report := Report{Archive: d.archive, Status: row.Status, Error: deref(row.Error)}
	if isRecorded(c.ledger, row, d.archive.Version) {
		c.report(report) // an earlier run found the same and wrote it down
		return
	}
	if len(c.ledger.Archives) == 0 { // the first archive ever: what does not depend on archives goes along
		rows = append(rows, &schema.Rows{EnumValues: enumValues()})
	}
	for _, r := range rows {
		row.RowCount += c.batcher.count(r)
	}
	report.Rows = row.RowCount
	c.report(report)
	complete := c.complete(d)
	c.run.Inputs = append(c.run.Inputs, inputOf(complete))
	rows = append(append(rows, digests...), c.differences...)
	c.batcher.append(append(rows, c.record(complete, firstCheckpoint(d.result.Checkpoints))))
}

// firstCheckpoint returns the id of the first of them, empty for none.
func firstCheckpoint(checkpoints []*schema.Rows) string {
	if len(checkpoints) == 0 {
		return ""
	}
	return checkpoints[0].CheckpointID
}

// countProblems counts the archive's problems.
func (c *collector) countProblems(d *decode.Result) {
	c.summary.countProblems(d.Problems)
	for _, r := range slices.Concat(d.Checkpoints, c.differences) {
		c.summary.countProblems(r.Problems)
	}
}

// newCheckpoints returns the rows of the checkpoints that the output lacks,
// without those of tables addressed by content which it has, and what was read
// of the others.
func (c *collector) newCheckpoints(d *decode.Result) (rows, digests []*schema.Rows) {
	for i, r := range d.Checkpoints {
		if c.identify(&d.Archive, r, d.Digests[i]) {
			r.SeccompPrograms = slices.DeleteFunc(r.SeccompPrograms, c.hasProgram)
			rows = append(rows, r)
		} else {
			digests = append(digests, &schema.Rows{CheckpointID: r.CheckpointID, Digests: r.Digests})
		}
	}
	return rows, digests
}

// hasProgram reports whether the output, or the run, has a program already.
func (c *collector) hasProgram(p schema.SeccompProgram) bool {
	return !c.ledger.AddContent("seccomp_programs", sinks.ContentKeyOf(p.ProgramSHA256, p.ByteOrder))
}

// report counts an archive and tells of it.
func (c *collector) report(r Report) {
	c.summary.count(r.Status)
	if r.Status == schema.StatusPartial || r.Status == schema.StatusFailed {
		c.opts.Log.Error("archive "+string(r.Status), "archive", r.Archive.Name(), "error", r.Error)
	}
	if c.opts.OnArchive != nil {
		c.opts.OnArchive(r)
	}
}
