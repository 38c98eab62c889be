package parquet

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/util"
	"github.com/zeebo/xxh3"

	"github.com/ckexport/ckexport/schema"
)

// partGroups is the number of row groups after which a part is complete.
// Bloom filters and indexes stay in memory until then.
const partGroups = 8

// tableWriter writes the rows of one table to one or more files.
type tableWriter struct {
	table *schema.Table
	from  origin
	// path makes the path of the nth file.
	path func(n int) string
	// single keeps all rows in one file, however large.
	single bool
	// sync makes each file durable when it is complete.
	sync bool
	// beforeClose, if set, may add to the footer of a file.
	beforeClose func(*partFile) error

	// held are batches not yet given to the file. While a file is open the
	// last row is always held, so that a row group can be ended at any time and
	// the next one still gets rows.
	held      []arrow.RecordBatch
	heldBytes int64
	part      *partFile
	partPath  string
	done      []writtenPart
}

// writtenPart is a complete file.
type writtenPart struct {
	path        string
	rows, bytes int64
	sha256      string // in hexadecimal
}

// bytes estimates the memory that the writer holds.
func (w *tableWriter) bytes() int64 {
	n := w.heldBytes
	if w.part != nil {
		n += w.part.buffered()
	}
	return n
}

// add takes a batch; the caller may release it. No file is begun for it: in a
// small run that is when all rows are known, so that tables are encoded side by
// side and Bloom filters get the size they need.
func (w *tableWriter) add(batch arrow.RecordBatch) error {
	w.hold(batch)
	if w.part == nil {
		return nil
	}
	if err := w.drainButOne(); err != nil {
		return err
	}
	if w.part.groups > partGroups && !w.single {
		return w.closePart()
	}
	return nil
}

// relieve frees most of the memory that the writer holds: it begins a file and
// encodes what it can, or ends the row group.
func (w *tableWriter) relieve() error {
	if w.part == nil {
		// Row groups will be ended as early as this, or somewhat later: encoded,
		// rows take less.
		const later = 2
		if err := w.open(min(later*w.heldRows(), rowGroupRows), true); err != nil {
			return err
		}
		return w.drainButOne()
	}
	if w.part.groupRows == 0 {
		return nil
	}
	return w.part.endRowGroup()
}

// finish completes the last file; where no row ever came, that is an empty
// one.
func (w *tableWriter) finish() error {
	if w.part == nil && len(w.held) == 0 && len(w.done) > 0 {
		return nil
	}
	if w.part == nil {
		rows := w.heldRows()
		if err := w.open(rows, rows >= dictionaryRows); err != nil {
			return err
		}
	}
	if err := w.drain(); err != nil {
		return err
	}
	return w.closePart()
}

// abandon frees everything; files stay incomplete.
func (w *tableWriter) abandon() error {
	w.release(len(w.held))
	if w.part == nil {
		return nil
	}
	err := w.part.abandon()
	w.part = nil
	return err
}

// open begins a file whose row groups will have about groupRows rows.
func (w *tableWriter) open(groupRows int64, dictionaries bool) error {
	distinct := map[string]int64{}
	for i, c := range w.table.Columns {
		if isSought(w.table, c) && !w.from.scratch {
			distinct[c.Name] = expectDistinct(w.held, i, groupRows)
		}
	}
	w.partPath = w.path(len(w.done))
	part, err := createPart(w.partPath, w.table, w.from, dictionaries, distinct)
	if err != nil {
		return err
	}
	w.part = part
	return nil
}

// joinedBytes is about how much is given to the encoder at a time: it has work
// to do for each column of each batch, however small that is.
const joinedBytes = 4 << 20

// drain gives all batches to the file.
func (w *tableWriter) drain() error {
	for len(w.held) > 0 {
		n, size := 0, int64(0)
		for ; n < len(w.held) && size < joinedBytes; n++ {
			size += util.TotalRecordSize(w.held[n])
		}
		if err := w.writeJoined(w.held[:n]); err != nil {
			return fmt.Errorf("writing %s: %w", w.table.Name, err)
		}
		w.release(n)
	}
	return nil
}

// drainButOne gives all rows but the last one to the file.
func (w *tableWriter) drainButOne() error {
	newest := w.held[len(w.held)-1]
	n := newest.NumRows()
	last, err := copyOf(newest, n-1, n)
	if err != nil {
		return fmt.Errorf("writing %s: %w", w.table.Name, err)
	}
	w.heldBytes -= util.TotalRecordSize(newest)
	w.held = w.held[:len(w.held)-1]
	if n > 1 {
		others := newest.NewSlice(0, n-1)
		w.hold(others)
		others.Release()
	}
	newest.Release()
	err = w.drain()
	w.hold(last)
	last.Release()
	return err
}

func (w *tableWriter) writeJoined(batches []arrow.RecordBatch) error {
	batch, err := join(batches)
	if err != nil {
		return err
	}
	defer batch.Release()
	return w.part.write(batch)
}

// hold takes a batch; the caller may release it.
func (w *tableWriter) hold(batch arrow.RecordBatch) {
	batch.Retain()
	w.held = append(w.held, batch)
	w.heldBytes += util.TotalRecordSize(batch)
}

// release lets go of the oldest n batches.
func (w *tableWriter) release(n int) {
	for _, b := range w.held[:n] {
		w.heldBytes -= util.TotalRecordSize(b)
		b.Release()
	}
	w.held = append(w.held[:0], w.held[n:]...)
}

func (w *tableWriter) closePart() error {
	if w.beforeClose != nil {
		if err := w.beforeClose(w.part); err != nil {
			return err
		}
	}
	part := w.part
	w.part = nil
	size, digest, err := part.close(w.sync)
	if err != nil {
		return fmt.Errorf("writing %s: %w", w.table.Name, err)
	}
	w.done = append(w.done, writtenPart{path: w.partPath, rows: part.rows, bytes: size, sha256: digest})
	return nil
}

func (w *tableWriter) heldRows() (n int64) {
	for _, b := range w.held {
		n += b.NumRows()
	}
	return n
}

// expectDistinct estimates how many distinct values column i has in a row
// group of groupRows rows, from the batches at hand.
func expectDistinct(batches []arrow.RecordBatch, i int, groupRows int64) int64 {
	seen := map[uint64]struct{}{}
	var rows int64
	for _, b := range batches {
		rows += b.NumRows()
		values := b.Column(i).(*array.String)
		last := ""
		for j := range values.Len() {
			if values.IsNull(j) {
				continue
			}
			// Equal values mostly follow one another.
			if v := values.Value(j); v != last || len(seen) == 0 {
				seen[xxh3.HashString(v)] = struct{}{}
				last = v
			}
		}
	}
	if rows == 0 {
		return 0
	}
	return int64(float64(len(seen)) * max(1, float64(groupRows)/float64(rows)))
}
