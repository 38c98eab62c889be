package spool

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/util"

	"github.com/ckexport/ckexport/schema"
)

// partGroups is the number of row groups after which a part is complete.
// Bloom filters and indexes stay in memory until then.
const partGroups = 8

// tableWriter writes the rows of one table to one or more files.
type tableWriter struct {
	table *schema.Table
	from  Options
	// path makes the path of the nth file.
	path func(n int) string
	// single is set where all rows stay in one file, however large.
	single *FileOptions

	// held are the rows of the next row group. It is encoded at once, as a
	// column of it can have one dictionary.
	held      []arrow.RecordBatch
	heldRows  int64
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

// add takes a batch, as batches are or as rows are read from files; the caller
// may release it. No file is begun before a row group is full: in a small run
// that is when all rows are known, so that tables are encoded side by side.
func (w *tableWriter) add(batch arrow.RecordBatch) error {
	if w.heldRows+batch.NumRows() > rowGroupRows {
		if err := w.writeRowGroup(); err != nil {
			return err
		}
	}
	if batch.Schema() == w.table.BatchSchema() {
		batch.Retain()
	} else {
		batch = w.table.Encode(batch)
	}
	w.held = append(w.held, batch)
	w.heldRows += batch.NumRows()
	w.heldBytes += util.TotalRecordSize(batch)
	return nil
}

// writeRowGroup frees the memory that the writer holds: it writes a row group.
func (w *tableWriter) writeRowGroup() error {
	if len(w.held) == 0 {
		return nil
	}
	group, err := Join(w.held)
	if err != nil {
		return fmt.Errorf("writing %s: %w", w.table.Name, err)
	}
	defer group.Release()
	w.release()
	if w.part == nil {
		if err := w.open(); err != nil {
			return err
		}
	}
	if err := w.part.write(group); err != nil {
		return fmt.Errorf("writing %s: %w", w.table.Name, err)
	}
	if w.part.groups < partGroups || w.single != nil {
		return nil
	}
	return w.closePart()
}

// finish completes the last file; where no row ever came, that is an empty
// one.
func (w *tableWriter) finish() error {
	if err := w.writeRowGroup(); err != nil {
		return err
	}
	if w.part == nil {
		if len(w.done) > 0 {
			return nil
		}
		if done, err := w.writeEmpty(); done || err != nil {
			return err
		}
		if err := w.open(); err != nil {
			return err
		}
	}
	return w.closePart()
}

// abandon frees everything; files stay incomplete.
func (w *tableWriter) abandon() error {
	w.release()
	if w.part == nil {
		return nil
	}
	err := w.part.abandon()
	w.part = nil
	return err
}

// open begins a file.
func (w *tableWriter) open() error {
	w.partPath = w.path(len(w.done))
	part, err := createPart(w.partPath, w.table, w.from)
	if err != nil {
		return err
	}
	w.part = part
	return nil
}

// release lets go of what is held.
func (w *tableWriter) release() {
	for _, b := range w.held {
		b.Release()
	}
	w.held, w.heldRows, w.heldBytes = nil, 0, 0
}

func (w *tableWriter) closePart() error {
	part := w.part
	w.part = nil
	size, digest, err := part.close(w.single)
	if err != nil {
		return fmt.Errorf("writing %s: %w", w.table.Name, err)
	}
	w.done = append(w.done, writtenPart{path: w.partPath, rows: part.rows, bytes: size, sha256: digest})
	return nil
}
