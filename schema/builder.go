package schema

import (
	"fmt"
	"reflect"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Builder gathers rows of one table into record batches.
type Builder struct {
	table   *Table
	ids     *dictionaryVector // checkpoint_id, nil for a global table
	columns []vector          // the others
	offsets []uintptr         // of each in the row
	rows    int
	bytes   int

	unpacked Rows // of the table, see Packed
}

// NewBuilder returns an empty builder for the table.
func (t *Table) NewBuilder() *Builder {
	b := &Builder{table: t}
	for _, c := range t.Columns {
		if c.field == nil { // checkpoint_id
			b.ids = &dictionaryVector{}
			continue
		}
		v, err := newVector(c.field, c.batchType())
		if err != nil {
			panic(fmt.Sprintf("schema: column %s.%s: %v", t.Name, c.Name, err)) // columnsOf has found it
		}
		b.columns, b.offsets = append(b.columns, v), append(b.offsets, c.offset)
	}
	return b
}

// Append adds the table's rows of r.
func (b *Builder) Append(r *Rows) { b.AppendRange(r, 0, b.table.Count(r)) }

// AppendRange adds the table's rows of r from one index up to another.
func (b *Builder) AppendRange(r *Rows, from, to int) {
	if p := r.Packed[b.table.Name]; p != nil {
		p.Unpack(&b.unpacked, from, to)
		b.append(r.CheckpointID, b.table.rows(&b.unpacked))
		return
	}
	b.append(r.CheckpointID, b.table.rows(r).Slice(from, to))
}

// append adds rows of a checkpoint.
func (b *Builder) append(checkpointID string, rows reflect.Value) {
	n := rows.Len()
	if n == 0 {
		return
	}
	if b.ids != nil {
		b.bytes += b.ids.repeat(checkpointID, n)
	}
	all := fieldsOf(rows)
	for i, c := range b.columns {
		b.bytes += c.extend(all.at(b.offsets[i]))
	}
	b.rows += n
}

// Len returns the number of rows gathered since the last batch.
func (b *Builder) Len() int { return b.rows }

// Bytes returns about how many bytes the gathered rows hold.
func (b *Builder) Bytes() int { return b.bytes }

// NewBatch returns the gathered rows as a record batch (BatchSchema) and starts
// anew. The caller releases the batch.
func (b *Builder) NewBatch() arrow.RecordBatch { return b.batch(true) }

// LastBatch does so for rows behind which none are expected: the batch gets the
// builder's memory.
func (b *Builder) LastBatch() arrow.RecordBatch { return b.batch(false) }

func (b *Builder) batch(more bool) arrow.RecordBatch {
	vectors := b.columns
	if b.ids != nil {
		vectors = append([]vector{b.ids}, vectors...)
	}
	columns := make([]arrow.Array, len(vectors))
	for i, data := range takeAll(vectors, more) {
		columns[i] = array.MakeFromData(data)
	}
	n := b.rows
	b.rows, b.bytes = 0, 0
	return array.NewRecordBatch(b.table.BatchSchema(), columns, int64(n))
}
