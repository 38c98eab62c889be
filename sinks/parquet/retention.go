package parquet

import (
	"context"
	"errors"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/spool"
)

// errFound ends a look through a file.
var errFound = errors.New("found")

// holdsAny reports whether a file has rows of one of the checkpoints.
func holdsAny(ctx context.Context, path string, ids map[string]bool) (bool, error) {
	err := spool.Read(ctx, path, []string{schema.CheckpointID}, func(batch arrow.RecordBatch) error {
		column := batch.Column(0).(*array.String)
		for i := range column.Len() {
			if column.IsValid(i) && ids[column.Value(i)] {
				return errFound
			}
		}
		return nil
	})
	if errors.Is(err, errFound) {
		return true, nil
	}
	return false, err
}
