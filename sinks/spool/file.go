package spool

import (
	"fmt"
	"os"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
)

// File writes rows of one table to one file, however large it gets.
type File struct{ writer tableWriter }

// FileOptions says how to write a file that stands alone.
type FileOptions struct {
	Options
	// Footer returns pairs of key and value for the file's footer. It is called
	// when all rows are written.
	Footer func() ([][2]string, error)
	// Stamp may change the complete file, whose SHA-256 it gets in hexadecimal.
	Stamp func(f *os.File, digest string) error
}

func (o *FileOptions) addFooter(p *partFile) error {
	pairs, err := o.Footer()
	if err != nil {
		return fmt.Errorf("making footer: %w", err)
	}
	p.pairs = append(p.pairs, pairs...)
	return nil
}

// NewFile returns a file at path, which is made with the first row group. It is
// durable when it is finished, but for its name.
func NewFile(path string, table *schema.Table, opts FileOptions) *File {
	return &File{tableWriter{table: table, from: opts.Options, single: &opts, encoder: newEncoder(), path: func(int) string { return path }}}
}

// Write adds rows; the caller may release them.
func (f *File) Write(batch arrow.RecordBatch) error {
	if err := f.writer.add(batch); err != nil {
		return err
	}
	if f.writer.heldBytes > heldLimit {
		return f.writer.writeRowGroup()
	}
	return nil
}

// Finish completes the file.
func (f *File) Finish() error { return f.writer.finish() }

// Abandon frees what is open, without completing the file.
func (f *File) Abandon() error { return f.writer.abandon() }
