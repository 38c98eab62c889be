// Package spool writes rows of many tables to Parquet files, a sub-folder per
// table, in bounded memory. It is how sinks write rows; where the files go from
// there is theirs to say.
package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/parquetfile"
	"github.com/ckexport/ckexport/sinks/internal/staging"
	"github.com/ckexport/ckexport/stage"
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
// a time. Row groups are encoded by others, that Finish and Abandon wait for.
type Spool struct {
	dir       string
	opts      Options
	writers   map[string]*tableWriter
	heldBytes int64 // of all writers

	encoder       func() (*parquetfile.Encoder, error)
	encoders      *errgroup.Group
	failed        context.Context // ended by the first error of an encoder
	encodingBytes atomic.Int64    // of the rows that encoders have
}

// Options says how to write files.
type Options struct {
	RunID   string
	Version string // of the tool
	sinks.Policy
	// Sync makes every file durable; their names are for the caller.
	Sync bool
	// Scratch leaves out Bloom filters: the files are read once, whole.
	Scratch bool
}

// New returns a spool that writes to the folder dir, which exists.
func New(dir string, opts Options) *Spool {
	s := &Spool{dir: dir, opts: opts, writers: map[string]*tableWriter{}, encoder: newEncoder()}
	s.encoders, s.failed = errgroup.WithContext(context.Background())
	// Encoding is a quarter of a large run's work.
	s.encoders.SetLimit(max(1, runtime.GOMAXPROCS(0)/2))
	return s
}

// encode has an encoder write rows; it waits while all are at work.
func (s *Spool) encode(bytes int64, write func() error) error {
	s.encodingBytes.Add(bytes)
	s.encoders.Go(func() error {
		stage.Begin(s.failed, stage.Encode)
		defer s.encodingBytes.Add(-bytes)
		return write()
	})
	return nil
}

// Write adds rows of a table.
func (s *Spool) Write(ctx context.Context, table *schema.Table, batch arrow.RecordBatch) error {
	if err := cmp.Or(ctx.Err(), context.Cause(s.failed)); err != nil {
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
	if s.heldBytes += w.heldBytes - before; s.heldBytes+s.encodingBytes.Load() <= heldLimit {
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
	if err := staging.MakeDir(dir); err != nil && !errors.Is(err, fs.ErrExist) { // others may put files there, too
		return nil, fmt.Errorf("making folder of table: %w", err)
	}
	w := &tableWriter{
		table: table, from: s.opts, encode: s.encode, encoder: s.encoder,
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
		if len(w.parts) > 0 {
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
	batch := b.LastBatch()
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
	if err := s.encoders.Wait(); err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	var disk staging.Syncs // waits for files while others are encoded
	for _, w := range s.largestFirst() {
		group.Go(func() error {
			stage.Begin(ctx, stage.Encode)
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := w.finish(); err != nil {
				return err
			}
			for _, p := range w.parts {
				if s.opts.Sync {
					disk.Add(p.path)
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
		for _, p := range w.parts {
			rel, err := filepath.Rel(s.dir, p.path)
			if err != nil {
				return nil, err
			}
			parts = append(parts, Part{Table: t.Name, Path: filepath.ToSlash(rel), Rows: p.rows, Bytes: p.bytes, Columns: len(t.Columns), SHA256: p.sha256})
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
	_ = s.encoders.Wait() // of their errors, Write and Finish tell
	var errs []error
	for _, w := range s.writers {
		errs = append(errs, w.abandon())
	}
	return errors.Join(errs...)
}
