package schema

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
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
}

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

// leafColumn returns the column of a Go type. Pointers and slices are nullable,
// everything else is not.
func leafColumn(t reflect.Type) (Column, error) {
	kind, err := typeOf(t)
	nullable := t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map
	return Column{Type: kind, Nullable: nullable, field: t}, err
}

// leafTypes are the Arrow types of Go types by their kinds.
var leafTypes = map[reflect.Kind]arrow.DataType{
	reflect.String: arrow.BinaryTypes.String, reflect.Bool: arrow.FixedWidthTypes.Boolean,
	reflect.Int32: arrow.PrimitiveTypes.Int32, reflect.Int64: arrow.PrimitiveTypes.Int64,
	reflect.Uint8: arrow.PrimitiveTypes.Uint8, reflect.Uint16: arrow.PrimitiveTypes.Uint16,
	reflect.Uint32: arrow.PrimitiveTypes.Uint32, reflect.Uint64: arrow.PrimitiveTypes.Uint64,
	reflect.Float64: arrow.PrimitiveTypes.Float64,
}

// typeOf returns the Arrow type for a Go type.
func typeOf(t reflect.Type) (arrow.DataType, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return timestampMicros, nil
	case t == reflect.TypeFor[[]byte]():
		return arrow.BinaryTypes.Binary, nil
	case t == reflect.TypeFor[map[string]string]():
		return arrow.MapOf(arrow.BinaryTypes.String, arrow.BinaryTypes.String), nil
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && t.Elem() != reflect.TypeFor[time.Time]():
		elem, err := structType(t.Elem())
		if err != nil {
			return nil, err
		}
		return arrow.ListOfField(arrow.Field{Name: "element", Type: elem}), nil
	case t.Kind() == reflect.Slice:
		elem, err := leafColumn(t.Elem())
		if err != nil {
			return nil, err
		}
		return arrow.ListOfField(arrow.Field{Name: "element", Type: elem.Type, Nullable: elem.Nullable}), nil
	}
	if kind, ok := leafTypes[t.Kind()]; ok {
		return kind, nil
	}
	return nil, fmt.Errorf("no column type for %v", t)
}

// structType returns the Arrow type of a struct that is an element of a list;
// its fields are tagged as those of a row are.
func structType(t reflect.Type) (*arrow.StructType, error) {
	fields, err := columnsOf(t)
	if err != nil {
		return nil, err
	}
	types := make([]arrow.Field, len(fields))
	for i, f := range fields {
		types[i] = arrow.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable}
	}
	return arrow.StructOf(types...), nil
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
