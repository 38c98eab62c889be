package schema

import (
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// listVector is of lists, NULL where the slice is nil.
type listVector struct {
	validity
	kind     arrow.DataType
	offsets  offsets
	elements vector
	size     uintptr // of an element
	n        int     // elements
}

func (v *listVector) extend(f fields) (bytes int) {
	for i := range f.n {
		list := *(*[]struct{})(f.index(i)) // whatever its elements are
		if list == nil {
			v.setNull(v.offsets.len())
		} else if len(list) > 0 {
			bytes += v.elements.extend(fields{first: unsafe.Pointer(unsafe.SliceData(list)), stride: v.size, n: len(list)})
			v.n += len(list)
		}
		v.offsets.end(v.n)
	}
	return bytes + 4*f.n
}

func (v *listVector) take(more bool) arrow.ArrayData {
	n := v.offsets.len()
	v.n = 0
	bitmap, nulls := v.validity.take(n, more)
	return array.NewData(v.kind, n, []*memory.Buffer{bitmap, v.offsets.take(more)}, []arrow.ArrayData{v.elements.take(more)}, nulls, 0)
}

// structVector is of structs, which are elements of lists and never NULL.
type structVector struct {
	kind    arrow.DataType
	parts   []vector
	offsets []uintptr // of each part in the struct
	n       int
}

func (v *structVector) extend(f fields) (bytes int) {
	for i, p := range v.parts {
		bytes += p.extend(f.at(v.offsets[i]))
	}
	v.n += f.n
	return bytes
}

func (v *structVector) take(more bool) arrow.ArrayData {
	n := v.n
	v.n = 0
	return array.NewData(v.kind, n, []*memory.Buffer{nil}, takeAll(v.parts, more), 0, 0)
}

// mapVector is of maps from text to text, in the order of their keys.
type mapVector struct {
	validity
	kind    *arrow.MapType
	offsets offsets
	entries structVector
}

func (v *mapVector) extend(f fields) (bytes int) {
	for i := range f.n {
		m := *(*map[string]string)(f.index(i))
		if m == nil {
			v.setNull(v.offsets.len())
		}
		entries := make([][2]string, 0, len(m))
		for key, value := range m {
			entries = append(entries, [2]string{key, value})
		}
		slices.SortFunc(entries, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
		if len(entries) > 0 {
			bytes += v.entries.extend(fieldsOf(reflect.ValueOf(entries)))
		}
		v.offsets.end(v.entries.n)
	}
	return bytes + 4*f.n
}

func (v *mapVector) take(more bool) arrow.ArrayData {
	n := v.offsets.len()
	bitmap, nulls := v.validity.take(n, more)
	return array.NewData(v.kind, n, []*memory.Buffer{bitmap, v.offsets.take(more)}, []arrow.ArrayData{v.entries.take(more)}, nulls, 0)
}

func takeAll(parts []vector, more bool) []arrow.ArrayData {
	taken := make([]arrow.ArrayData, len(parts))
	for i, p := range parts {
		taken[i] = p.take(more)
	}
	return taken
}
func newStructVector(t reflect.Type, kind arrow.DataType) (vector, error) {
	columns, err := columnsOf(t, elementTags)
	if err != nil {
		return nil, err
	}
	v := &structVector{kind: kind}
	for _, c := range columns {
		part, err := newVector(c.field, c.Type)
		if err != nil {
			return nil, err
		}
		v.parts, v.offsets = append(v.parts, part), append(v.offsets, c.offset)
	}
	return v, nil
}
