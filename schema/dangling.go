package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Dangling is a reference of a table with rows that nothing answers.
type Dangling struct {
	Table     string
	Reference Reference
	Rows      int    // how many; an element of a list counts as a row
	Example   string // one of them: file_id=7
}

// DanglingReferences returns the references within the rows of a checkpoint
// that nothing answers, one of each kind, in the order of the tables.
func DanglingReferences(r *Rows) []Dangling {
	answers := map[string]map[refKey]bool{}
	var all []Dangling
	for _, t := range Tables() {
		if t.Count(r) == 0 {
			continue
		}
		for _, ref := range t.References {
			target, _ := Lookup(ref.Table)
			name := ref.String()[strings.Index(ref.String(), " to "):]
			if answers[name] == nil {
				answers[name] = target.answers(r, ref)
			}
			d := Dangling{Table: t.Name, Reference: ref}
			t.eachKey(r, ref.Columns, func(k refKey) {
				if answers[name][k] {
					return
				}
				if d.Rows++; d.Rows == 1 {
					d.Example = k.describe(ref.Columns)
				}
			})
			if d.Rows > 0 {
				all = append(all, d)
			}
		}
	}
	return all
}

// refKey is what a reference compares: the values of one or two columns.
type refKey [2]refValue

// refValue is a number or a text.
type refValue struct {
	number uint64
	text   string
}

func (k refKey) describe(columns []string) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		if parts[i] = fmt.Sprintf("%s=%d", c, int64(k[i].number)); k[i].text != "" {
			parts[i] = c + "=" + k[i].text
		}
	}
	return strings.Join(parts, ",")
}

// answers returns the keys that references to the table can have.
func (t *Table) answers(r *Rows, ref Reference) map[refKey]bool {
	keys := map[refKey]bool{}
	columns := ref.Target
	if ref.Kind != "" {
		columns = append(slices.Clone(columns), "kind")
	}
	t.eachKey(r, columns, func(k refKey) {
		if ref.Kind != "" && k[len(columns)-1].text != ref.Kind {
			return
		}
		if ref.Kind != "" {
			k[len(columns)-1] = refValue{}
		}
		keys[k] = true
	})
	return keys
}

// eachKey passes on the values of columns, row by row, without those that have
// NULL. Of a list, each element makes a key.
func (t *Table) eachKey(r *Rows, columns []string, each func(refKey)) {
	fields := make([]Values, len(columns))
	for i, name := range columns {
		fields[i] = t.Values(r, t.Column(name))
	}
	for row := range t.Count(r) {
		eachValue(row, fields, 0, refKey{}, each)
	}
}

// eachValue fills in the key from its column at position n on.
func eachValue(row int, columns []Values, n int, k refKey, each func(refKey)) {
	if n == len(columns) {
		each(k)
		return
	}
	v := reflect.ValueOf(columns[n].At(row)).Elem()
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			k[n] = valueOf(v.Index(i))
			eachValue(row, columns, n+1, k, each)
		}
		return
	}
	k[n] = valueOf(v)
	eachValue(row, columns, n+1, k, each)
}

func valueOf(v reflect.Value) refValue {
	switch {
	case v.CanInt():
		return refValue{number: uint64(v.Int())}
	case v.CanUint():
		return refValue{number: v.Uint()}
	}
	return refValue{text: v.String()}
}
