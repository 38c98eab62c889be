package pipeline

import (
	"cmp"
	"slices"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// enumValues makes the rows of enum_values.
func enumValues() []schema.EnumValue {
	var rows []schema.EnumValue
	for _, e := range criu.Enums() {
		for value, name := range e.Names {
			rows = append(rows, schema.EnumValue{Domain: e.Domain, Value: value, Name: name, DefinedIn: e.Source})
		}
	}
	for _, f := range criu.FlagSets() {
		for _, b := range f.Bits {
			rows = append(rows, schema.EnumValue{Domain: f.Domain, Value: b.Value, IsFlag: true, Name: b.Name, DefinedIn: f.Source})
		}
	}
	slices.SortFunc(rows, func(a, b schema.EnumValue) int {
		return cmp.Or(cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Name, b.Name))
	})
	return rows
}
