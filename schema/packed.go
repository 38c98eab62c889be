package schema

import "reflect"

// Packed are rows of one table in a form that takes less memory than row structs
// do. They are made a few thousand at a time, when batches are filled: a
// checkpoint may have millions of them.
type Packed interface {
	// Len returns how many rows there are.
	Len() int
	// Unpack sets the table's slice in r to the rows from one index up to another.
	// It may use the memory of the slice that was there.
	Unpack(r *Rows, from, to int)
}

// PackedRows holds the packed rows of a table, nil when they were let go of. Those of
// one table may be while another's are read: the map that has them stays as it is.
type PackedRows struct {
	Packed
	// IsSound says that DanglingReferences need not look at them: they were made of
	// the rows that they refer to.
	IsSound bool
}

// UnpackTable makes all packed rows of a table at once, for those who look at rows
// that they don't write.
func UnpackTable[Row any](r *Rows) {
	t, _ := TableOf(reflect.TypeFor[Row]())
	if p := r.Packed[t.Name]; p != nil {
		delete(r.Packed, t.Name)
		p.Unpack(r, 0, p.Len())
	}
}
