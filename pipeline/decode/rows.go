package decode

import (
	"reflect"
	"slices"

	"github.com/ckexport/ckexport/schema"
)

// tableUse counts the rows of a table in an archive.
type tableUse struct {
	*schema.Table
	isWanted bool // else no rows of it are kept
	rows     int
	share    int64 // of memory, that its rows may take
	taken    int64
	full     bool  // no more rows are added
	limit    limit // why
}

// use returns the count of a table, by the type of its rows.
func (ar *archiveReader) use(row reflect.Type) *tableUse {
	if ar.usedType == row { // rows of a table mostly come together
		return ar.used
	}
	u := ar.tables[row]
	if u == nil {
		t, _ := schema.TableOf(row) // each row struct has one
		u = &tableUse{Table: t, isWanted: ar.decoder.plan.tables[t.Name], share: ar.share()}
		switch row {
		case reflect.TypeFor[schema.LogLine](), reflect.TypeFor[schema.LogPhase](), reflect.TypeFor[schema.ContainerLogLine]():
			u.share = min(u.share, ar.logShare())
		}
		ar.tables[row] = u
	}
	ar.usedType, ar.used = row, u
	return u
}

// largeRow is the size from which a row counts several times: the batch that it
// makes alone, and what a sink makes of that, hold it once more each.
const largeRow = 1 << 20

// add appends a row to a table and reports whether it did. It does not where
// the table is not wanted, nor where the archive has as many rows as it may
// have, or takes as much memory: that is noted once for the table.
func add[T any](n *notes, table *[]T, row T) bool {
	u := n.of.use(reflect.TypeFor[T]())
	if !n.mayAdd(u) {
		return false
	}
	if n := len(*table); n == cap(*table) && n >= 256 && n < 128<<10 { // append would grow it by a quarter, and copy all more often
		*table = slices.Grow(*table, n)
	}
	*table = append(*table, row)
	last := &(*table)[len(*table)-1]
	if !n.takeRow(u, last) {
		*last = *new(T)
		*table = (*table)[:len(*table)-1]
		return false
	}
	return true
}

// countRow is add of a row that is not kept, but made again when it is written.
func countRow[T any](n *notes, row *T) bool {
	u := n.of.use(reflect.TypeFor[T]())
	return n.mayAdd(u) && n.takeRow(u, row)
}

// mayAdd reports whether a table is wanted and has no more rows than it may have.
func (n *notes) mayAdd(u *tableUse) bool {
	limits := &n.of.decoder.Limits
	switch {
	case !u.isWanted:
		return false
	case u.full:
		n.passedIn(u.limit, u.Name, "rows of the table are left out")
		return false
	case u.rows >= limits.Rows:
		u.full, u.limit = true, limits.rows()
		n.passedIn(u.limit, u.Name, "the table has more rows; they are left out")
		return false
	}
	return true
}

// takeRow takes the memory of a row, which a pointer leads to.
func (n *notes) takeRow(u *tableUse, row any) bool {
	limits := &n.of.decoder.Limits
	size := int64(u.RowSize(row))
	if size > largeRow {
		size *= 4
	}
	if size > u.share-u.taken || !n.of.take(size) {
		const room = 64 << 10 // with less left, no row is tried any more
		u.full, u.limit = min(u.share-u.taken, limits.MemoryBytes-n.of.taken) < room, limits.memory()
		n.passedIn(u.limit, u.Name, "its rows take more than their share of the memory; some are left out")
		return false
	}
	u.taken += size
	u.rows++
	return true
}

// reserve makes room for so many more rows, as far as their share of the memory
// goes: a large table that grows is there twice.
func reserve[T any](n *notes, table *[]T, rows int) {
	u := n.of.use(reflect.TypeFor[T]())
	if !u.isWanted {
		return
	}
	room := min(u.share-u.taken, n.of.decoder.Limits.MemoryBytes-n.of.taken) / int64(u.RowSize(new(T)))
	*table = slices.Grow(*table, min(rows, int(max(room, 0))))
}

// isFull reports whether a table takes no more rows, and notes that some are
// left out, if it is wanted at all. Loops that would make many rows in vain end
// there.
func isFull[T any](n *notes, _ *[]T) bool {
	u := n.of.use(reflect.TypeFor[T]())
	if u.full {
		n.passedIn(u.limit, u.Name, "rows of the table are left out")
	}
	return u.full || !u.isWanted
}
