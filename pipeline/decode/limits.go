package decode

import (
	"errors"
	"reflect"
	"slices"
	"strconv"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/schema"
)

// Limits bound what one archive may cost. Past one, the archive is partial,
// and a row of problems names the limit by its flag.
type Limits struct {
	ReadBytes     int64 // --max-read: bytes read of the archive in one pass
	ExpandedBytes int64 // --max-expanded: bytes decompressed of it and all within it, holes of sparse members included
	Ratio         int64 // --max-ratio: of bytes expanded to bytes read, see archive.Budget
	Members       int   // --max-members: members of it with those within it, and entries of a tar of files
	Nesting       int   // --max-nesting: archives within archives; a layer within an image is one
	Checkpoints   int   // --max-checkpoints: image sets
	Processes     int   // --max-processes: processes of a checkpoint
	Rows          int   // --max-rows: rows of any one table
	MetadataBytes int64 // --max-metadata: bytes of one image or metadata member
	MemoryBytes   int64 // --max-archive-memory: bytes kept while it is decoded, see walk.take

	// Bounds that ordinary archives do not come near, without flags.
	HashedFileBytes uint64 // bytes of a ghost file with its holes that are hashed
	RegionBytes     uint64 // bytes of the arguments or environment of a process
	LogLines        uint32 // lines of a container's own log
}

// DefaultLimits returns limits that ordinary archives stay far below.
func DefaultLimits() Limits {
	return Limits{
		ReadBytes: 1 << 40, ExpandedBytes: 1 << 40, Ratio: 250, Members: 1_000_000, Nesting: 3, Checkpoints: 1000, Processes: 100_000,
		Rows: 1_000_000, MetadataBytes: 64 << 20, MemoryBytes: 512 << 20,
		HashedFileBytes: 64 << 30, RegionBytes: 8 << 20, LogLines: 100_000,
	}
}

// limit is a limit that was passed: its flag, and its value as the flag takes it.
type limit struct{ flag, value string }

func (l limit) String() string { return "--" + l.flag + " " + l.value }

func countLimit(flag string, n int) limit { return limit{flag, strconv.Itoa(n)} }

// sizeLimit is a limit in bytes.
func sizeLimit(flag string, n int64) limit {
	units := []string{"", "KiB", "MiB", "GiB", "TiB"}
	unit := 0
	for n > 0 && n%1024 == 0 && unit < len(units)-1 {
		n, unit = n/1024, unit+1
	}
	return limit{flag, strconv.FormatInt(n, 10) + units[unit]}
}

// limitError says that reading ended at a limit.
type limitError struct {
	limit limit
	what  string
}

func (e *limitError) Error() string { return e.limit.String() + ": " + e.what }

func (l Limits) members() limit     { return countLimit("max-members", l.Members) }
func (l Limits) nesting() limit     { return countLimit("max-nesting", l.Nesting) }
func (l Limits) checkpoints() limit { return countLimit("max-checkpoints", l.Checkpoints) }
func (l Limits) processes() limit   { return countLimit("max-processes", l.Processes) }
func (l Limits) rows() limit        { return countLimit("max-rows", l.Rows) }
func (l Limits) metadata() limit    { return sizeLimit("max-metadata", l.MetadataBytes) }
func (l Limits) memory() limit      { return sizeLimit("max-archive-memory", l.MemoryBytes) }
func (l Limits) ratio() limit       { return countLimit("max-ratio", int(l.Ratio)) }

// passed returns the limit that an error of reading tells of, if any, and what
// happened.
func (l Limits) passed(err error) (passed limit, what string, ok bool) {
	var own *limitError
	switch {
	case errors.As(err, &own):
		return own.limit, own.what, true
	case errors.Is(err, archive.ErrRead):
		return sizeLimit("max-read", l.ReadBytes), err.Error(), true
	case errors.Is(err, archive.ErrExpanded):
		return sizeLimit("max-expanded", l.ExpandedBytes), err.Error(), true
	case errors.Is(err, archive.ErrRatio):
		return l.ratio(), err.Error(), true
	}
	return limit{}, "", false
}

// What the memory of things beside their texts is taken for, in bytes: of a
// member, with its place in maps; of a reading, and of an image set.
const (
	memberBytes  = 512
	readingBytes = 1 << 10
	setBytes     = 6 << 10
)

// take takes memory of what the archive may have; false, and nothing is taken,
// where it has no more. It counts what is kept until the archive is done: members in
// memory, decoded messages, rows. It is an estimate, made before memory is
// allocated; what is soon freed again does not count.
func (w *walk) take(bytes int64) bool {
	if bytes > w.decoder.Limits.MemoryBytes-w.taken {
		return false
	}
	w.taken += bytes
	return true
}

// tableUse counts the rows of a table in an archive.
type tableUse struct {
	*schema.Table
	isWanted bool // else no rows of it are kept
	rows     int
	full     bool  // no more rows are added
	limit    limit // why
}

// use returns the count of a table, by the type of its rows.
func (w *walk) use(row reflect.Type) *tableUse {
	if w.usedType == row { // rows of a table mostly come together
		return w.used
	}
	u := w.tables[row]
	if u == nil {
		t, _ := schema.TableOf(row) // each row struct has one
		u = &tableUse{Table: t, isWanted: w.decoder.plan.tables[t.Name]}
		w.tables[row] = u
	}
	w.usedType, w.used = row, u
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
	if n := len(*table); n == cap(*table) && n >= 256 && n < 4096 { // append would grow it by a quarter, and copy all more often
		*table = slices.Grow(*table, n)
	}
	*table = append(*table, row)
	last := &(*table)[len(*table)-1]
	size := int64(u.RowSize(last))
	if size > largeRow {
		size *= 4
	}
	if !n.of.take(size) {
		const room = 64 << 10 // with less left, no row is tried any more
		u.full, u.limit = limits.MemoryBytes-n.of.taken < room, limits.memory()
		*last = *new(T)
		*table = (*table)[:len(*table)-1]
		n.passedIn(u.limit, u.Name, "the archive takes more memory; rows of the table are left out")
		return false
	}
	u.rows++
	return true
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
