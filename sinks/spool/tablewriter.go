package spool

import (
	"errors"
	"fmt"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/util"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/parquetfile"
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
	// encode calls write, now or later, but not beside another write to the same
	// part; nil calls it at once. Bytes are those of the rows.
	encode func(bytes int64, write func() error) error

	// encoder returns what encodes files.
	encoder func() (*parquetfile.Encoder, error)

	// held are the rows of the next row group. It is encoded at once, as a
	// column of it can have one dictionary.
	held      []arrow.RecordBatch
	heldRows  int64
	heldBytes int64
	isLast    bool         // no row group comes after this one
	parts     []*tablePart // in the order of their rows
}

// tablePart is a file that row groups are written to, one after another. While
// one is being written, later ones go to a new file: so a table's row groups can
// be encoded side by side, and keep their order.
type tablePart struct {
	path string
	file *partFile // nil before the first row group, and when it is complete

	mu     sync.Mutex
	isBusy bool // a row group is being written
	isFull bool // no more will come; whoever writes the last one completes the file

	// of the complete file
	rows, bytes int64
	sha256      string // in hexadecimal
}

// claim reserves the part for a row group; false if it gets no more.
func (p *tablePart) claim() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.isFull = p.isFull || p.isBusy
	p.isBusy = !p.isFull || p.isBusy
	return !p.isFull
}

// unclaim ends a claim, and reports whether the file is to be completed.
func (p *tablePart) unclaim(isFull bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.isBusy, p.isFull = false, p.isFull || isFull
	return p.isFull
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

// writeRowGroup passes on the rows that the writer holds, as a row group.
func (w *tableWriter) writeRowGroup() error {
	if len(w.held) == 0 {
		return nil
	}
	held, bytes, part := w.held, w.heldBytes, w.claimPart()
	w.held, w.heldRows, w.heldBytes = nil, 0, 0
	write := func() error {
		if err := w.writeTo(part, held); err != nil {
			return fmt.Errorf("writing %s: %w", w.table.Name, err)
		}
		return nil
	}
	if w.encode == nil {
		return write()
	}
	return w.encode(bytes, write)
}

// claimPart reserves a part for the next row group.
func (w *tableWriter) claimPart() *tablePart {
	if n := len(w.parts); n > 0 && w.parts[n-1].claim() {
		return w.parts[n-1]
	}
	p := &tablePart{path: w.path(len(w.parts)), isBusy: true}
	w.parts = append(w.parts, p)
	return p
}

// writeTo writes a row group to a part, and completes it if no more will come.
func (w *tableWriter) writeTo(p *tablePart, held []arrow.RecordBatch) error {
	group := columnsOf(held)
	releaseAll(held)
	defer group.release()
	if p.file == nil {
		if err := w.create(p); err != nil {
			return err
		}
	}
	if err := p.file.write(group); err != nil {
		return err
	}
	if p.unclaim(w.single == nil && p.file.groups == partGroups) {
		return p.complete(w.single)
	}
	return nil
}

// create begins the file of a part.
func (w *tableWriter) create(p *tablePart) error {
	encoder, err := w.encoder()
	if err != nil {
		return err
	}
	p.file, err = createPart(p.path, w.table, w.from, encoder, w.isLast)
	return err
}

// complete completes the file.
func (p *tablePart) complete(single *FileOptions) error {
	file := p.file
	p.file = nil
	var err error
	p.bytes, p.sha256, err = file.close(single)
	p.rows = file.rows
	return err
}

// finish completes the files that are open; where no row ever came, that is an
// empty one. Nothing may be left to be encoded.
func (w *tableWriter) finish() error {
	w.encode, w.isLast = nil, true
	if err := w.writeRowGroup(); err != nil {
		return err
	}
	if len(w.parts) == 0 {
		p := w.claimPart()
		if err := w.create(p); err != nil {
			return fmt.Errorf("writing %s: %w", w.table.Name, err)
		}
		if w.single == nil && w.from.Policy == (sinks.Policy{}) { // in datasets, one without rows is always the same
			p.file.pairs = nil
		}
	}
	for _, p := range w.parts {
		if p.file == nil {
			continue
		}
		if err := p.complete(w.single); err != nil {
			return fmt.Errorf("writing %s: %w", w.table.Name, err)
		}
	}
	return nil
}

// abandon frees everything; files stay incomplete.
func (w *tableWriter) abandon() error {
	releaseAll(w.held)
	w.held, w.heldRows, w.heldBytes = nil, 0, 0
	var errs []error
	for _, p := range w.parts {
		if p.file != nil {
			errs = append(errs, p.file.abandon())
			p.file = nil
		}
	}
	return errors.Join(errs...)
}

func releaseAll(batches []arrow.RecordBatch) {
	for _, b := range batches {
		b.Release()
	}
}
