package parquet

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/sinks/spool"
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
	batch, err := spool.Join(g.held)
	if err != nil {
		return err
	}
	defer batch.Release()
	g.release()
	return g.each(batch)
}

func (g *gathering) release() {
	for _, b := range g.held {
		b.Release()
	}
	g.held, g.rows = nil, 0
}
