package schema

import (
	"fmt"
	"reflect"
	"strings"
	"time"

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

	path   []int // index path of the field in the row struct
	append appendFunc
}

// appendFunc appends the field at path of every row of a slice to a builder
// and returns the number of variable-length bytes it added.
type appendFunc func(b array.Builder, rows reflect.Value, path []int) int

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
				c.path = append([]int{i}, c.path...)
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
			c.Name, c.Doc, c.Source, c.path = name, doc+elementDoc(f.Type), source, []int{i}
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
			c.Name, c.Source, c.path = name+part.Tag.Get("suffix"), source, []int{i, j}
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
	c := Column{Nullable: nullable}
	switch {
	case base == reflect.TypeFor[time.Time]():
		c.Type, c.append = timestampMicros, appendTime
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
		c.append = appendList(elem, appendStruct(fields))
	case base.Kind() == reflect.Slice:
		elem, err := leafColumn(base.Elem())
		if err != nil {
			return Column{}, err
		}
		c.Type = arrow.ListOfField(arrow.Field{Name: "element", Type: elem.Type, Nullable: elem.Nullable})
		c.append = appendList(elem.Type, elem.append)
	default:
		switch base.Kind() {
		case reflect.String:
			c.Type, c.append = arrow.BinaryTypes.String, appendString
		case reflect.Bool:
			c.Type, c.append = arrow.FixedWidthTypes.Boolean, appendFixed[*array.BooleanBuilder](reflect.Value.Bool)
		case reflect.Int32:
			c.Type, c.append = arrow.PrimitiveTypes.Int32, appendFixed[*array.Int32Builder](func(v reflect.Value) int32 { return int32(v.Int()) })
		case reflect.Int64:
			c.Type, c.append = arrow.PrimitiveTypes.Int64, appendFixed[*array.Int64Builder](reflect.Value.Int)
		case reflect.Uint8:
			c.Type, c.append = arrow.PrimitiveTypes.Uint8, appendFixed[*array.Uint8Builder](func(v reflect.Value) uint8 { return uint8(v.Uint()) })
		case reflect.Uint16:
			c.Type, c.append = arrow.PrimitiveTypes.Uint16, appendFixed[*array.Uint16Builder](func(v reflect.Value) uint16 { return uint16(v.Uint()) })
		case reflect.Uint32:
			c.Type, c.append = arrow.PrimitiveTypes.Uint32, appendFixed[*array.Uint32Builder](func(v reflect.Value) uint32 { return uint32(v.Uint()) })
		case reflect.Uint64:
			c.Type, c.append = arrow.PrimitiveTypes.Uint64, appendFixed[*array.Uint64Builder](reflect.Value.Uint)
		case reflect.Float64:
			c.Type, c.append = arrow.PrimitiveTypes.Float64, appendFixed[*array.Float64Builder](reflect.Value.Float)
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

// eachField calls value for the field at path of every row, or null where the
// field is a nil pointer.
func eachField(rows reflect.Value, path []int, null func(), value func(reflect.Value)) {
	for i := range rows.Len() {
		v := rows.Index(i)
		for _, f := range path {
			v = v.Field(f)
		}
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				null()
				continue
			}
			v = v.Elem()
		}
		value(v)
	}
}

// appender is what the builders of fixed-width columns have in common.
type appender[T any] interface {
	array.Builder
	Append(T)
}

func appendFixed[B appender[T], T any](get func(reflect.Value) T) appendFunc {
	return func(b array.Builder, rows reflect.Value, path []int) int {
		dst := b.(B)
		eachField(rows, path, dst.AppendNull, func(v reflect.Value) { dst.Append(get(v)) })
		return 0
	}
}

func appendTime(b array.Builder, rows reflect.Value, path []int) int {
	dst := b.(*array.TimestampBuilder)
	eachField(rows, path, dst.AppendNull, func(v reflect.Value) {
		dst.Append(arrow.Timestamp(v.Interface().(time.Time).UnixMicro()))
	})
	return 0
}

func appendString(b array.Builder, rows reflect.Value, path []int) (n int) {
	dst := b.(*array.StringBuilder)
	eachField(rows, path, dst.AppendNull, func(v reflect.Value) {
		s := v.String()
		n += len(s)
		dst.Append(s)
	})
	return n
}

func appendBinary(b array.Builder, rows reflect.Value, path []int) (n int) {
	dst := b.(*array.BinaryBuilder)
	eachField(rows, path, dst.AppendNull, func(v reflect.Value) {
		if v.IsNil() {
			dst.AppendNull()
			return
		}
		n += v.Len()
		dst.Append(v.Bytes())
	})
	return n
}

func appendMap(b array.Builder, rows reflect.Value, path []int) (n int) {
	dst := b.(*array.MapBuilder)
	keys, items := dst.KeyBuilder().(*array.StringBuilder), dst.ItemBuilder().(*array.StringBuilder)
	eachField(rows, path, dst.AppendNull, func(v reflect.Value) {
		if v.IsNil() {
			dst.AppendNull()
			return
		}
		dst.Append(true)
		m := v.Interface().(map[string]string)
		for _, k := range sortedKeys(m) {
			keys.Append(k)
			items.Append(m[k])
			n += len(k) + len(m[k])
		}
	})
	return n
}

// appendList appends a list column; elem appends the elements, which it takes
// as a slice whose "field" is the element itself (an empty path).
func appendList(t arrow.DataType, elem appendFunc) appendFunc {
	width := bytesOf(t)
	return func(b array.Builder, rows reflect.Value, path []int) (n int) {
		dst := b.(*array.ListBuilder)
		values := dst.ValueBuilder()
		eachField(rows, path, dst.AppendNull, func(v reflect.Value) {
			if v.IsNil() {
				dst.AppendNull()
				return
			}
			dst.Append(true)
			n += elem(values, v, nil) + v.Len()*width
		})
		return n
	}
}

// appendStruct appends structs, a field at a time; the paths of the fields
// are those within the struct.
func appendStruct(fields []Column) appendFunc {
	return func(b array.Builder, rows reflect.Value, _ []int) (n int) {
		dst := b.(*array.StructBuilder)
		for range rows.Len() {
			dst.Append(true)
		}
		for i, f := range fields {
			n += f.append(dst.FieldBuilder(i), rows, f.path)
		}
		return n
	}
}

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
