package schema

import (
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Column is one column of a table.
type Column struct {
	Name     string
	Type     arrow.DataType
	Nullable bool
	// Doc says what the column holds, with its unit.
	Doc string
	// Source names the image and field, or file and JSON path, the value
	// comes from; empty for derived values, which Doc explains.
	Source string
	// Sensitive says which kinds of secrets the column may hold; nil for none.
	Sensitive []Sensitivity
	// Group is the name that columns of one fact have in common (types.go),
	// such as path of path and path_raw; empty for a column of its own.
	Group string

	field  reflect.Type // Go type of the field in the row struct
	offset uintptr      // of the field in the row struct
	append appendFunc
}

// appendFunc appends a field of every row to a builder and returns the number
// of variable-length bytes it added.
type appendFunc func(b array.Builder, f fields) int

var timestampMicros = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}

// columnsOf derives the columns of a row struct from its fields and tags.
func columnsOf(row reflect.Type) ([]Column, error) {
	var columns []Column
	for i := range row.NumField() {
		f := row.Field(i)
		if f.Anonymous { // columns that several tables have
			inner, err := columnsOf(f.Type)
			if err != nil {
				return nil, fmt.Errorf("field %s: %w", f.Name, err)
			}
			for _, c := range inner {
				c.offset += f.Offset
				columns = append(columns, c)
			}
			continue
		}
		name, ok := f.Tag.Lookup("arrow")
		if !ok {
			return nil, fmt.Errorf("field %s has no arrow tag", f.Name)
		}
		doc, source := f.Tag.Get("doc"), f.Tag.Get("src")
		sensitive, err := sensitivities(f.Tag)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		if f.Type.Kind() != reflect.Struct || f.Type == reflect.TypeFor[time.Time]() {
			c, err := leafColumn(f.Type)
			if err != nil {
				return nil, fmt.Errorf("field %s: %w", f.Name, err)
			}
			c.Name, c.Doc, c.Source, c.offset = name, doc+elementDoc(f.Type), source, f.Offset
			c.Sensitive = sensitive
			columns = append(columns, c)
			continue
		}
		for j := range f.Type.NumField() {
			part := f.Type.Field(j)
			c, err := leafColumn(part.Type)
			if err != nil {
				return nil, fmt.Errorf("field %s.%s: %w", f.Name, part.Name, err)
			}
			c.Name, c.Source, c.offset = name+part.Tag.Get("suffix"), source, f.Offset+part.Offset
			c.Sensitive, c.Group = sensitive, name
			c.Doc = doc
			if d := part.Tag.Get("doc"); d != "" {
				c.Doc = "of `" + name + "`: " + d
			}
			columns = append(columns, c)
		}
	}
	return columns, nil
}

// leafColumn returns the Arrow type and append function for a Go type. Pointers
// and slices are nullable, everything else is not.
func leafColumn(t reflect.Type) (Column, error) {
	nullable := t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map
	base := t
	if t.Kind() == reflect.Pointer {
		base = t.Elem()
	}
	c := Column{Nullable: nullable, field: t}
	isPointer := t.Kind() == reflect.Pointer
	switch {
	case base == reflect.TypeFor[time.Time]():
		c.Type = timestampMicros
		c.append = appendEach[*array.TimestampBuilder](isPointer, func(v time.Time) arrow.Timestamp { return arrow.Timestamp(v.UnixMicro()) }, func(time.Time) int { return 0 })
	case base == reflect.TypeFor[[]byte]():
		c.Type, c.append = arrow.BinaryTypes.Binary, appendBinary
	case base == reflect.TypeFor[map[string]string]():
		c.Type, c.append = arrow.MapOf(arrow.BinaryTypes.String, arrow.BinaryTypes.String), appendMap
	case base.Kind() == reflect.Slice && base.Elem().Kind() == reflect.Struct && base.Elem() != reflect.TypeFor[time.Time]():
		elem, fields, err := structType(base.Elem())
		if err != nil {
			return Column{}, err
		}
		c.Type = arrow.ListOfField(arrow.Field{Name: "element", Type: elem})
		c.append = appendList(base, elem, appendStruct(fields))
	case base.Kind() == reflect.Slice:
		elem, err := leafColumn(base.Elem())
		if err != nil {
			return Column{}, err
		}
		c.Type = arrow.ListOfField(arrow.Field{Name: "element", Type: elem.Type, Nullable: elem.Nullable})
		c.append = appendList(base, elem.Type, elem.append)
	default:
		switch base.Kind() {
		case reflect.String:
			c.Type = arrow.BinaryTypes.String
			c.append = appendEach[*array.StringBuilder](isPointer, func(v string) string { return v }, func(v string) int { return len(v) })
		case reflect.Bool:
			c.Type, c.append = arrow.FixedWidthTypes.Boolean, appendFixed[*array.BooleanBuilder](isPointer)
		case reflect.Int32:
			c.Type, c.append = arrow.PrimitiveTypes.Int32, appendFixed[*array.Int32Builder](isPointer)
		case reflect.Int64:
			c.Type, c.append = arrow.PrimitiveTypes.Int64, appendFixed[*array.Int64Builder](isPointer)
		case reflect.Uint8:
			c.Type, c.append = arrow.PrimitiveTypes.Uint8, appendFixed[*array.Uint8Builder](isPointer)
		case reflect.Uint16:
			c.Type, c.append = arrow.PrimitiveTypes.Uint16, appendFixed[*array.Uint16Builder](isPointer)
		case reflect.Uint32:
			c.Type, c.append = arrow.PrimitiveTypes.Uint32, appendFixed[*array.Uint32Builder](isPointer)
		case reflect.Uint64:
			c.Type, c.append = arrow.PrimitiveTypes.Uint64, appendFixed[*array.Uint64Builder](isPointer)
		case reflect.Float64:
			c.Type, c.append = arrow.PrimitiveTypes.Float64, appendFixed[*array.Float64Builder](isPointer)
		default:
			return Column{}, fmt.Errorf("no column type for %v", t)
		}
	}
	return c, nil
}

// structType returns the Arrow type of a struct that is an element of a list,
// and its fields, which are tagged as those of a row are.
func structType(t reflect.Type) (*arrow.StructType, []Column, error) {
	fields, err := columnsOf(t)
	if err != nil {
		return nil, nil, err
	}
	types := make([]arrow.Field, len(fields))
	for i, f := range fields {
		types[i] = arrow.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable}
	}
	return arrow.StructOf(types...), fields, nil
}

// elementDoc says what the fields of a list's elements are, where these are
// structs; else it is empty.
func elementDoc(t reflect.Type) string {
	if t.Kind() != reflect.Slice || t.Elem().Kind() != reflect.Struct || t.Elem() == reflect.TypeFor[time.Time]() {
		return ""
	}
	fields, err := columnsOf(t.Elem())
	if err != nil {
		return "" // leafColumn says so
	}
	docs := make([]string, len(fields))
	for i, f := range fields {
		docs[i] = "`" + f.Name + "` " + f.Doc
	}
	return ". Of each element: " + strings.Join(docs, "; ")
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

// each yields the field of one row after the other. T is its type.
func each[T any](f fields) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := range f.n {
			if !yield((*T)(unsafe.Add(f.first, uintptr(i)*f.stride))) {
				return
			}
		}
	}
}

// appender is what builders have in common.
type appender[T any] interface {
	array.Builder
	Append(T)
}

// appendEach returns the function for fields of type T, or of type *T that are
// NULL where they are nil. size returns the variable-length bytes of a value.
func appendEach[B appender[V], T, V any](isPointer bool, convert func(T) V, size func(T) int) appendFunc {
	if isPointer {
		return func(b array.Builder, f fields) (n int) {
			dst := b.(B)
			for p := range each[*T](f) {
				if *p == nil {
					dst.AppendNull()
					continue
				}
				n += size(**p)
				dst.Append(convert(**p))
			}
			return n
		}
	}
	return func(b array.Builder, f fields) (n int) {
		dst := b.(B)
		for p := range each[T](f) {
			n += size(*p)
			dst.Append(convert(*p))
		}
		return n
	}
}

// appendFixed is appendEach for values of a fixed width.
func appendFixed[B appender[T], T any](isPointer bool) appendFunc {
	return appendEach[B](isPointer, func(v T) T { return v }, func(T) int { return 0 })
}

func appendBinary(b array.Builder, f fields) (n int) {
	dst := b.(*array.BinaryBuilder)
	for p := range each[[]byte](f) {
		if *p == nil {
			dst.AppendNull()
			continue
		}
		n += len(*p)
		dst.Append(*p)
	}
	return n
}

func appendMap(b array.Builder, f fields) (n int) {
	dst := b.(*array.MapBuilder)
	keys, items := dst.KeyBuilder().(*array.StringBuilder), dst.ItemBuilder().(*array.StringBuilder)
	for p := range each[map[string]string](f) {
		m := *p
		if m == nil {
			dst.AppendNull()
			continue
		}
		dst.Append(true)
		for _, k := range sortedKeys(m) {
			keys.Append(k)
			items.Append(m[k])
			n += len(k) + len(m[k])
		}
	}
	return n
}

// appendList appends a list column whose fields are slices of type list; elem
// appends the elements.
func appendList(list reflect.Type, t arrow.DataType, elem appendFunc) appendFunc {
	width := bytesOf(t)
	return func(b array.Builder, f fields) (n int) {
		dst := b.(*array.ListBuilder)
		values := dst.ValueBuilder()
		for p := range each[struct{}](f) {
			v := reflect.NewAt(list, unsafe.Pointer(p)).Elem()
			if v.IsNil() {
				dst.AppendNull()
				continue
			}
			dst.Append(true)
			n += elem(values, fieldsOf(v)) + v.Len()*width
		}
		return n
	}
}

// appendStruct appends structs, a field at a time; the offsets of the columns
// are those within the struct.
func appendStruct(columns []Column) appendFunc {
	return func(b array.Builder, f fields) (n int) {
		dst := b.(*array.StructBuilder)
		dst.AppendValues(trues(f.n))
		for i, c := range columns {
			n += c.append(dst.FieldBuilder(i), f.at(c.offset))
		}
		return n
	}
}

func trues(n int) []bool { return slices.Repeat([]bool{true}, n) }

// bytesOf returns the fixed part of a value's size in memory.
func bytesOf(t arrow.DataType) (n int) {
	switch t := t.(type) {
	case *arrow.StructType:
		for _, f := range t.Fields() {
			n += bytesOf(f.Type)
		}
	case arrow.FixedWidthDataType:
		n = (t.BitWidth() + 7) / 8
	}
	return n
}
