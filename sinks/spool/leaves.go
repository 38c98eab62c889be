package spool

import (
	"context"
	"errors"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// leaf is what one column of a Parquet file gets: the values of an Arrow column,
// of its elements, or of a field of theirs, and the levels that tell where they
// belong. See "Nested Encoding" in Parquet's documentation of its format.
type leaf struct {
	values                 arrow.Array
	definition, repetition []int16 // nil where the column has no such levels
}

// leavesOf returns the leaves of a column, in the order of Parquet's columns.
// It knows the types that schema has: plain values, lists of them or of structs
// of them, and maps.
func leavesOf(column arrow.Array, nullable bool) ([]leaf, error) {
	switch c := column.(type) {
	case *array.Map:
		e, err := elementsOf(c.List, nullable)
		if err != nil {
			return nil, err
		}
		t := c.DataType().(*arrow.MapType)
		return e.leaves([]arrow.Array{c.Keys(), c.Items()}, []arrow.Field{t.KeyField(), t.ItemField()})
	case *array.List:
		e, err := elementsOf(c, nullable)
		if err != nil {
			return nil, err
		}
		element := c.DataType().(*arrow.ListType).ElemField()
		structs, ok := c.ListValues().(*array.Struct)
		if !ok {
			return e.leaves([]arrow.Array{c.ListValues()}, []arrow.Field{element})
		}
		if element.Nullable {
			return nil, errors.New("lists of structs that may be NULL are not supported")
		}
		fields := make([]arrow.Array, structs.NumField())
		for i := range fields {
			fields[i] = structs.Field(i)
		}
		return e.leaves(fields, structs.DataType().(*arrow.StructType).Fields())
	}
	l := leaf{values: column}
	if nullable {
		l.definition = make([]int16, column.Len())
		define(l.definition, column, 0)
	}
	return []leaf{l}, nil
}

// define sets levels to one above the given one, but for NULLs.
func define(levels []int16, values arrow.Array, null int16) {
	nulls := values.NullN() // mostly none, or all
	for i := range levels {
		levels[i] = null
		if nulls == 0 || nulls < len(levels) && values.IsValid(i) {
			levels[i]++
		}
	}
}

// elements are those of the lists of a column, of which Parquet keeps no more
// than the levels: whether a list is NULL, empty or has an element, and whether
// that element is the first of its list.
type elements struct {
	from, to               int64 // in the array of all elements
	at                     []int // the position of each in the levels
	definition, repetition []int16
	defined                int16 // level of an element that is there
}

func elementsOf(lists *array.List, nullable bool) (*elements, error) {
	count := lists.ListValues().Len()
	levels := count + lists.Len() // at most
	e := &elements{defined: 1, at: make([]int, 0, count), definition: make([]int16, 0, levels), repetition: make([]int16, 0, levels)}
	if nullable {
		e.defined = 2
	}
	for row := range lists.Len() {
		from, to := lists.ValueOffsets(row)
		if row == 0 {
			e.from, e.to = from, from
		}
		isNull := lists.IsNull(row)
		if from != e.to || isNull && from != to {
			return nil, errors.New("elements that belong to no list are not supported")
		}
		switch {
		case isNull:
			e.add(0, 0)
		case from == to:
			e.add(e.defined-1, 0)
		}
		for i := from; i < to; i++ {
			e.at = append(e.at, len(e.definition))
			e.add(e.defined, int16(min(1, i-from)))
		}
		e.to = to
	}
	return e, nil
}

func (e *elements) add(definition, repetition int16) {
	e.definition, e.repetition = append(e.definition, definition), append(e.repetition, repetition)
}

// leaves returns what all elements consist of as leaves.
func (e *elements) leaves(values []arrow.Array, fields []arrow.Field) ([]leaf, error) {
	leaves := make([]leaf, len(values))
	for i, v := range values {
		var err error
		if leaves[i], err = e.leaf(v, fields[i].Nullable); err != nil {
			return nil, err
		}
	}
	return leaves, nil
}

// leaf returns values of all elements as a leaf. It has none of those that are
// NULL, as the levels tell of these.
func (e *elements) leaf(values arrow.Array, nullable bool) (leaf, error) {
	l := leaf{array.NewSlice(values, e.from, e.to), e.definition, e.repetition}
	if !nullable {
		return l, nil
	}
	l.definition = slices.Clone(e.definition)
	valid := array.NewInt64Builder(memory.DefaultAllocator)
	valid.Reserve(len(e.at))
	for i, at := range e.at {
		if l.values.IsValid(i) {
			l.definition[at]++
			valid.UnsafeAppend(int64(i))
		}
	}
	if l.values.NullN() == 0 {
		return l, nil
	}
	var err error
	l.values, err = compute.TakeArray(context.Background(), l.values, valid.NewArray())
	return l, err
}
