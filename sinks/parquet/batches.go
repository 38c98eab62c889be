package parquet

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// gathering joins small batches to larger ones.
type gathering struct {
	each  func(arrow.RecordBatch) error
	limit int64

	held []arrow.RecordBatch
	rows int64
}

func (g *gathering) add(rows arrow.RecordBatch) error {
	for rows.NumRows() > 0 {
		n := min(g.limit-g.rows, rows.NumRows())
		g.held = append(g.held, rows.NewSlice(0, n))
		g.rows += n
		rows = rows.NewSlice(n, rows.NumRows())
		defer rows.Release()
		if g.rows == g.limit {
			if err := g.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *gathering) flush() error {
	if len(g.held) == 0 {
		return nil
	}
	batch, err := join(g.held)
	if err != nil {
		return err
	}
	defer batch.Release()
	g.release()
	return g.each(batch)
}

// join returns the rows of batches as one batch, which the caller releases.
func join(batches []arrow.RecordBatch) (arrow.RecordBatch, error) {
	if len(batches) == 1 {
		batches[0].Retain()
		return batches[0], nil
	}
	schema := batches[0].Schema()
	columns := make([]arrow.Array, schema.NumFields())
	pieces := make([]arrow.Array, len(batches))
	var rows int64
	for _, b := range batches {
		rows += b.NumRows()
	}
	for i := range columns {
		for j, b := range batches {
			pieces[j] = b.Column(i)
		}
		joined, err := array.Concatenate(pieces, memory.DefaultAllocator)
		if err != nil {
			return nil, fmt.Errorf("joining batches: %w", err)
		}
		defer joined.Release()
		columns[i] = joined
	}
	return array.NewRecordBatch(schema, columns, rows), nil
}

func (g *gathering) release() {
	for _, b := range g.held {
		b.Release()
	}
	g.held, g.rows = nil, 0
}
