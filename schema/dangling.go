package schema

import (
	"fmt"
	"hash/maphash"
	"reflect"
	"strings"
	"unsafe"
)

// Dangling is a reference of a table with rows that nothing answers.
type Dangling struct {
	Table     string
	Reference Reference
	Rows      int    // how many; an element of a list counts as a row
	Example   string // one of them: file_id=7
}

// DanglingReferences returns the references within the rows of a checkpoint
// that nothing answers, one of each kind, in the order of the tables. Only
// references between tables that were decoded tell anything.
func DanglingReferences(r *Rows, decoded map[string]bool) []Dangling {
	return dangling(Tables(), reflect.ValueOf(r).Elem(), decoded)
}

// dangling does so with the rows in the struct that the tables were derived of.
func dangling(tables []*Table, rows reflect.Value, decoded map[string]bool) []Dangling {
	answers := map[string]map[keyHash]struct{}{}
	seed := maphash.MakeSeed()
	var all []Dangling
	for _, t := range tables {
		if t.rowsIn(rows).Len() == 0 {
			continue
		}
		for _, ref := range t.References {
			if !decoded[ref.Table] {
				continue
			}
			if answers[ref.answer] == nil {
				answers[ref.answer] = ref.answers(rows, seed)
			}
			d := Dangling{Table: t.Name, Reference: ref}
			known := answers[ref.answer]
			var last refKey // that was answered, if any was: rows of a thread, say, follow one another
			answered := false
			eachKey(t.rowsIn(rows), t.columnsNamed(ref.Columns), func(k refKey) {
				if answered && k == last {
					return
				}
				if _, ok := known[k.hash(seed)]; ok {
					last, answered = k, true
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

// keyHash stands for a key: numbers as they are, texts by their hash, under a
// seed that nobody outside can know.
type keyHash [2]uint64

func (k refKey) hash(seed maphash.Seed) (h keyHash) {
	for i, v := range k {
		h[i] = v.number
		if v.text != "" {
			h[i] = maphash.String(seed, v.text)
		}
	}
	return h
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

// answers returns the keys of the rows that the reference can name.
func (ref Reference) answers(rows reflect.Value, seed maphash.Seed) map[keyHash]struct{} {
	targets := ref.target.rowsIn(rows)
	keys := make(map[keyHash]struct{}, targets.Len())
	n := len(ref.Target)
	columns := ref.target.columnsNamed(ref.Target)
	if ref.Kind != "" {
		columns = append(columns, ref.target.Column(kindColumn))
	}
	eachKey(targets, columns, func(k refKey) {
		if ref.Kind != "" {
			if k[n].text != ref.Kind {
				return
			}
			k[n] = refValue{}
		}
		keys[k.hash(seed)] = struct{}{}
	})
	return keys
}

func (t *Table) columnsNamed(names []string) []*Column {
	columns := make([]*Column, len(names))
	for i, name := range names {
		columns[i] = t.Column(name)
	}
	return columns
}

// eachKey passes on the values of columns, row by row, without those that have
// NULL. Of a list, each element makes a key.
func eachKey(rows reflect.Value, columns []*Column, each func(refKey)) {
	parts := make([]keyPart, len(columns))
	for i, c := range columns {
		parts[i] = keyPartOf(fieldsOf(rows).at(c.offset), c.field)
	}
	for row := range rows.Len() {
		eachValue(row, parts, 0, refKey{}, each)
	}
}

// keyPart is a column of a key: a number, a text, a pointer to one, or a list.
type keyPart struct {
	fields            fields
	isPointer, isList bool
	value             reflect.Type
}

func keyPartOf(f fields, t reflect.Type) keyPart {
	p := keyPart{fields: f, isPointer: t.Kind() == reflect.Pointer, isList: t.Kind() == reflect.Slice, value: t}
	if p.isPointer || p.isList {
		p.value = t.Elem()
	}
	return p
}

// eachValue fills in the key from its column at position n on.
func eachValue(row int, columns []keyPart, n int, k refKey, each func(refKey)) {
	if n == len(columns) {
		each(k)
		return
	}
	c := columns[n]
	at := c.fields.index(row)
	switch {
	case c.isList:
		list := *(*[]struct{})(at) // whatever its elements are
		for i := range list {
			k[n] = valueAt(unsafe.Add(unsafe.Pointer(unsafe.SliceData(list)), uintptr(i)*c.value.Size()), c.value)
			eachValue(row, columns, n+1, k, each)
		}
		return
	case c.isPointer:
		if at = *(*unsafe.Pointer)(at); at == nil {
			return
		}
	}
	k[n] = valueAt(at, c.value)
	eachValue(row, columns, n+1, k, each)
}

// valueAt reads a value by its address; signed numbers keep their sign.
func valueAt(at unsafe.Pointer, t reflect.Type) refValue {
	switch t.Kind() {
	case reflect.String:
		return refValue{text: *(*string)(at)}
	case reflect.Int32:
		return refValue{number: uint64(*(*int32)(at))}
	case reflect.Uint32:
		return refValue{number: uint64(*(*uint32)(at))}
	case reflect.Int64, reflect.Uint64:
		return refValue{number: *(*uint64)(at)}
	}
	return otherValue(reflect.NewAt(t, at).Elem())
}

func otherValue(v reflect.Value) refValue {
	switch {
	case v.CanInt():
		return refValue{number: uint64(v.Int())}
	case v.CanUint():
		return refValue{number: v.Uint()}
	}
	return refValue{text: v.String()}
}
