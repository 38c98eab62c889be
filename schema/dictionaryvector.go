package schema

import (
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// dictionaryType is the Arrow type that texts which repeat have in record
// batches: each text once, and for each row the number of its text.
var dictionaryType = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}

// batchType is the Arrow type of the column in record batches. It is Type, but
// a dictionary for texts that repeat. That takes a third of the memory of the
// rows, and of the time to encode them.
func (c Column) batchType() arrow.DataType {
	if c.Encoding.Dictionary {
		return dictionaryType
	}
	return c.Type
}

// dictionaryVector is of texts that repeat.
type dictionaryVector struct {
	validity
	// read is as that of textVector.
	read    func(field unsafe.Pointer) (text string, ok bool)
	indices []int32

	numbers map[string]int32 // of the texts, which are those in data
	offsets offsets
	data    []byte // only grows: what was in it stays as it is
	last    string // equal texts mostly follow one another
	lastAt  int32
}

// number returns the number of a text, and how many bytes it took to keep it.
func (v *dictionaryVector) number(text string) (at int32, bytes int) {
	if text == v.last && len(v.numbers) > 0 {
		return v.lastAt, 0
	}
	at, known := v.numbers[text]
	if !known {
		if v.numbers == nil {
			v.numbers = map[string]int32{}
		}
		at, bytes = int32(len(v.numbers)), len(text)+4
		begin := len(v.data)
		v.data = append(grow(v.data, len(text)), text...)
		v.offsets.end(len(v.data))
		text = unsafe.String(unsafe.SliceData(v.data[begin:]), len(text)) // the one at hand may be part of something large
		v.numbers[text] = at
	}
	v.last, v.lastAt = text, at
	return at, bytes
}

func (v *dictionaryVector) extend(f fields) int {
	n, bytes := len(v.indices), 4*f.n
	v.indices = grow(v.indices, f.n)[:n+f.n]
	for i := range f.n {
		text, ok := v.read(f.index(i))
		bytes += v.set(n+i, text, ok)
	}
	return bytes
}

// repeat appends a text n times, or as many NULLs where it is empty.
func (v *dictionaryVector) repeat(text string, n int) int {
	from, bytes := len(v.indices), 4*n
	v.indices = grow(v.indices, n)[:from+n]
	for i := range n {
		bytes += v.set(from+i, text, text != "")
	}
	return bytes
}

// set sets the value of a row, NULL where ok is false.
func (v *dictionaryVector) set(row int, text string, ok bool) (bytes int) {
	if !ok {
		v.indices[row] = 0 // of the array before, else
		v.setNull(row)
		return 0
	}
	v.indices[row], bytes = v.number(text)
	return bytes
}

func (v *dictionaryVector) take(more bool) arrow.ArrayData {
	clear(v.numbers) // whose texts are in data
	v.last = ""
	indices, texts := takeValues(&v.indices, more), v.offsets.len()
	bitmap, nulls := v.validity.take(len(indices), more)
	dictionary := array.NewData(arrow.BinaryTypes.String, texts, []*memory.Buffer{nil, v.offsets.take(more), memory.NewBufferBytes(takeValues(&v.data, more))}, nil, 0, 0)
	return array.NewDataWithDictionary(dictionaryType, len(indices),
		[]*memory.Buffer{bitmap, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(indices))}, nulls, 0, dictionary)
}

// Texts is a column of texts.
type Texts interface {
	Len() int
	IsNull(row int) bool
	Value(row int) string
}

// TextsOf returns a column of texts, be it a dictionary or not; nil if it is
// neither.
func TextsOf(column arrow.Array) Texts {
	switch c := column.(type) {
	case *array.String:
		return c
	case *array.Dictionary:
		if values, ok := c.Dictionary().(*array.String); ok {
			return dictionaryTexts{c, values}
		}
	}
	return nil
}

type dictionaryTexts struct {
	*array.Dictionary
	values *array.String
}

// Value returns the text of a row that is not NULL.
func (d dictionaryTexts) Value(row int) string { return d.values.Value(d.GetValueIndex(row)) }

// Encode returns rows that were read from a file as batches have them: with
// dictionaries. The caller releases it.
func (t *Table) Encode(rows arrow.RecordBatch) arrow.RecordBatch {
	columns := make([]arrow.Array, len(t.Columns))
	for i, c := range t.Columns {
		column := rows.Column(i)
		if texts, ok := column.(*array.String); ok && c.Encoding.Dictionary {
			v := dictionaryVector{indices: make([]int32, texts.Len())}
			for row := range texts.Len() {
				text, ok := "", texts.IsValid(row)
				if ok {
					text = texts.Value(row)
				}
				v.set(row, text, ok)
			}
			column = array.MakeFromData(v.take(false))
			defer column.Release()
		}
		columns[i] = column
	}
	return array.NewRecordBatch(t.BatchSchema(), columns, rows.NumRows())
}
