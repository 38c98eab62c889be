package pipeline

import (
	"context"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
)

// A batch is cut at so many rows or bytes, whichever comes first; that is
// looked at after every few rows, which grow in number.
const (
	batchRows  = 64 << 10
	batchBytes = 512 << 10
	minAtOnce  = 16
	maxAtOnce  = 4 << 10
)

// tableBatch is a record batch of a table.
type tableBatch struct {
	table *schema.Table
	batch arrow.RecordBatch
}

// batcher gathers rows into batches per table.
type batcher struct {
	tables   []*schema.Table
	builders []*schema.Builder // as tables
	rows     map[string]uint64 // by table, so far
	batches  chan<- tableBatch
}

// newBatcher fills batches of these tables, and of the ledger in any case.
func newBatcher(tables []*schema.Table, batches chan<- tableBatch) *batcher {
	b := &batcher{rows: map[string]uint64{}, batches: batches}
	for _, t := range tables {
		b.add(t)
	}
	for _, t := range schema.Tables() {
		if t.Scope == schema.ScopeArchive && !slices.Contains(tables, t) {
			b.add(t)
		}
	}
	return b
}

func (b *batcher) add(t *schema.Table) {
	b.tables = append(b.tables, t)
	b.builders = append(b.builders, t.NewBuilder())
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
			b.rows[t.Name] += uint64(n)
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
			if err := b.flushTable(ctx, i); err != nil {
				return err
			}
			atOnce = minAtOnce
		}
	}
	return nil
}

// flush passes on what is left of all tables.
func (b *batcher) flush(ctx context.Context) error {
	for i := range b.builders {
		if err := b.flushTable(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// flushTable passes the rows of a table on as a batch.
func (b *batcher) flushTable(ctx context.Context, i int) error {
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
