package schema

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Version is the version of the tables' layout. It goes up when a column is
// removed, renamed or changes its type; an output of another version is not
// written to.
const Version = 2

// CheckpointID is the name of the first column of every table that is not
// global.
const CheckpointID = "checkpoint_id"

// Table describes one table.
type Table struct {
	Name string
	// Doc says what one row is and where it comes from.
	Doc string
	// Key lists the columns that tell rows apart; empty where rows have no
	// natural key.
	Key []string
	// Global marks a table whose rows belong to no checkpoint: it has no
	// checkpoint_id.
	Global  bool
	Columns []Column
	// References are the columns that name rows of other tables. Besides, every
	// checkpoint_id names a row of checkpoints.
	References []Reference
	// Comparison says how rows are compared between checkpoints; nil where they
	// are not (NotCompared).
	Comparison *Comparison

	schema, batchSchema *arrow.Schema

	rows  func(*Rows) reflect.Value
	sizer *sizer
}

// Schema returns the table's Arrow schema, with the documentation of table
// and columns in its metadata (key "comment").
func (t *Table) Schema() *arrow.Schema { return t.schema }

// BatchSchema returns the schema of the table's record batches: Schema, with
// dictionaries for texts that repeat.
func (t *Table) BatchSchema() *arrow.Schema { return t.batchSchema }

// TableOf returns the table with rows of that type.
func TableOf(row reflect.Type) (*Table, bool) {
	t, ok := byRow()[row]
	return t, ok
}

var byRow = sync.OnceValue(func() map[reflect.Type]*Table {
	tables := map[reflect.Type]*Table{}
	for _, t := range Tables() {
		tables[t.row()] = t
	}
	return tables
})

func (t *Table) row() reflect.Type { return t.rows(&Rows{}).Type().Elem() }

// RowSize returns about how many bytes of memory the row takes that a pointer
// leads to: the struct, twice, as a slice that grows is copied and has room to spare, and
// what its fields point to. What rows share, such as the path of a file in the
// row of each of its descriptors, counts in each: batches hold it as often.
func (t *Table) RowSize(row any) int {
	return t.sizer.fixed + t.sizer.size(reflect.ValueOf(row).UnsafePointer())
}

// Count returns how many rows of the table r holds.
func (t *Table) Count(r *Rows) int { return t.rows(r).Len() }

// Drop lets go of the table's rows in r.
func (t *Table) Drop(r *Rows) { t.rows(r).SetZero() }

// Tables returns every table, in the order of the documentation. The tables
// are shared and must not be changed.
var Tables = sync.OnceValue(func() []*Table {
	tables := list()
	for _, t := range tables {
		if err := t.derive(); err != nil {
			panic(fmt.Sprintf("schema: table %s: %v", t.Name, err)) // a mistake in a row struct, found by any test
		}
	}
	if err := addReferences(tables); err != nil {
		panic(fmt.Sprintf("schema: %v", err))
	}
	if err := addComparisons(tables); err != nil {
		panic(fmt.Sprintf("schema: %v", err))
	}
	return tables
})

// Lookup returns the table of that name.
func Lookup(name string) (*Table, bool) {
	for _, t := range Tables() {
		if t.Name == name {
			return t, true
		}
	}
	return nil, false
}

// table describes the table whose rows are in the slice that rows points to.
func table[T any](name string, rows func(*Rows) *[]T, doc string, key ...string) *Table {
	return &Table{
		Name: name,
		Doc:  doc,
		Key:  key,
		rows: func(r *Rows) reflect.Value { return reflect.ValueOf(rows(r)).Elem() },
	}
}

// global marks a table as belonging to no checkpoint.
func global(t *Table) *Table {
	t.Global = true
	return t
}

// derive fills in the columns and the Arrow schema from the row struct.
func (t *Table) derive() error {
	columns, err := columnsOf(t.row())
	if err != nil {
		return err
	}
	if !t.Global {
		id := Column{
			Name: CheckpointID, Type: arrow.BinaryTypes.String, Nullable: true,
			Doc: "the checkpoint the row belongs to: 128 bits in hexadecimal, made from its content (SHA-256 over its metadata and images), so that a renamed or recompressed archive keeps it; NULL where an archive could not be read as a checkpoint",
		}
		columns = append([]Column{id}, columns...)
	}
	t.Columns, t.sizer = columns, newSizer(t.row())
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{
			Name: c.Name, Type: c.Type, Nullable: c.Nullable,
			Metadata: arrow.NewMetadata([]string{"comment"}, []string{c.Comment()}),
		}
	}
	meta := arrow.NewMetadata([]string{"comment"}, []string{t.Doc})
	t.schema = arrow.NewSchema(fields, &meta)
	for i, c := range columns {
		fields[i].Type = c.BatchType()
	}
	t.batchSchema = arrow.NewSchema(fields, &meta)
	return nil
}

// Comment returns the column's documentation on one line, with the policies
// it is sensitive for and its source.
func (c Column) Comment() string {
	comment := c.Doc
	if len(c.Sensitive) > 0 {
		comment += " (sensitive: " + c.sensitiveText() + ")"
	}
	if c.Source == "" {
		return comment
	}
	return comment + " [" + c.Source + "]"
}

// Builder gathers rows of one table into record batches.
type Builder struct {
	table   *Table
	ids     *dictionaryVector // checkpoint_id, nil for a global table
	columns []vector          // the others
	offsets []uintptr         // of each in the row
	rows    int
	bytes   int
}

// NewBuilder returns an empty builder for the table.
func (t *Table) NewBuilder() *Builder {
	b := &Builder{table: t}
	for _, c := range t.Columns {
		if c.field == nil { // checkpoint_id
			b.ids = &dictionaryVector{}
			continue
		}
		v, err := newVector(c.field, c.BatchType())
		if err != nil {
			panic(fmt.Sprintf("schema: column %s.%s: %v", t.Name, c.Name, err)) // derive has found it
		}
		b.columns, b.offsets = append(b.columns, v), append(b.offsets, c.offset)
	}
	return b
}

// Append adds the table's rows of r.
func (b *Builder) Append(r *Rows) { b.AppendRange(r, 0, b.table.Count(r)) }

// AppendRange adds the table's rows of r from one index up to another.
func (b *Builder) AppendRange(r *Rows, from, to int) {
	n := to - from
	if n == 0 {
		return
	}
	rows := fieldsOf(b.table.rows(r).Slice(from, to))
	if b.ids != nil {
		b.bytes += b.ids.repeat(r.CheckpointID, n)
	}
	for i, c := range b.columns {
		b.bytes += c.extend(rows.at(b.offsets[i]))
	}
	b.rows += n
}

// Len returns the number of rows gathered since the last batch.
func (b *Builder) Len() int { return b.rows }

// Bytes returns about how many bytes the gathered rows hold.
func (b *Builder) Bytes() int { return b.bytes }

// NewBatch returns the gathered rows as a record batch (BatchSchema) and starts
// anew. The caller releases the batch.
func (b *Builder) NewBatch() arrow.RecordBatch {
	vectors := b.columns
	if b.ids != nil {
		vectors = append([]vector{b.ids}, vectors...)
	}
	columns := make([]arrow.Array, len(vectors))
	for i, data := range takeAll(vectors) {
		columns[i] = array.MakeFromData(data)
	}
	n := b.rows
	b.rows, b.bytes = 0, 0
	return array.NewRecordBatch(b.table.batchSchema, columns, int64(n))
}
