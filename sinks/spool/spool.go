// Package spool writes rows of many tables to Parquet files, a sub-folder per
// table, in bounded memory. It is how sinks write rows; where the files go from
// there is theirs to say.
package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

// heldLimit bounds the rows that a spool keeps in memory.
const heldLimit = 40 << 20

// Part is one file of a table.
type Part struct {
	Table string `json:"table"`
	// Path is relative to the folder of the dataset or spool, with slashes.
	Path  string `json:"path"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
	// Columns is their number. A table may gain columns within a schema
	// version, so parts with as many have the same ones.
	Columns int `json:"columns"`
	// Sorted is set where the part, and those of the table that are sorted too,
	// have their rows in the order of their checkpoints.
	Sorted bool `json:"sorted,omitempty"`
	// SHA256 is that of the file, in hexadecimal, taken while it was written;
	// empty for parts of earlier tools.
	SHA256 string `json:"sha256,omitempty"`
}

// Spool writes rows of many tables. Like a sink, it is used by one goroutine at
// a time.
type Spool struct {
	dir       string
	opts      Options
	writers   map[string]*tableWriter
	heldBytes int64 // of all writers
}

// Options says how to write files.
type Options struct {
	RunID   string
	Version string // of the tool
	sinks.Policy
	// Sync makes every file durable; their names are for the caller.
	Sync bool
	// Scratch leaves out what serves to find few rows among many, and what
	// tells of the file: it is read once, whole.
	Scratch bool
}

// New returns a spool that writes to the folder dir, which exists.
func New(dir string, opts Options) *Spool {
	return &Spool{dir: dir, opts: opts, writers: map[string]*tableWriter{}}
}

// Write adds rows of a table.
func (s *Spool) Write(ctx context.Context, table *schema.Table, batch arrow.RecordBatch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if batch.NumRows() == 0 {
		return nil
	}
	w, err := s.writer(table)
	if err != nil {
		return err
	}
	before := w.heldBytes
	if err := w.add(batch); err != nil {
		return err
	}
	if s.heldBytes += w.heldBytes - before; s.heldBytes <= heldLimit {
		return nil
	}
	largest := w
	for _, other := range s.writers {
		if other.heldBytes > largest.heldBytes {
			largest = other
		}
	}
	s.heldBytes -= largest.heldBytes
	return largest.writeRowGroup()
}

// writer returns the writer of a table, and makes it and the table's folder
// at the first rows.
func (s *Spool) writer(table *schema.Table) (*tableWriter, error) {
	if w, ok := s.writers[table.Name]; ok {
		return w, nil
	}
	dir := filepath.Join(s.dir, table.Name)
	if err := staging.MakeDir(dir); err != nil {
		return nil, fmt.Errorf("making folder of table: %w", err)
	}
	w := &tableWriter{
		table: table,
		from:  s.opts,
		path: func(n int) string {
			return filepath.Join(dir, fmt.Sprintf("part-%s-%03d.parquet", s.opts.RunID, n))
		},
	}
	s.writers[table.Name] = w
	return w, nil
}

// Has tells whether the spool has rows of the table.
func (s *Spool) Has(table string) bool {
	_, ok := s.writers[table]
	return ok
}

// Held returns the rows by table, where no file has been begun: all of them fit
// into memory. They are the spool's, until Abandon.
func (s *Spool) Held() (_ map[string][]arrow.RecordBatch, all bool) {
	held := map[string][]arrow.RecordBatch{}
	for name, w := range s.writers {
		if w.part != nil || len(w.done) > 0 {
			return nil, false
		}
		held[name] = w.held
	}
	return held, true
}

// WriteRows adds rows of a table that are no batch yet.
func (s *Spool) WriteRows(ctx context.Context, table *schema.Table, rows *schema.Rows) error {
	b := table.NewBuilder()
	b.Append(rows)
	batch := b.NewBatch()
	defer batch.Release()
	return s.Write(ctx, table, batch)
}

// WriteEmpty begins a table without rows, so that it gets a file with its
// schema.
func (s *Spool) WriteEmpty(table *schema.Table) error {
	_, err := s.writer(table)
	return err
}

// Finish completes the files and returns them, for the tables in the given
// order.
func (s *Spool) Finish(ctx context.Context, order []*schema.Table) ([]Part, error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	var disk staging.Syncs // waits for files while others are encoded
	for _, w := range s.largestFirst() {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := w.finish(); err != nil {
				return err
			}
			for _, d := range w.done {
				if s.opts.Sync {
					disk.Add(d.path)
				}
			}
			return nil
		})
	}
	err := group.Wait()
	if syncErr := disk.Wait(); syncErr != nil {
		err = errors.Join(err, fmt.Errorf("making part files durable: %w", syncErr))
	}
	if err != nil {
		return nil, err
	}
	var parts []Part
	for _, t := range order {
		w, ok := s.writers[t.Name]
		if !ok {
			continue
		}
		for _, d := range w.done {
			rel, err := filepath.Rel(s.dir, d.path)
			if err != nil {
				return nil, err
			}
			parts = append(parts, Part{Table: t.Name, Path: filepath.ToSlash(rel), Rows: d.rows, Bytes: d.bytes, Columns: len(t.Columns), SHA256: d.sha256})
		}
	}
	return parts, nil
}

// largestFirst returns the writers in an order in which the last ones to be
// finished are small: then all CPUs have work to the end.
func (s *Spool) largestFirst() []*tableWriter {
	return slices.SortedFunc(maps.Values(s.writers), func(a, b *tableWriter) int {
		return cmp.Or(cmp.Compare(b.heldBytes, a.heldBytes), cmp.Compare(a.table.Name, b.table.Name))
	})
}

// Abandon frees what is open; the files stay as they are, for the caller to
// remove.
func (s *Spool) Abandon() error {
	var errs []error
	for _, w := range s.writers {
		errs = append(errs, w.abandon())
	}
	return errors.Join(errs...)
}
