package schema

// Packed are rows of one table in a form that takes less memory than row structs
// do. They are made a few thousand at a time, when batches are filled: a
// checkpoint may have millions of them.
type Packed interface {
	// Len returns how many rows there are.
	Len() int
	// Unpack adds the rows from one index up to another to r, whose slice of the
	// table is empty.
	Unpack(r *Rows, from, to int)
}

// unpacked returns packed rows of r from one index up to another.
func (t *Table) unpacked(r *Rows, from, to int) *Rows {
	made := &Rows{CheckpointID: r.CheckpointID}
	r.Packed[t.Name].Unpack(made, from, to)
	return made
}
