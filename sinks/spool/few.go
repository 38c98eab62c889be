package spool

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/onepage"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

// Rows that are few enough for one page of each column: other writers put as many
// into a page.
const (
	fewRows  = 20_000
	fewBytes = 16 << 20
)

// onePageEncoder returns what encodes files of few rows, the same each time.
func onePageEncoder() func() (*onepage.Encoder, error) {
	return sync.OnceValues(func() (*onepage.Encoder, error) { return onepage.NewEncoder(zstdLevel, bloomBytes) })
}

// writeFew completes a table whose rows are few and in memory; false if they are
// not, or if there is no template for the table.
func (w *tableWriter) writeFew() (bool, error) {
	if w.few == nil || w.from.Scratch || w.heldRows > fewRows || w.heldBytes > fewBytes {
		return false, nil
	}
	template, err := emptyFile(w.table)
	if template == nil || err != nil {
		return false, err
	}
	encoder, err := w.few()
	if err != nil {
		return false, err
	}
	group := columnsOf(w.held)
	releaseAll(w.held)
	w.held, w.heldRows, w.heldBytes = nil, 0, 0
	defer group.release()
	f, err := encoder.Begin(template, group.rows)
	if err != nil {
		return false, err
	}
	for i := range w.table.Columns {
		if err := addColumn(f, &w.table.Columns[i], group, i); err != nil {
			return false, fmt.Errorf("encoding rows: %w", err)
		}
	}
	data, err := f.Finish(runPairs(w.from))
	if err != nil {
		return false, fmt.Errorf("encoding rows: %w", err)
	}
	return true, w.writeWhole(data, group.rows)
}

// addColumn adds the ith column of rows to a file.
func addColumn(f *onepage.File, c *schema.Column, rows *heldColumns, i int) error {
	column, err := rows.join(i)
	if err != nil {
		return err
	}
	defer column.Release()
	leaves, err := leavesOf(column, c.Nullable)
	if err != nil {
		return fmt.Errorf("column %s: %w", c.Name, err)
	}
	var distinct int64
	if c.Encoding.Bloom && c.Type.ID() == arrow.STRING {
		distinct = distinctTexts(column)
	}
	for _, l := range leaves {
		if err := f.Add(onepage.Column{Values: l.values, Definition: l.definition, Repetition: l.repetition, Distinct: distinct}); err != nil {
			return err
		}
	}
	return nil
}

// writeEmpty completes a table that never got a row by the file that is ready;
// false if there is none.
func (w *tableWriter) writeEmpty() (bool, error) {
	if w.from.Scratch || w.from.Policy != (sinks.Policy{}) {
		return false, nil
	}
	data, err := emptyFile(w.table)
	if data == nil || err != nil {
		return false, err
	}
	return true, w.writeWhole(data, 0)
}

// writeWhole writes a whole file.
func (w *tableWriter) writeWhole(data []byte, rows int64) error {
	p := w.claimPart()
	f, err := staging.CreateFile(p.path)
	if err != nil {
		return fmt.Errorf("creating part file: %w", err)
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	p.rows, p.bytes, p.sha256 = rows, int64(len(data)), hex.EncodeToString(sum[:])
	return nil
}
