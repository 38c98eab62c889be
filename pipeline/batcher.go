package pipeline

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// A batch is cut at so many rows or bytes, whichever comes first; that is
// looked at after every few rows, which grow in number.
const (
	batchRows  = 64 << 10
	batchBytes = 512 << 10
	minAtOnce  = 16
	maxAtOnce  = 4 << 10
)

// batcher gathers the rows of archives into batches per table, leaves out
// checkpoints that the output has, and keeps the ledger.
type batcher struct {
	opts     Options
	ledger   *sinks.Ledger
	batches  chan<- tableBatch
	tables   []*schema.Table
	builders []*schema.Builder // as tables
	summary  Summary
	run      schema.Run
}

func newBatcher(opts Options, ledger *sinks.Ledger, batches chan<- tableBatch) *batcher {
	b := &batcher{opts: opts, ledger: ledger, batches: batches, run: opts.Run, summary: Summary{RunID: opts.Run.RunID, Rows: map[string]uint64{}}}
	hasLedger := false
	for _, t := range opts.Tables {
		b.add(t)
		hasLedger = hasLedger || t.Name == "archives"
	}
	if !hasLedger {
		if t, ok := schema.Lookup("archives"); ok {
			b.add(t)
		}
	}
	return b
}

func (b *batcher) add(t *schema.Table) {
	b.tables = append(b.tables, t)
	b.builders = append(b.builders, t.NewBuilder())
}

// setKnownAside returns the archives that must be opened, and reports the
// others.
func (b *batcher) setKnownAside() []source.Archive {
	unknown := make([]source.Archive, 0, len(b.opts.Archives))
	for _, a := range b.opts.Archives {
		if IsKnown(b.ledger, a) {
			b.report(Report{Archive: a, Status: Known})
		} else {
			unknown = append(unknown, a)
		}
	}
	return unknown
}

// report counts an archive and tells of it.
func (b *batcher) report(r Report) {
	switch r.Status {
	case decode.StatusOK:
		b.summary.OK++
	case decode.StatusPartial:
		b.summary.Partial++
	case decode.StatusFailed:
		b.summary.Failed++
	case decode.StatusDuplicate:
		b.summary.Duplicate++
	case Known:
		b.summary.Known++
	}
	if r.Status == decode.StatusPartial || r.Status == decode.StatusFailed {
		b.opts.Log.Error("archive "+r.Status, "archive", r.Archive.Path, "error", r.Error)
	}
	if b.opts.OnArchive != nil {
		b.opts.OnArchive(r)
	}
}

// gather takes in decoded archives, in the order of the inputs, until there
// are no more. It gives their places ahead back.
func (b *batcher) gather(ctx context.Context, decoded <-chan decodedArchive, ahead *places) error {
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
			if err := b.archive(ctx, d); err != nil {
				return err
			}
			ahead.giveBack(d.result.Memory)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, position := range slices.Sorted(maps.Keys(early)) { // after an interruption some are missing
		if err := b.archive(ctx, early[position]); err != nil {
			return err
		}
	}
	if len(b.run.Inputs) > 0 {
		b.run.FinishedAt = time.Now().UTC()
		if err := b.append(ctx, []*schema.Rows{{Runs: []schema.Run{b.run}}}); err != nil {
			return err
		}
	}
	for i := range b.builders {
		if err := b.flush(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// archive takes in one archive: the rows of its new checkpoints, and its row
// of the ledger.
func (b *batcher) archive(ctx context.Context, d decodedArchive) error {
	row := &d.result.Archive
	var rows []*schema.Rows
	for _, c := range d.result.Checkpoints {
		if !b.ledger.Checkpoints[c.CheckpointID] {
			b.ledger.Checkpoints[c.CheckpointID] = true
			c.SeccompPrograms = slices.DeleteFunc(c.SeccompPrograms, b.hasProgram)
			rows = append(rows, c)
		}
	}
	status := row.Status
	if len(d.result.Checkpoints) > 0 && len(rows) == 0 && status == decode.StatusOK {
		row.Status = decode.StatusDuplicate
	}
	if len(d.result.Problems) > 0 {
		rows = append(rows, &schema.Rows{Problems: d.result.Problems})
	}
	b.summary.BytesRead += row.BytesRead
	b.summary.ExpandedBytes += row.ExpandedBytes
	report := Report{Archive: d.archive, Status: row.Status, Error: deref(row.Error)}
	if b.isRecorded(d) {
		b.report(report) // an earlier run found the same and wrote it down
		return nil
	}
	if len(b.ledger.Archives) == 0 { // the first archive ever: what does not depend on archives goes along
		rows = append(rows, &schema.Rows{EnumValues: enumValues()})
	}
	for _, r := range rows {
		b.summary.Checkpoints += len(r.Checkpoints)
		for _, t := range b.tables {
			if !t.Global {
				row.RowCount += uint64(t.Count(r))
			}
		}
	}
	report.Rows = row.RowCount
	b.report(report)
	return b.append(ctx, append(rows, b.ledgerRows(d)))
}

// hasProgram reports whether the output, or the run, has a program already.
func (b *batcher) hasProgram(p schema.SeccompProgram) bool {
	return !b.ledger.AddContent("seccomp_programs", sinks.ContentKeyOf(p.ProgramSHA256, p.ByteOrder))
}

// append adds rows to the tables' batches, and passes on those that are full.
// It lets go of the rows table by table: a large archive has many.
func (b *batcher) append(ctx context.Context, rows []*schema.Rows) error {
	for i, t := range b.tables {
		for _, r := range rows {
			n := t.Count(r)
			if n == 0 {
				continue
			}
			b.summary.Rows[t.Name] += uint64(n)
			if err := b.appendTable(ctx, i, r, n); err != nil {
				return err
			}
			t.Drop(r)
		}
	}
	return nil
}

// appendTable adds the n rows of one table: more and more at a time, as it
// shows how large they are.
func (b *batcher) appendTable(ctx context.Context, i int, r *schema.Rows, n int) error {
	atOnce := minAtOnce
	for from := 0; from < n; {
		to := min(from+atOnce, n)
		b.builders[i].AppendRange(r, from, to)
		from, atOnce = to, min(4*atOnce, maxAtOnce)
		if b.builders[i].Len() >= batchRows || b.builders[i].Bytes() >= batchBytes {
			if err := b.flush(ctx, i); err != nil {
				return err
			}
			atOnce = minAtOnce
		}
	}
	return nil
}

// isRecorded reports whether the ledger tells the same of an archive that
// could not be read in full: then there is nothing to add.
func (b *batcher) isRecorded(d decodedArchive) bool {
	row, ok := b.ledger.Archives[decode.SourceText(d.archive.Path)]
	return ok && d.result.Archive.Status != decode.StatusOK && isUnchanged(row, d.archive) &&
		row.Status == d.result.Archive.Status && row.Error == deref(d.result.Archive.Error)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// ledgerRows makes the archive's row of the ledger.
func (b *batcher) ledgerRows(d decodedArchive) *schema.Rows {
	row := d.result.Archive
	row.RunID, row.ToolVersion, row.SchemaVersion = b.opts.Run.RunID, b.opts.Run.ToolVersion, schema.Version
	if row.SizeBytes == nil { // a folder, or a file that could not be opened
		row.SizeBytes = &d.archive.SizeBytes
	}
	if row.ModifiedAt == nil {
		modified := d.archive.ModTime.UTC()
		row.ModifiedAt = &modified
	}
	r := &schema.Rows{Archives: []schema.Archive{row}}
	b.run.Inputs = append(b.run.Inputs, schema.RunInput{Source: row.Source, SizeBytes: row.SizeBytes, SHA256: row.SHA256, Status: row.Status})
	if len(d.result.Checkpoints) > 0 {
		r.CheckpointID = d.result.Checkpoints[0].CheckpointID
	}
	b.ledger.Archives[row.Source] = sinks.LedgerArchive{
		SizeBytes: *row.SizeBytes, ModifiedAt: *row.ModifiedAt, Status: row.Status, Error: deref(row.Error), CheckpointID: r.CheckpointID,
	}
	return r
}

// flush passes the rows of a table on as a batch.
func (b *batcher) flush(ctx context.Context, i int) error {
	if b.builders[i].Len() == 0 {
		return nil
	}
	batch := b.builders[i].NewBatch()
	select {
	case b.batches <- tableBatch{b.tables[i], batch}:
		return nil
	case <-ctx.Done():
		batch.Release()
		return ctx.Err()
	}
}

// enumValues makes the rows of enum_values.
func enumValues() []schema.EnumValue {
	var rows []schema.EnumValue
	for _, e := range criu.Enums() {
		for value, name := range e.Names {
			rows = append(rows, schema.EnumValue{Domain: e.Domain, Value: value, Name: name, Source: e.Source})
		}
	}
	for _, f := range criu.FlagSets() {
		for _, b := range f.Bits {
			rows = append(rows, schema.EnumValue{Domain: f.Domain, Value: b.Value, IsFlag: true, Name: b.Name, Source: f.Source})
		}
	}
	slices.SortFunc(rows, func(a, b schema.EnumValue) int {
		return cmp.Or(cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Name, b.Name))
	})
	return rows
}
