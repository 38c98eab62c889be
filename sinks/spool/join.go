package spool

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Join returns the rows of batches as one batch, which the caller releases.
func Join(batches []arrow.RecordBatch) (arrow.RecordBatch, error) {
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
