package spool

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// heldColumns are the columns of batches that follow one another. They are joined
// one by one, so that no more than one of them is in memory twice.
type heldColumns struct {
	schema *arrow.Schema
	pieces [][]arrow.Array // by column
	rows   int64
}

// columnsOf returns the columns of batches, which the caller may release.
func columnsOf(batches []arrow.RecordBatch) *heldColumns {
	h := &heldColumns{schema: batches[0].Schema(), pieces: make([][]arrow.Array, batches[0].NumCols())}
	for i := range h.pieces {
		h.pieces[i] = make([]arrow.Array, len(batches))
		for j, b := range batches {
			h.pieces[i][j] = b.Column(i)
			h.pieces[i][j].Retain()
		}
	}
	for _, b := range batches {
		h.rows += b.NumRows()
	}
	return h
}

// join returns a column, which the caller releases, and lets go of its pieces.
func (h *heldColumns) join(i int) (arrow.Array, error) {
	pieces := h.pieces[i]
	h.pieces[i] = nil
	if len(pieces) == 1 {
		return pieces[0], nil
	}
	defer releasePieces(pieces)
	joined, err := array.Concatenate(pieces, memory.DefaultAllocator)
	if err != nil {
		return nil, fmt.Errorf("joining batches: column %s: %w", h.schema.Field(i).Name, err)
	}
	return joined, nil
}

// Join returns the rows of batches as one batch, which the caller releases.
func Join(batches []arrow.RecordBatch) (arrow.RecordBatch, error) {
	h := columnsOf(batches)
	defer h.release()
	columns := make([]arrow.Array, len(h.pieces))
	for i := range columns {
		var err error
		if columns[i], err = h.join(i); err != nil {
			return nil, err
		}
		defer columns[i].Release()
	}
	return array.NewRecordBatch(h.schema, columns, h.rows), nil
}

// release lets go of the columns that were not joined.
func (h *heldColumns) release() {
	for _, pieces := range h.pieces {
		releasePieces(pieces)
	}
}

func releasePieces(pieces []arrow.Array) {
	for _, p := range pieces {
		p.Release()
	}
}
