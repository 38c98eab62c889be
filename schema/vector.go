package schema

import (
	"fmt"
	"reflect"
	"slices"
	"time"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// vector gathers the values of one column in the memory that an Arrow array of
// them has. arrow-go's builders do too, but a value at a time behind an
// interface; that took four times as long.
type vector interface {
	// extend appends a field of every row, and returns about how many bytes
	// that took.
	extend(f fields) int
	// take returns what was gathered, and starts anew. If more is to come, what is
	// returned is a copy without room to grow, and the memory is used again.
	take(more bool) arrow.ArrayData
}

// fields is one field of every row of a slice, or every element of a slice.
// It goes through memory by addresses, as reflection took a fifth of a run.
type fields struct {
	first  unsafe.Pointer
	stride uintptr
	n      int
}

// fieldsOf returns the elements of a slice.
func fieldsOf(rows reflect.Value) fields {
	return fields{first: rows.UnsafePointer(), stride: rows.Type().Elem().Size(), n: rows.Len()}
}

// at returns the field at an offset within each of f.
func (f fields) at(offset uintptr) fields {
	if f.n > 0 { // an empty slice may point nowhere
		f.first = unsafe.Add(f.first, offset)
	}
	return f
}

// index returns the address of the field of row i.
func (f fields) index(i int) unsafe.Pointer { return unsafe.Add(f.first, uintptr(i)*f.stride) }

// validity is the bitmap of the values that are not NULL.
type validity struct {
	bits  []byte // as far as there are NULLs; what is behind is not NULL
	nulls int
}

func (v *validity) setNull(at int) {
	for len(v.bits) <= at/8 {
		v.bits = append(v.bits, 0xff)
	}
	v.bits[at/8] &^= 1 << (at % 8)
	v.nulls++
}

// take returns the bitmap of n values, nil where none is NULL, and starts anew.
func (v *validity) take(n int, more bool) (bitmap *memory.Buffer, nulls int) {
	if v.nulls == 0 {
		return nil, 0
	}
	for len(v.bits) < (n+7)/8 {
		v.bits = append(v.bits, 0xff)
	}
	nulls = v.nulls
	v.nulls = 0
	return memory.NewBufferBytes(takeValues(&v.bits, more)), nulls
}

// grow returns a slice with capacity for n more. It doubles: append grows a long slice
// by a quarter, and what is copied so often leaves four times its memory behind.
func grow[T any](gathered []T, n int) []T {
	if cap(gathered)-len(gathered) >= n {
		return gathered
	}
	return slices.Grow(gathered, max(n, len(gathered)))
}

// takeValues returns values that were gathered, and leaves none. If more are to come,
// these get the memory, and a copy is returned: batches of a long run wait in memory, and
// would have room for half as many values again.
func takeValues[T any, S ~[]T](gathered *S, more bool) S {
	values := *gathered
	if !more {
		*gathered = nil
		return values
	}
	*gathered = values[:0]
	return slices.Clone(values)
}

// fixedVector is of numbers.
type fixedVector[T any] struct {
	validity
	kind      arrow.DataType
	isPointer bool
	values    []T
}

func (v *fixedVector[T]) extend(f fields) int {
	n := len(v.values)
	v.values = grow(v.values, f.n)[:n+f.n]
	added := v.values[n:]
	var zero T
	if !v.isPointer {
		for i := range added {
			added[i] = *(*T)(f.index(i))
		}
		return f.n * int(unsafe.Sizeof(zero))
	}
	for i := range added {
		if p := *(**T)(f.index(i)); p != nil {
			added[i] = *p
		} else {
			added[i] = zero // of the array before, else
			v.setNull(n + i)
		}
	}
	return f.n * int(unsafe.Sizeof(zero))
}

func (v *fixedVector[T]) take(more bool) arrow.ArrayData {
	values := takeValues(&v.values, more)
	bitmap, nulls := v.validity.take(len(values), more)
	var zero T
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(zero)))
	return array.NewData(v.kind, len(values), []*memory.Buffer{bitmap, memory.NewBufferBytes(bytes)}, nil, nulls, 0)
}

// timeVector is of times, as microseconds.
type timeVector struct{ fixedVector[int64] }

func (v *timeVector) extend(f fields) int {
	v.values = grow(v.values, f.n)
	for i := range f.n {
		p := (*time.Time)(f.index(i))
		if v.isPointer {
			p = *(**time.Time)(f.index(i))
		}
		if p == nil {
			v.setNull(len(v.values))
			v.values = append(v.values, 0)
			continue
		}
		v.values = append(v.values, p.UnixMicro())
	}
	return 8 * f.n
}

// boolVector is of truth values, a bit each.
type boolVector struct {
	validity
	isPointer bool
	bits      []byte
	n         int
}

func (v *boolVector) extend(f fields) int {
	for i := range f.n {
		p := (*bool)(f.index(i))
		if v.isPointer {
			p = *(**bool)(f.index(i))
		}
		if v.n%8 == 0 {
			v.bits = append(v.bits, 0)
		}
		switch {
		case p == nil:
			v.setNull(v.n)
		case *p:
			v.bits[v.n/8] |= 1 << (v.n % 8)
		}
		v.n++
	}
	return f.n/8 + 1
}

func (v *boolVector) take(more bool) arrow.ArrayData {
	bits, n := takeValues(&v.bits, more), v.n
	v.n = 0
	bitmap, nulls := v.validity.take(n, more)
	return array.NewData(arrow.FixedWidthTypes.Boolean, n, []*memory.Buffer{bitmap, memory.NewBufferBytes(bits)}, nil, nulls, 0)
}

// offsets are where values begin in the memory that holds them one after the
// other, and where the last one ends.
type offsets []int32

func (o offsets) len() int { return max(len(o)-1, 0) }

// end notes where the next value ends.
func (o *offsets) end(at int) {
	if len(*o) == 0 {
		*o = append(*o, 0)
	}
	*o = append(*o, int32(at))
}

// take returns the offsets of all values, and starts anew.
func (o *offsets) take(more bool) *memory.Buffer {
	taken := takeValues(o, more)
	if len(taken) == 0 {
		taken = offsets{0}
	}
	return memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(taken))
}

// textVector is of texts and bytes.
type textVector struct {
	validity
	kind arrow.DataType
	// read returns the value in a field; it is NULL where ok is false.
	read    func(field unsafe.Pointer) (text string, ok bool)
	offsets offsets
	data    []byte
}

func readText(field unsafe.Pointer) (string, bool) { return *(*string)(field), true }

func readTextPointer(field unsafe.Pointer) (string, bool) {
	if p := *(**string)(field); p != nil {
		return *p, true
	}
	return "", false
}

func readBytes(field unsafe.Pointer) (string, bool) {
	b := *(*[]byte)(field)
	return unsafe.String(unsafe.SliceData(b), len(b)), b != nil
}

func (v *textVector) extend(f fields) int {
	before := len(v.data)
	v.offsets = grow(v.offsets, f.n+1)
	for i := range f.n {
		text, ok := v.read(f.index(i))
		if !ok {
			v.setNull(v.offsets.len())
		}
		v.data = append(grow(v.data, len(text)), text...)
		v.offsets.end(len(v.data))
	}
	return len(v.data) - before + 4*f.n
}

func (v *textVector) take(more bool) arrow.ArrayData {
	n, data := v.offsets.len(), takeValues(&v.data, more)
	bitmap, nulls := v.validity.take(n, more)
	return array.NewData(v.kind, n, []*memory.Buffer{bitmap, v.offsets.take(more), memory.NewBufferBytes(data)}, nil, nulls, 0)
}

// newVector returns a vector for fields of a Go type, which columns of that
// Arrow type have.
func newVector(t reflect.Type, kind arrow.DataType) (vector, error) {
	isPointer := t.Kind() == reflect.Pointer
	base := t
	if isPointer {
		base = t.Elem()
	}
	switch {
	case base == reflect.TypeFor[time.Time]():
		return &timeVector{fixedVector[int64]{kind: kind, isPointer: isPointer}}, nil
	case base == reflect.TypeFor[[]byte]():
		return &textVector{kind: kind, read: readBytes}, nil
	case base == reflect.TypeFor[map[string]string]():
		kind := kind.(*arrow.MapType)
		text := func() vector { return &textVector{kind: arrow.BinaryTypes.String, read: readText} }
		return &mapVector{kind: kind, entries: structVector{
			kind: kind.Elem(), parts: []vector{text(), text()}, offsets: []uintptr{0, reflect.TypeFor[string]().Size()},
		}}, nil
	case base.Kind() == reflect.Slice:
		elements, err := newVector(base.Elem(), kind.(*arrow.ListType).Elem())
		return &listVector{kind: kind, elements: elements, size: base.Elem().Size()}, err
	case base.Kind() == reflect.Struct:
		return newStructVector(base, kind)
	}
	switch base.Kind() {
	case reflect.String:
		read := readText
		if isPointer {
			read = readTextPointer
		}
		if kind.ID() == arrow.DICTIONARY {
			return &dictionaryVector{read: read}, nil
		}
		return &textVector{kind: kind, read: read}, nil
	case reflect.Bool:
		return &boolVector{isPointer: isPointer}, nil
	case reflect.Uint8:
		return &fixedVector[uint8]{kind: kind, isPointer: isPointer}, nil
	case reflect.Uint16:
		return &fixedVector[uint16]{kind: kind, isPointer: isPointer}, nil
	case reflect.Int32, reflect.Uint32:
		return &fixedVector[uint32]{kind: kind, isPointer: isPointer}, nil
	case reflect.Int64, reflect.Uint64, reflect.Float64:
		return &fixedVector[uint64]{kind: kind, isPointer: isPointer}, nil
	}
	return nil, fmt.Errorf("no column type for %v", t)
}
