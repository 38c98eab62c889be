package shards

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
	"github.com/ckexport/ckexport/sinks/internal/order"
	"github.com/ckexport/ckexport/sinks/spool"
)

// Write writes the rows of all shards to a sink; see pipeline.StagedRun.
func (r *Run) Write(ctx context.Context, to sinks.Sink, known *sinks.Ledger, ids []map[string]string) (map[string]uint64, error) {
	written := map[string]uint64{}
	for i, m := range r.shards {
		for _, p := range m.Parts {
			w := partWriter{to: to, known: known, ids: ids[i]}
			if err := w.write(ctx, r.place, p); err != nil {
				return nil, fmt.Errorf("rows of %s of shard %d: %w", p.Table, m.Index, err)
			}
			written[p.Table] += w.rows
		}
	}
	return written, nil
}

// partWriter writes the rows of a file.
type partWriter struct {
	to    sinks.Sink
	known *sinks.Ledger
	ids   map[string]string
	table *schema.Table
	rows  uint64
}

func (w *partWriter) write(ctx context.Context, place sinks.StagingPlace, p spool.Part) error {
	var ok bool
	if w.table, ok = schema.Lookup(p.Table); !ok || p.Columns != len(w.table.Columns) {
		return errors.New("another version of ckexport staged them, with other columns")
	}
	part := sinks.PartFile{
		Local: func(ctx context.Context) (string, error) { return localPart(ctx, place, p) },
		URL:   place.URL(p.Path), Rows: p.Rows, Bytes: p.Bytes, Columns: p.Columns, SHA256: p.SHA256,
	}
	if w.table.Scope == schema.ScopeContent {
		return w.each(ctx, part, func(rows arrow.RecordBatch) error { return w.contents(ctx, rows) })
	}
	changes, err := w.changes(ctx, part)
	if err != nil {
		return err
	}
	if parts, ok := w.to.(sinks.PartSink); ok && !changes {
		w.rows = uint64(p.Rows)
		return parts.AddPart(ctx, w.table, part)
	}
	out := order.NewGathering(func(rows arrow.RecordBatch) error { return w.pass(ctx, rows) }, 1<<16)
	defer out.Release()
	if err := w.each(ctx, part, func(rows arrow.RecordBatch) error { return w.checkpoints(out, rows) }); err != nil {
		return err
	}
	return out.Flush()
}

// localPart returns the path of a file on this machine, which must have its size.
func localPart(ctx context.Context, place sinks.StagingPlace, p spool.Part) (string, error) {
	path, err := place.Local(ctx, p.Path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	if err == nil && info.Size() != p.Bytes {
		err = fmt.Errorf("%s has %d bytes, its manifest says %d", p.Path, info.Size(), p.Bytes)
	}
	return path, err
}

// each passes on the rows of a file.
func (w *partWriter) each(ctx context.Context, part sinks.PartFile, do func(arrow.RecordBatch) error) error {
	path, err := part.Local(ctx)
	if err != nil {
		return err
	}
	return spool.Read(ctx, path, nil, do)
}

// pass writes rows.
func (w *partWriter) pass(ctx context.Context, rows arrow.RecordBatch) error {
	w.rows += uint64(rows.NumRows())
	return w.to.Write(ctx, w.table, rows)
}

// changes reports whether a file has rows of checkpoints that get another id, or
// go.
func (w *partWriter) changes(ctx context.Context, part sinks.PartFile) (bool, error) {
	if len(w.ids) == 0 {
		return false, nil
	}
	path, err := part.Local(ctx)
	if err != nil {
		return false, err
	}
	found := false
	err = spool.Read(ctx, path, []string{schema.CheckpointID}, func(rows arrow.RecordBatch) error {
		for _, s := range order.Stretches(w.table, rows) {
			_, changes := w.ids[s.ID]
			found = found || changes
			s.Rows.Release()
		}
		return nil
	})
	return found, err
}

// checkpoints passes on rows with the ids that they are to have.
func (w *partWriter) checkpoints(out *order.Gathering, rows arrow.RecordBatch) error {
	for _, s := range order.Stretches(w.table, rows) {
		defer s.Rows.Release()
		id, changes := w.ids[s.ID]
		if changes && id == "" {
			continue
		}
		if changes {
			s.Rows = renamed(s.Rows, id)
			defer s.Rows.Release()
		}
		if err := out.Add(s.Rows); err != nil {
			return err
		}
	}
	return nil
}

// renamed returns rows with another checkpoint_id.
func renamed(rows arrow.RecordBatch, id string) arrow.RecordBatch {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	for range rows.NumRows() {
		b.Append(id)
	}
	ids := b.NewArray()
	defer ids.Release()
	columns := append([]arrow.Array{ids}, rows.Columns()[1:]...)
	return array.NewRecordBatch(rows.Schema(), columns, rows.NumRows())
}

// contents passes on rows of a table addressed by content that the output lacks.
func (w *partWriter) contents(ctx context.Context, rows arrow.RecordBatch) error {
	return ledger.EachContent(w.table, rows, func(row int, key sinks.ContentKey) error {
		if !w.known.AddContent(w.table.Name, key) {
			return nil
		}
		one := rows.NewSlice(int64(row), int64(row)+1)
		defer one.Release()
		return w.pass(ctx, one)
	})
}
