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
	// Elements are the fields of a list's elements, where these are structs; nil
	// for all other columns.
	Elements []Column
	// Encoding says how files best keep it.
	Encoding Encoding
	// Payload marks contents: they are NULL without --payloads, and cut at
	// --payload-limit.
	Payload bool
	// Provenance marks what depends on where the archive lies and how the run was
	// called: the same checkpoint may differ in it.
	Provenance bool
	// FitsInt64 marks numbers of 64 bits without sign, and lists of them, that
	// never pass the greatest number with a sign.
	FitsInt64 bool

	was         string         // its name in earlier versions; empty for none
	metadata    arrow.Metadata // of its Arrow field, beside the comment
	field       reflect.Type   // Go type of the field in the row struct
	offset      uintptr        // of the field in the row struct
	reference   *Reference     // nil if it is none by itself
	notCompared bool
}

var timestampMicros = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}

// columnsOf derives the columns of a row struct from its fields, which may have
// certain tags.
func columnsOf(row reflect.Type, known []string) ([]Column, error) {
	return appendColumns(make([]Column, 0, countColumns(row)), row, known)
}

// countColumns returns how many columns the fields of a struct become, blank
// ones included.
func countColumns(row reflect.Type) int {
	n := 0
	for i := range row.NumField() {
		switch f := row.Field(i); {
		case f.Anonymous:
			n += countColumns(f.Type)
		case isLeaf(f.Type):
			n++
		default:
			n += f.Type.NumField()
		}
	}
	return n
}

// appendColumns adds the columns of a struct's fields.
func appendColumns(columns []Column, row reflect.Type, known []string) ([]Column, error) {
	for i := range row.NumField() {
		f := row.Field(i)
		if f.Name == "_" { // facts of the table
			continue
		}
		from, err := len(columns), error(nil)
		if f.Anonymous { // columns that several tables have
			columns, err = appendColumns(columns, f.Type, known)
		} else {
			columns, err = appendField(columns, f, known)
		}
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		for i := range columns[from:] {
			columns[from+i].offset += f.Offset
		}
	}
	return columns, nil
}

// appendField adds the columns of a field, which start at offset 0.
func appendField(columns []Column, f reflect.StructField, known []string) ([]Column, error) {
	facts, err := parseTags(f.Tag, known)
	if err != nil {
		return nil, err
	}
	if facts.get("arrow") == "" || facts.get("doc") == "" {
		return nil, fmt.Errorf("it lacks a tag arrow or doc")
	}
	from := len(columns)
	if columns, err = appendTyped(columns, f.Type, facts); err != nil {
		return nil, err
	}
	added := columns[from:]
	for i := range added {
		added[i].Source = facts.get("src")
	}
	return columns, applyTags(added, f.Type, facts)
}

// appendTyped adds the columns of a field, with name, type and meaning.
func appendTyped(columns []Column, t reflect.Type, facts tags) ([]Column, error) {
	name, doc := facts.get("arrow"), facts.get("doc")
	if isLeaf(t) {
		c, err := leafColumn(t)
		if err != nil {
			return nil, err
		}
		c.Name, c.Doc = name, doc+elementsDoc(c.Elements)
		return append(columns, c), c.setRange(facts.get("range"))
	}
	for i := range t.NumField() {
		part := t.Field(i)
		c, err := leafColumn(part.Type)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.Name, err)
		}
		of, err := parseTags(part.Tag, partTags)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.Name, err)
		}
		c.Name, c.Group, c.Doc, c.offset = name+of.get("suffix"), name, doc, part.Offset
		if err := c.setRange(of.get("range")); err != nil {
			return nil, err
		}
		if d := of.get("doc"); d != "" {
			c.Doc = "of `" + name + "`: " + d
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// isLeaf reports whether a field of a type becomes one column.
func isLeaf(t reflect.Type) bool {
	return t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]()
}

// applyTags adds to the columns of a field what its tags say, beside name and
// meaning.
func applyTags(columns []Column, t reflect.Type, facts tags) error {
	sensitive, err := sensitivities(facts, holdsFreeText(t))
	if err != nil {
		return err
	}
	if elements := columns[0].Elements; elements != nil {
		if sensitive, err = elementSensitivities(facts, elements); err != nil {
			return err
		}
	}
	payload, err := facts.flag("payload", "yes")
	if err != nil {
		return err
	}
	provenance, err := facts.flag("provenance", "yes")
	if err != nil {
		return err
	}
	notCompared, err := facts.flag("compare", "no")
	if err != nil {
		return err
	}
	for i := range columns {
		c := &columns[i]
		if len(sensitive) > 0 && !c.Nullable && c.Type.ID() != arrow.STRING {
			return fmt.Errorf("column %s is sensitive, and can hold neither text nor NULL in place of its values", c.Name)
		}
		c.Sensitive, c.Payload, c.Provenance, c.notCompared = sensitive, payload, provenance, notCompared
	}
	columns[0].was = facts.get("was")
	if tag, ok := facts.lookup("encode"); ok {
		if err := encode(columns, tag); err != nil {
			return err
		}
	}
	if tag, ok := facts.lookup("ref"); ok {
		r, err := parseReference(tag, columns[0].Name)
		if err != nil {
			return err
		}
		columns[0].reference = &r
	}
	return nil
}

// leafColumn returns the column of a Go type. Pointers and slices are nullable,
// everything else is not.
func leafColumn(t reflect.Type) (Column, error) {
	kind, err := typeOf(t)
	if err != nil {
		return Column{}, err
	}
	switch { // in memory, a Status is a string
	case t.Kind() == reflect.String:
		t = reflect.TypeFor[string]()
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.String:
		t = reflect.TypeFor[*string]()
	}
	nullable := t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map
	c := Column{Type: kind, Nullable: nullable, Encoding: encodingOf(kind), field: t}
	if isListOfStructs(t) {
		c.Elements, err = columnsOf(t.Elem(), elementTags)
	}
	return c, err
}

// isListOfStructs reports whether a type is a list whose elements have fields.
func isListOfStructs(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && t.Elem() != reflect.TypeFor[time.Time]()
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
	case isListOfStructs(t):
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
	fields, err := columnsOf(t, elementTags)
	if err != nil {
		return nil, err
	}
	types := make([]arrow.Field, len(fields))
	for i, f := range fields {
		types[i] = arrow.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable}
	}
	return arrow.StructOf(types...), nil
}

// elementsDoc says what the fields of a list's elements are; it is empty where
// they have none.
func elementsDoc(fields []Column) string {
	if len(fields) == 0 {
		return ""
	}
	docs := make([]string, len(fields))
	for i, f := range fields {
		docs[i] = "`" + f.Name + "` " + f.Comment()
	}
	return ". Of each element: " + strings.Join(docs, "; ")
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
