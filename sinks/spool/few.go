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

// Rows that are few: with more, dictionaries and more than one page are worth
// what they cost.
const (
	fewRows  = 5000
	fewBytes = 1 << 20
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
	rows, err := Join(w.held)
	releaseAll(w.held)
	w.held, w.heldRows, w.heldBytes = nil, 0, 0
	if err != nil {
		return false, err
	}
	defer rows.Release()
	columns, err := onePageColumns(w.table, rows)
	if err != nil {
		return false, err
	}
	data, err := encoder.Encode(template, rows.NumRows(), columns, runPairs(w.from))
	if err != nil {
		return false, fmt.Errorf("encoding rows: %w", err)
	}
	return true, w.writeWhole(data, rows.NumRows())
}

// onePageColumns returns the columns of a file.
func onePageColumns(table *schema.Table, rows arrow.RecordBatch) ([]onepage.Column, error) {
	var columns []onepage.Column
	for i, c := range table.Columns {
		leaves, err := leavesOf(rows.Column(i), c.Nullable)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		for _, l := range leaves {
			column := onepage.Column{Values: l.values, Definition: l.definition, Repetition: l.repetition}
			if c.Encoding.Bloom && c.Type.ID() == arrow.STRING {
				column.Distinct = distinctTexts(rows.Column(i))
			}
			columns = append(columns, column)
		}
	}
	return columns, nil
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
