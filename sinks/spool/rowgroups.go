package spool

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/ckexport/ckexport/schema"
)

// rowGroups writes record batches to a Parquet file, a row group each.
//
// It does what pqarrow.FileWriter does, which it replaces because of the
// statistics of dictionaries: in arrow-go 18.8 ByteArrayStatistics.UpdateFromArrow
// passes over empty texts, so that readers that skip by statistics don't find
// them, and writeDictionaryArrow counts the values of all pages for the first.
// Where both are mended, pqarrow.FileWriter does, and leaves.go and writeTexts go.
type rowGroups struct {
	*file.Writer
	table   *schema.Table
	scratch bool
	// properties are those of the column that is being written. arrow-go looks at
	// them whenever it begins a column of a row group.
	properties *parquet.WriterProperties
}

func newRowGroups(w io.Writer, table *schema.Table, scratch bool) (*rowGroups, error) {
	properties := writerProperties(table, scratch)
	columns, err := pqarrow.ToParquet(table.BatchSchema(), properties, pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, err
	}
	writer, err := file.NewParquetWriterWithError(w, columns.Root(), file.WithWriterProps(properties))
	if err != nil {
		return nil, err
	}
	return &rowGroups{writer, table, scratch, properties}, nil
}

// write writes a row group, column by column: each is let go of when it is written.
func (g *rowGroups) write(rows *heldColumns) error {
	group, err := g.AppendRowGroupChecked()
	if err != nil {
		return err
	}
	ctx := pqarrow.NewArrowWriteContext(context.Background(), nil)
	written := 0 // of Parquet's columns
	for i := range g.table.Columns {
		c := &g.table.Columns[i]
		column, err := rows.join(i)
		if err != nil {
			return err
		}
		n, err := g.writeColumn(ctx, group, c, column, written)
		column.Release()
		if err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
		written += n
	}
	return group.Close()
}

// writeColumn writes a column of a row group, and returns how many of Parquet's
// columns that were. first is the number of the first of these.
func (g *rowGroups) writeColumn(ctx context.Context, group file.SerialRowGroupWriter, c *schema.Column, column arrow.Array, first int) (int, error) {
	leaves, err := leavesOf(column, c.Nullable)
	if err != nil {
		return 0, err
	}
	own := columnProperties(c, g.scratch, column)
	for i, l := range leaves {
		if isMisread(l.values) {
			own = append(own, parquet.WithStatsFor(g.Schema.Column(first+i).Path(), false))
		}
	}
	*g.properties = *writerProperties(g.table, g.scratch, own...)
	for _, l := range leaves {
		part, err := group.NextColumn()
		if err != nil {
			return 0, err
		}
		if err := l.write(ctx, part); err != nil {
			return 0, err
		}
	}
	return len(leaves), nil
}

// isMisread reports whether there are unsigned numbers above the signed maximum:
// their statistics are left out. Their order is the unsigned one, but readers
// without unsigned types take a bound above it for a negative number: Trino fails
// with "corrupted statistics", or finds nothing
// (https://github.com/trinodb/trino/issues/27274).
func isMisread(values arrow.Array) bool {
	switch v := values.(type) {
	case *array.Uint32:
		return slices.ContainsFunc(v.Uint32Values(), func(n uint32) bool { return n > math.MaxInt32 })
	case *array.Uint64:
		return slices.ContainsFunc(v.Uint64Values(), func(n uint64) bool { return n > math.MaxInt64 })
	}
	return false
}

// write writes all values of a column of a row group.
func (l leaf) write(ctx context.Context, column file.ColumnChunkWriter) error {
	if texts, ok := l.values.(*array.Dictionary); ok {
		if dictionary, ok := column.CurrentEncoder().(dictionaryEncoder); ok {
			return l.writeTexts(column, dictionary, texts)
		}
	}
	return pqarrow.WriteArrowToColumn(ctx, column, l.values, l.definition, l.repetition, l.nullable)
}

// dictionaryEncoder is what arrow-go's encoders of dictionaries have.
type dictionaryEncoder interface {
	PutDictionary(arrow.Array) error
	NumEntries() int
}

// writeTexts writes texts that repeat, no more at a time than arrow-go puts into
// a page in one go, so that a page has the statistics of its own texts.
func (l leaf) writeTexts(column file.ColumnChunkWriter, dictionary dictionaryEncoder, texts *array.Dictionary) error {
	if err := dictionary.PutDictionary(texts.Dictionary()); err != nil {
		return err
	}
	if n := texts.Dictionary().Len(); dictionary.NumEntries() != n {
		return fmt.Errorf("a dictionary of %d texts has %d distinct ones", n, dictionary.NumEntries())
	}
	batch := int(column.Properties().WriteBatchSize())
	for from := 0; from < texts.Len(); from += batch {
		to := min(from+batch, texts.Len())
		if statistics, ok := column.PageStatistics().(*metadata.ByteArrayStatistics); ok {
			countTexts(statistics, texts, from, to)
		}
		var definition []int16
		if l.definition != nil {
			definition = l.definition[from:to]
		}
		indices := array.NewSlice(texts.Indices(), int64(from), int64(to))
		err := column.WriteDictIndices(indices, definition, nil)
		indices.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// countTexts adds some of the texts to the statistics of a page.
func countTexts(statistics *metadata.ByteArrayStatistics, texts *array.Dictionary, from, to int) {
	values := texts.Dictionary().(*array.String)
	var least, greatest string
	counted, last := int64(0), -1
	for i := from; i < to; i++ {
		if texts.IsNull(i) {
			continue
		}
		counted++
		at := texts.GetValueIndex(i)
		if at == last { // equal texts mostly follow one another
			continue
		}
		last = at
		text := values.Value(at)
		if counted == 1 {
			least, greatest = text, text
		}
		least, greatest = min(least, text), max(greatest, text)
	}
	statistics.IncNulls(int64(to-from) - counted)
	statistics.IncNumValues(counted)
	if counted > 0 {
		statistics.SetMinMax([]byte(least), []byte(greatest))
	}
}
