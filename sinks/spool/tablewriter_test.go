package spool

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/parquet/file"
	pq "github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

// TestRelieve checks that row groups that are ended early to free memory are
// never empty, lose no row, and that parts are cut by their number.
func TestRelieve(t *testing.T) {
	table, _ := schema.Lookup("annotations")
	dir := t.TempDir()
	w := &tableWriter{table: table, encoder: newEncoder(), path: func(n int) string { return filepath.Join(dir, strconv.Itoa(n)) }}
	const batches, rows = 3 * partGroups, 10
	for range batches {
		batch := annotations(table, rows)
		if err := w.add(batch); err != nil {
			t.Fatal(err)
		}
		batch.Release()
		if err := w.writeRowGroup(); err != nil {
			t.Fatal(err)
		}
		if held := w.heldRows; held != 0 {
			t.Fatalf("%d rows are still held", held)
		}
	}
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
	if len(w.parts) < 2 {
		t.Errorf("%d row groups stand in %d parts", batches, len(w.parts))
	}
	total := int64(0)
	for _, d := range w.parts {
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
		if r.NumRowGroups() > partGroups {
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
	if w.heldBytes != 0 {
		t.Errorf("%d bytes are still held", w.heldBytes)
	}
}

// annotations returns n rows of table annotations.
func annotations(table *schema.Table, n int) arrow.RecordBatch {
	b := table.NewBuilder()
	b.Append(&schema.Rows{CheckpointID: "a", Annotations: make([]schema.Annotation, n)})
	return b.NewBatch()
}

// TestSideBySide checks that rows keep their order where row groups of one table
// are encoded side by side, however long each takes, and stand in complete files.
func TestSideBySide(t *testing.T) {
	table, _ := schema.Lookup("annotations")
	dir := t.TempDir()
	var encoders errgroup.Group
	w := &tableWriter{
		table: table, encoder: newEncoder(), path: func(n int) string { return filepath.Join(dir, strconv.Itoa(n)) },
		encode: func(_ int64, write func() error) error {
			encoders.Go(func() error {
				time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
				return write()
			})
			time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
			return nil
		},
	}
	const groups, rows = 60, 5
	for g := range groups {
		r := &schema.Rows{CheckpointID: "a"}
		for i := range rows {
			r.Annotations = append(r.Annotations, schema.Annotation{Key: strconv.Itoa(g*rows + i)})
		}
		b := table.NewBuilder()
		b.Append(r)
		batch := b.NewBatch()
		if err := errors.Join(w.add(batch), w.writeRowGroup()); err != nil {
			t.Fatal(err)
		}
		batch.Release()
	}
	if err := errors.Join(encoders.Wait(), w.finish()); err != nil {
		t.Fatal(err)
	}
	if len(w.parts) <= groups/partGroups {
		t.Errorf("%d parts: nothing was encoded side by side", len(w.parts))
	}
	next := 0
	for _, p := range w.parts {
		keys, err := pq.ReadFile[struct {
			Key string `parquet:"key"`
		}](p.path)
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(keys)) != p.rows {
			t.Errorf("%s: %d rows, want %d", p.path, len(keys), p.rows)
		}
		for _, k := range keys {
			if k.Key != strconv.Itoa(next) {
				t.Fatalf("%s: key %s follows %d", p.path, k.Key, next-1)
			}
			next++
		}
	}
	if next != groups*rows {
		t.Errorf("%d rows, want %d", next, groups*rows)
	}
}

// TestDictionaries checks with another implementation that every row group of a
// file has its own texts, whatever was in those before, and that the statistics
// readers skip rows by tell the truth.
func TestDictionaries(t *testing.T) {
	table, _ := schema.Lookup("container_log_lines")
	path := filepath.Join(t.TempDir(), "lines.parquet")
	w := &tableWriter{table: table, encoder: newEncoder(), path: func(int) string { return path }, single: &FileOptions{
		Footer: func() ([][2]string, error) { return nil, nil }, Stamp: func(*os.File, string) error { return nil },
	}}
	var want []schema.ContainerLogLine
	for group := range 3 {
		for batch := range 2 {
			rows := &schema.Rows{CheckpointID: strconv.Itoa(group)}
			for i := range 200 {
				line := schema.ContainerLogLine{Member: strconv.Itoa(7*group + i%3), Message: schema.Text{}}
				if stream := strconv.Itoa(10*batch + i/50); i%4 > 0 && group > 0 {
					line.Stream = &stream
				}
				rows.ContainerLogLines = append(rows.ContainerLogLines, line)
			}
			want = append(want, rows.ContainerLogLines...)
			b := table.NewBuilder()
			b.Append(rows)
			made := b.NewBatch()
			if batch == 1 { // as rows are read from a file
				made = plain(t, table, made)
			}
			if err := w.add(made); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.writeRowGroup(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}

	parts := sinktest.OpenParquet(t, path)
	for name, text := range map[string]func(int) *string{
		schema.CheckpointID: func(i int) *string { id := strconv.Itoa(i / 400); return &id },
		"member":            func(i int) *string { return &want[i].Member },
		"stream":            func(i int) *string { return want[i].Stream },
	} {
		at := slices.IndexFunc(table.Columns, func(c schema.Column) bool { return c.Name == name })
		row := 0
		for _, group := range parts.RowGroups() {
			chunk := group.ColumnChunks()[at]
			index, err := chunk.ColumnIndex()
			if err != nil {
				t.Fatal(err)
			}
			pages := chunk.Pages()
			for page := 0; ; page++ {
				p, err := pages.ReadPage()
				if errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				values := make([]pq.Value, p.NumValues())
				if n, err := p.Values().ReadValues(values); n != len(values) || err != nil && !errors.Is(err, io.EOF) {
					t.Fatalf("%d of %d values: %v", n, len(values), err)
				}
				nulls := int64(0)
				for _, v := range values {
					expected := text(row)
					row++
					if v.IsNull() != (expected == nil) || expected != nil && v.String() != *expected {
						t.Fatalf("%s, row %d: %v", name, row, v)
					}
					if v.IsNull() {
						nulls++
						continue
					}
					if v.String() < index.MinValue(page).String() || v.String() > index.MaxValue(page).String() || index.NullPage(page) {
						t.Fatalf("%s, row %d: %v is not from %v to %v", name, row, v, index.MinValue(page), index.MaxValue(page))
					}
				}
				if got := index.NullCount(page); got != nulls {
					t.Errorf("%s: %d NULLs in a page, want %d", name, got, nulls)
				}
			}
			if err := pages.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if row != len(want) {
			t.Errorf("%s: %d rows, want %d", name, row, len(want))
		}
	}
}

// plain returns rows as they are read from a file: without dictionaries.
func plain(t *testing.T, table *schema.Table, batch arrow.RecordBatch) arrow.RecordBatch {
	t.Helper()
	columns := slices.Clone(batch.Columns())
	for i, c := range table.Columns {
		column, err := compute.CastArray(t.Context(), columns[i], compute.SafeCastOptions(c.Type))
		if err != nil {
			t.Fatal(err)
		}
		columns[i] = column
	}
	return array.NewRecordBatch(table.Schema(), columns, batch.NumRows())
}
