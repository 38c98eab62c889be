package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/ckexport/ckexport/schema"
)

// Read reads columns of a Parquet file, all if columns is nil, batch by batch.
func Read(ctx context.Context, path string, columns []string, each func(arrow.RecordBatch) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("reading rows of %q: %w", path, err)
		}
	}()
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	props := parquet.NewReaderProperties(memory.DefaultAllocator)
	props.BufferedStreamEnabled = true // else a row group is read at once
	parts, err := file.NewParquetReader(f, file.WithReadProps(props))
	if err != nil {
		return err
	}
	defer parts.Close()
	reader, err := pqarrow.NewFileReader(parts, pqarrow.ArrowReadProperties{BatchSize: 1 << 16}, memory.DefaultAllocator)
	if err != nil {
		return err
	}
	var leaves []int
	if columns != nil {
		for i := range parts.MetaData().Schema.NumColumns() {
			if slices.Contains(columns, parts.MetaData().Schema.Column(i).Path()) {
				leaves = append(leaves, i)
			}
		}
	}
	records, err := reader.GetRecordReader(ctx, leaves, nil)
	if err != nil {
		return err
	}
	defer records.Release()
	for records.Next() {
		if err := each(records.RecordBatch()); err != nil {
			return err
		}
	}
	if err := records.Err(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// Conform gives rows read from a file the table's present schema; columns that the
// file lacks, as one of an earlier tool may, are NULL. The caller releases them.
func Conform(rows arrow.RecordBatch, table *schema.Table) (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, len(table.Columns))
	for i, c := range table.Columns {
		at := rows.Schema().FieldIndices(c.Name)
		if len(at) == 0 {
			columns[i] = array.MakeArrayOfNull(memory.DefaultAllocator, c.Type, int(rows.NumRows()))
			defer columns[i].Release()
			continue
		}
		columns[i] = rows.Column(at[0])
		if !arrow.TypeEqual(columns[i].DataType(), c.Type) {
			return nil, fmt.Errorf("column %s has type %v, expected %v", c.Name, columns[i].DataType(), c.Type)
		}
	}
	return array.NewRecordBatch(table.Schema(), columns, rows.NumRows()), nil
}
