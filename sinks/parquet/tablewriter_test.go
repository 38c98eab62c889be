package parquet

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/ckexport/ckexport/schema"
)

// TestRelieve checks that row groups that are ended early to free memory are
// never empty, lose no row, and that parts are cut by their number.
func TestRelieve(t *testing.T) {
	table, _ := schema.Lookup("annotations")
	dir := t.TempDir()
	w := &tableWriter{table: table, path: func(n int) string { return filepath.Join(dir, strconv.Itoa(n)) }}
	const batches, rows = 3 * partGroups, 10
	for range batches {
		batch := annotations(table, rows)
		if err := w.add(batch); err != nil {
			t.Fatal(err)
		}
		batch.Release()
		if err := w.relieve(); err != nil {
			t.Fatal(err)
		}
		if held := w.heldRows(); held != 1 {
			t.Fatalf("%d rows held back", held)
		}
	}
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
	if len(w.done) < 2 {
		t.Errorf("%d row groups stand in %d parts", batches, len(w.done))
	}
	total := int64(0)
	for _, d := range w.done {
		f, err := os.Open(d.path)
		if err != nil {
			t.Fatal(err)
		}
		r, err := file.NewParquetReader(f)
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.NumRowGroups() {
			if r.MetaData().RowGroup(i).NumRows() == 0 {
				t.Errorf("%s: row group %d is empty", d.path, i)
			}
		}
		if r.NumRowGroups() > partGroups+1 {
			t.Errorf("%s: %d row groups", d.path, r.NumRowGroups())
		}
		if r.NumRows() != d.rows {
			t.Errorf("%s: %d rows, want %d", d.path, r.NumRows(), d.rows)
		}
		total += r.NumRows()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if total != batches*rows {
		t.Errorf("%d rows, want %d", total, batches*rows)
	}
	if w.heldBytes != 0 || w.bytes() != 0 {
		t.Errorf("%d bytes are still held", w.bytes())
	}
}

// annotations returns n rows of table annotations.
func annotations(table *schema.Table, n int) arrow.RecordBatch {
	b := table.NewBuilder()
	b.Append(&schema.Rows{CheckpointID: "a", Annotations: make([]schema.Annotation, n)})
	return b.NewBatch()
}
