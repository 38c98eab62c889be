package decode

import (
	"reflect"
	"slices"

	"github.com/ckexport/ckexport/schema"
)

// manyRows is how many rows of one table of a checkpoint may be kept until they
// are written.
const manyRows = 4 << 10

// later are rows that are made of messages of images. Many of them are not kept, but
// made again when they are written: a row takes as much memory as the messages that
// it is made of, and those are there in any case while an archive is decoded.
type later[M, R any] struct {
	notes *notes
	table *[]R
	row   func(M) R // must be right, and safe beside others of its kind, when the archive was decoded
	of    []M

	in func(*schema.Rows) *[]R
}

// laterRows returns an empty list of rows of a table.
func laterRows[M, R any](n *notes, table *[]R, row func(M) R) *later[M, R] {
	return &later[M, R]{notes: n, table: table, row: row}
}

// add adds a row, if the table takes it.
func (l *later[M, R]) add(of M) {
	if !add(l.notes, l.table, l.row(of)) {
		return
	}
	if l.of = append(l.of, of); len(l.of) > manyRows {
		*l.table = (*l.table)[:0]
	}
}

// finish leaves the rows to whoever writes them. in returns the table's rows.
func (l *later[M, R]) finish(rows *schema.Rows, in func(*schema.Rows) *[]R) {
	if len(l.of) <= manyRows {
		return
	}
	*l.table = nil
	l.notes, l.table, l.in = nil, nil, in // else all of the archive would stay in memory
	t, _ := schema.TableOf(reflect.TypeFor[R]())
	pack(rows, t.Name, schema.PackedRows{Packed: l})
}

func pack(r *schema.Rows, table string, rows schema.PackedRows) {
	if r.Packed == nil {
		r.Packed = map[string]*schema.PackedRows{}
	}
	r.Packed[table] = &rows
}

// Len implements schema.Packed.
func (l *later[M, R]) Len() int { return len(l.of) }

// Unpack implements schema.Packed.
func (l *later[M, R]) Unpack(r *schema.Rows, from, to int) {
	rows := l.in(r)
	*rows = slices.Grow((*rows)[:0], to-from)
	for _, of := range l.of[from:to] {
		*rows = append(*rows, l.row(of))
	}
}
