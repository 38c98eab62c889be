package sinktest

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// CheckRows checks that arrow-go reads the rows want from a Parquet file, and no others.
func CheckRows(t testing.TB, path string, want arrow.RecordBatch) {
	t.Helper()
	f, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	reader, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	is, err := reader.ReadTable(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer is.Release()
	if is.NumRows() != want.NumRows() || is.NumCols() != want.NumCols() {
		t.Fatalf("%s: %d of %d rows in %d of %d columns", path, is.NumRows(), want.NumRows(), is.NumCols(), want.NumCols())
	}
	for i := range int(is.NumCols()) {
		name, row := want.ColumnName(i), 0
		if field := is.Schema().Field(i); field.Name != name {
			t.Fatalf("%s: column %s is %s", path, name, field.Name)
		}
		for _, chunk := range is.Column(i).Data().Chunks() {
			for j := range chunk.Len() {
				if a, b := chunk.ValueStr(j), want.Column(i).ValueStr(row); a != b {
					t.Fatalf("%s: row %d: %s is %s, not %s", path, row, name, a, b)
				}
				row++
			}
		}
	}
}
