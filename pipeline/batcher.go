package pipeline

import (
	"cmp"
	"context"
	"runtime"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/stage"
)

// A batch is cut at so many rows or bytes, whichever comes first; that is
// looked at after every few rows, which grow in number.
const (
	batchRows  = 64 << 10
	batchBytes = 256 << 10
	minAtOnce  = 16
	maxAtOnce  = 4 << 10
)

// tableBatch is a record batch of a table.
type tableBatch struct {
	table *schema.Table
	batch arrow.RecordBatch
}

// batcher gathers rows into batches per table. Rows wait until there are those of
// several archives: then the tables are filled side by side, each in the order of
// the rows.
type batcher struct {
	tables   []*schema.Table
	builders []*schema.Builder // as tables
	rows     map[string]uint64 // by table, so far
	batches  chan<- tableBatch
	waiting  []*schema.Rows
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

// count returns how many rows these are of tables whose rows belong to checkpoints.
func (b *batcher) count(rows *schema.Rows) uint64 {
	var n uint64
	for _, t := range b.tables {
		if t.Scope == schema.ScopeCheckpoint {
			n += uint64(t.Count(rows))
		}
	}
	return n
}

// append adds rows to those that wait.
func (b *batcher) append(rows []*schema.Rows) { b.waiting = append(b.waiting, rows...) }

// gather adds the rows that wait to the tables' batches, side by side, and passes on
// those that are full, in the order of the tables, whichever is ready first. Then
// nothing refers to the rows.
func (b *batcher) gather(ctx context.Context) error {
	full := make([][]arrow.RecordBatch, len(b.tables))
	var each errgroup.Group
	each.SetLimit(runtime.GOMAXPROCS(0))
	for i, n := range b.counts() {
		if n == 0 {
			continue
		}
		each.Go(func() error {
			stage.Begin(ctx, stage.Gather)
			return b.fill(i, func(batch arrow.RecordBatch) error {
				full[i] = append(full[i], batch)
				return nil
			})
		})
	}
	err := each.Wait()
	for i, batches := range full {
		for _, batch := range batches {
			err = cmp.Or(err, b.pass(ctx, i, batch))
		}
	}
	b.waiting = nil
	return err
}

// gatherLarge is gather of archives with many rows: it goes table by table, and lets go
// of the rows as it goes. Side by side, all of them would be in memory twice.
func (b *batcher) gatherLarge(ctx context.Context) error {
	for i, n := range b.counts() {
		if n == 0 {
			continue
		}
		if err := b.fill(i, func(batch arrow.RecordBatch) error { return b.pass(ctx, i, batch) }); err != nil {
			return err
		}
		for _, r := range b.waiting {
			b.tables[i].Drop(r)
		}
	}
	b.waiting = nil
	return nil
}

// counts returns how many rows wait, by table.
func (b *batcher) counts() []int {
	counts := make([]int, len(b.tables))
	for i, t := range b.tables {
		for _, r := range b.waiting {
			counts[i] += t.Count(r)
		}
		if counts[i] > 0 {
			b.rows[t.Name] += uint64(counts[i])
		}
	}
	return counts
}

// fill adds the rows of one table that wait to its batch, and passes on each that
// is full.
func (b *batcher) fill(i int, pass func(arrow.RecordBatch) error) error {
	t, builder := b.tables[i], b.builders[i]
	for _, r := range b.waiting {
		n, atOnce := t.Count(r), minAtOnce // more and more, as it shows how large they are
		for from := 0; from < n; {
			to := min(from+atOnce, n)
			builder.AppendRange(r, from, to)
			from, atOnce = to, min(4*atOnce, maxAtOnce)
			if builder.Len() < batchRows && builder.Bytes() < batchBytes {
				continue
			}
			if err := pass(builder.NewBatch()); err != nil {
				return err
			}
			atOnce = minAtOnce
		}
	}
	return nil
}

// flush passes on what is left of all tables.
func (b *batcher) flush(ctx context.Context) error {
	if err := b.gather(ctx); err != nil {
		return err
	}
	for i, builder := range b.builders {
		if builder.Len() == 0 {
			continue
		}
		if err := b.pass(ctx, i, builder.LastBatch()); err != nil {
			return err
		}
	}
	return nil
}

// pass passes on a batch of a table.
func (b *batcher) pass(ctx context.Context, i int, batch arrow.RecordBatch) error {
	select {
	case b.batches <- tableBatch{b.tables[i], batch}:
		return nil
	case <-ctx.Done():
		batch.Release()
		return ctx.Err()
	}
}
