package shards

import (
	"context"
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
			n, err := w.write(ctx, r.place, p)
			if err != nil {
				return nil, fmt.Errorf("rows of %s of shard %d: %w", p.Table, m.Index, err)
			}
			written[p.Table] += n
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

func (w *partWriter) write(ctx context.Context, place sinks.StagingPlace, p spool.Part) (uint64, error) {
	t, ok := schema.Lookup(p.Table)
	if !ok || p.Columns != len(t.Columns) {
		return 0, fmt.Errorf("staged by another version of ckexport, with other columns")
	}
	w.table = t
	path, err := place.Local(ctx, p.Path)
	if err != nil {
		return 0, err
	}
	if info, err := os.Stat(path); err != nil {
		return 0, err
	} else if info.Size() != p.Bytes {
		return 0, fmt.Errorf("%s has %d bytes, its manifest says %d", p.Path, info.Size(), p.Bytes)
	}
	if t.Scope == schema.ScopeContent {
		return w.rows, spool.Read(ctx, path, nil, func(rows arrow.RecordBatch) error { return w.contents(ctx, rows) })
	}
	if parts, ok := w.to.(sinks.PartSink); ok {
		changes, err := w.changes(ctx, path)
		if err != nil {
			return 0, err
		}
		if !changes {
			return uint64(p.Rows), parts.AddPart(ctx, t, sinks.PartFile{Path: path, Rows: p.Rows, Bytes: p.Bytes, Columns: p.Columns, SHA256: p.SHA256})
		}
	}
	out := order.NewGathering(func(rows arrow.RecordBatch) error { return w.pass(ctx, rows) }, 1<<16)
	defer out.Release()
	err = spool.Read(ctx, path, nil, func(rows arrow.RecordBatch) error { return w.checkpoints(out, rows) })
	if err == nil {
		err = out.Flush()
	}
	return w.rows, err
}

// pass writes rows.
func (w *partWriter) pass(ctx context.Context, rows arrow.RecordBatch) error {
	w.rows += uint64(rows.NumRows())
	return w.to.Write(ctx, w.table, rows)
}

// changes reports whether a file has rows of checkpoints that get another id, or
// go.
func (w *partWriter) changes(ctx context.Context, path string) (bool, error) {
	if len(w.ids) == 0 {
		return false, nil
	}
	found := false
	err := spool.Read(ctx, path, []string{schema.CheckpointID}, func(rows arrow.RecordBatch) error {
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
