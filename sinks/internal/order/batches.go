package order

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/sinks/spool"
)

// Gathering joins small batches to larger ones.
type Gathering struct {
	each  func(arrow.RecordBatch) error
	limit int64

	held []arrow.RecordBatch
	rows int64
}

// NewGathering returns one that passes on batches of limit rows.
func NewGathering(each func(arrow.RecordBatch) error, limit int64) *Gathering {
	return &Gathering{each: each, limit: limit}
}

// Add takes rows; the caller may release them.
func (g *Gathering) Add(rows arrow.RecordBatch) error {
	for rows.NumRows() > 0 {
		n := min(g.limit-g.rows, rows.NumRows())
		g.held = append(g.held, rows.NewSlice(0, n))
		g.rows += n
		rows = rows.NewSlice(n, rows.NumRows())
		defer rows.Release()
		if g.rows == g.limit {
			if err := g.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Flush passes on what is left.
func (g *Gathering) Flush() error {
	if len(g.held) == 0 {
		return nil
	}
	batch, err := spool.Join(g.held)
	if err != nil {
		return err
	}
	defer batch.Release()
	g.Release()
	return g.each(batch)
}

// Release lets go of what was not passed on.
func (g *Gathering) Release() {
	for _, b := range g.held {
		b.Release()
	}
	g.held, g.rows = nil, 0
}
