package decode_test

import (
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// TestSpareRows decodes archives into the memory of the rows of others: nothing of
// one may be seen in another.
func TestSpareRows(t *testing.T) {
	decodeAll := func(spare *schema.SpareRows, path string) []*schema.Rows {
		d := &decode.Decoder{
			Limits: decode.DefaultLimits(), Tables: schema.Tables(), Raw: true, AllLogLines: true, Memory: schema.MemoryKinds(), PayloadLimit: 1000, Spare: spare,
		}
		defer d.Close()
		result, err := d.Decode(t.Context(), source.Path(path))
		if err != nil {
			t.Fatal(err)
		}
		return result.Checkpoints
	}
	paths := archivesBelow(t, "../../testdata/archives")
	spare, reused := &schema.SpareRows{}, 0
	for _, path := range append(paths, paths...) {
		alone, again := decodeAll(nil, path), decodeAll(spare, path)
		if len(alone) != len(again) {
			t.Fatalf("%s: %d checkpoints, %d alone", filepath.Base(path), len(again), len(alone))
		}
		for i, rows := range again {
			for _, table := range schema.Tables() {
				want, got := batchOf(table, alone[i]), batchOf(table, rows)
				if !array.RecordEqual(want, got) {
					t.Errorf("%s: %s differs:\n%v\nalone:\n%v", filepath.Base(path), table.Name, got, want)
				}
			}
			if cap(rows.Processes) > len(rows.Processes) {
				reused++
			}
		}
		for _, rows := range again {
			spare.Put(rows)
		}
	}
	if reused == 0 {
		t.Error("no rows were put where others had been")
	}
}

func batchOf(table *schema.Table, rows *schema.Rows) arrow.RecordBatch {
	b := table.NewBuilder()
	b.Append(rows)
	return b.NewBatch()
}
