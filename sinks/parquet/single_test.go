package parquet

import (
	"errors"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/spool"
)

// TestConform covers rows of a file made before a column existed.
func TestConform(t *testing.T) {
	table, _ := schema.Lookup("annotations")
	older := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(table.Schema().Fields()[1:], nil)) // without checkpoint_id
	defer older.Release()
	for _, column := range older.Fields() {
		column.AppendEmptyValues(3)
	}
	batch := older.NewRecordBatch()
	defer batch.Release()
	rows, err := spool.Conform(batch, table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	if !rows.Schema().Equal(table.Schema()) || rows.Column(0).NullN() != 3 || rows.Column(1).NullN() != 0 {
		t.Errorf("got %v", rows)
	}
	if err := canConform("out.parquet", []string{"kind", "key", "value"}, table); err != nil {
		t.Errorf("a column that may be NULL is missing: %v", err)
	}
	if err := canConform("out.parquet", []string{"checkpoint_id", "kind"}, table); !errors.As(err, new(*sinks.RefusedError)) {
		t.Errorf("a column that may not be NULL is missing: %v", err)
	}
}
