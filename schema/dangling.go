package schema

import (
	"fmt"
	"hash/maphash"
	"reflect"
	"slices"
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
	return dangling(Tables(), rowSet{reflect.ValueOf(r).Elem(), r.Packed}, decoded)
}

// rowSet are the rows of a checkpoint: in the struct that the tables were derived of,
// and packed.
type rowSet struct {
	all    reflect.Value
	packed map[string]*PackedRows
}

// each passes on the rows of a table, some at a time.
func (s rowSet) each(t *Table, do func(rows reflect.Value)) {
	if rows := t.rowsIn(s.all); rows.Len() > 0 {
		do(rows)
	}
	p := s.packed[t.Name]
	if p == nil || p.IsSound {
		return
	}
	const atOnce = 256
	var some Rows
	for from := 0; from < p.Len(); from += atOnce {
		p.Unpack(&some, from, min(from+atOnce, p.Len()))
		do(t.rows(&some))
	}
}

func dangling(tables []*Table, rows rowSet, decoded map[string]bool) []Dangling {
	answers := map[string]*keySet{}
	seed := maphash.MakeSeed()
	var all []Dangling
	for _, t := range tables {
		if t.rowsIn(rows.all).Len() == 0 && rows.packed[t.Name] == nil {
			continue
		}
		var checks []*referenceCheck
		for _, ref := range t.References {
			if !decoded[ref.Table] {
				continue
			}
			if answers[ref.answer] == nil {
				answers[ref.answer] = ref.answers(rows, seed)
			}
			checks = append(checks, &referenceCheck{
				Dangling: Dangling{Table: t.Name, Reference: ref}, known: answers[ref.answer], seed: seed,
			})
		}
		if len(checks) == 0 {
			continue
		}
		rows.each(t, func(some reflect.Value) {
			for _, c := range checks {
				eachKey(some, c.Reference.columns, c.check)
			}
		})
		for _, c := range checks {
			if c.Rows > 0 {
				all = append(all, c.Dangling)
			}
		}
	}
	return all
}

// referenceCheck looks at one reference of a table, row by row.
type referenceCheck struct {
	Dangling
	known *keySet
	seed  maphash.Seed

	last     refKey // that was answered, if any was: rows of a thread, say, follow one another
	answered bool
}

func (c *referenceCheck) check(k refKey) {
	if c.answered && k == c.last {
		return
	}
	if c.known.has(k.hash(c.seed)) {
		c.last, c.answered = k, true
		return
	}
	if c.Rows++; c.Rows == 1 {
		c.Example = k.describe(c.Reference.Columns)
	}
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

// keySet is a set of keys. Most sets are small: to look through them takes less than
// to fill a map.
type keySet struct {
	list []keyHash
	all  map[keyHash]struct{} // nil while there are few
}

// fewKeys are looked through one by one.
const fewKeys = 32

func (s *keySet) add(k keyHash) {
	switch n := len(s.list); {
	case s.all != nil:
		s.all[k] = struct{}{}
	case n < fewKeys:
		s.list = append(s.list, k)
	default:
		s.all = make(map[keyHash]struct{}, 4*fewKeys)
		for _, k := range append(s.list, k) {
			s.all[k] = struct{}{}
		}
	}
}

func (s *keySet) has(k keyHash) bool {
	if s.all != nil {
		_, ok := s.all[k]
		return ok
	}
	return slices.Contains(s.list, k)
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
func (ref Reference) answers(rows rowSet, seed maphash.Seed) *keySet {
	keys := &keySet{}
	n := len(ref.Target)
	rows.each(ref.target, func(some reflect.Value) {
		eachKey(some, ref.targetColumns, func(k refKey) {
			if ref.Kind != "" {
				if k[n].text != ref.Kind {
					return
				}
				k[n] = refValue{}
			}
			keys.add(k.hash(seed))
		})
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
