// Package order puts rows in the order of their checkpoints.
package order

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/util"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

// limit is how many bytes a sorter keeps in memory before it writes to disk.
const limit = 96 << 20

// mergeRows is how many rows of each run of a merge are in memory.
const mergeRows = 4 << 10

// Sorter puts the rows of a table in the order of their checkpoints. Rows of
// one checkpoint follow one another already, as they come from one archive, so
// it moves slices of batches, and rows of a checkpoint stay in their order.
// What does not fit into memory goes to files, each in order, which are merged.
type Sorter struct {
	table *schema.Table
	dir   string

	held  []Stretch
	bytes int64
	runs  []string // files
}

// Stretch is rows of one checkpoint, which follow one another.
type Stretch struct {
	ID   string // behind all others where it is NULL
	Rows arrow.RecordBatch
}

// noCheckpoint is behind every id, which are hexadecimal.
const noCheckpoint = "~"

// NewSorter returns a sorter of rows of a table, which may make files in the
// folder dir.
func NewSorter(table *schema.Table, dir string) *Sorter {
	return &Sorter{table: table, dir: dir}
}

// Add takes rows; the caller may release them.
func (s *Sorter) Add(rows arrow.RecordBatch) error {
	s.held = append(s.held, Stretches(s.table, rows)...)
	if s.bytes += util.TotalRecordSize(rows); s.bytes < limit {
		return nil
	}
	return s.spill()
}

// Stretches cuts rows where the checkpoint changes.
func Stretches(table *schema.Table, rows arrow.RecordBatch) []Stretch {
	n := int(rows.NumRows())
	if table.Global {
		rows.Retain()
		return []Stretch{{ID: noCheckpoint, Rows: rows}}
	}
	ids := rows.Column(0).(*array.String)
	var cut []Stretch
	for from := 0; from < n; {
		to := from + 1
		for to < n && ids.IsNull(to) == ids.IsNull(from) && ids.Value(to) == ids.Value(from) {
			to++
		}
		id := noCheckpoint
		if ids.IsValid(from) {
			id = ids.Value(from)
		}
		cut = append(cut, Stretch{ID: id, Rows: rows.NewSlice(int64(from), int64(to))})
		from = to
	}
	return cut
}

// Without passes on the rows of a table but for those of the checkpoints ids, and
// returns how many these are.
func Without(table *schema.Table, rows arrow.RecordBatch, ids map[string]bool, each func(arrow.RecordBatch) error) (removed uint64, err error) {
	if len(ids) == 0 || !contents.IsForgettable(table) {
		return 0, each(rows)
	}
	for _, s := range Stretches(table, rows) {
		defer s.Rows.Release()
		if ids[s.ID] {
			removed += uint64(s.Rows.NumRows())
		} else if err := each(s.Rows); err != nil {
			return removed, err
		}
	}
	return removed, nil
}

func (s *Sorter) order() {
	slices.SortStableFunc(s.held, func(a, b Stretch) int { return cmp.Compare(a.ID, b.ID) })
}

// spill writes what is held to a file, in order.
func (s *Sorter) spill() (err error) {
	s.order()
	path := filepath.Join(s.dir, fmt.Sprintf(".sort-%s-%d", s.table.Name, len(s.runs)))
	f, err := staging.CreateFile(path)
	if err != nil {
		return fmt.Errorf("sorting: %w", err)
	}
	s.runs = append(s.runs, path)
	w := ipc.NewWriter(f, ipc.WithSchema(s.table.Schema()), ipc.WithZstd())
	out := NewGathering(func(b arrow.RecordBatch) error { return w.Write(b) }, mergeRows)
	for _, h := range s.held {
		if err = out.Add(h.Rows); err != nil {
			break
		}
	}
	if err == nil {
		err = out.Flush()
	}
	out.Release()
	if err := errors.Join(err, w.Close(), f.Close()); err != nil {
		return fmt.Errorf("sorting: %w", err)
	}
	s.drop()
	return nil
}

// drop lets go of what is held.
func (s *Sorter) drop() {
	for _, h := range s.held {
		h.Rows.Release()
	}
	s.held, s.bytes = nil, 0
}

// Each passes on all rows in order, in batches of some size.
func (s *Sorter) Each(ctx context.Context, each func(arrow.RecordBatch) error) (err error) {
	s.order()
	sources := []rowSource{&heldSource{held: s.held}}
	defer func() {
		for _, source := range sources {
			err = errors.Join(err, source.close())
		}
	}()
	for i := len(s.runs) - 1; i >= 0; i-- { // older ones first where ids are equal
		source, err := openRun(s.table, s.runs[i])
		if err != nil {
			return err
		}
		sources = append([]rowSource{source}, sources...)
	}
	out := NewGathering(each, 1<<16)
	defer out.Release()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		var next rowSource
		for _, source := range sources {
			if h := source.head(); h != nil && (next == nil || h.ID < next.head().ID) {
				next = source
			}
		}
		if next == nil {
			return out.Flush()
		}
		if err := out.Add(next.head().Rows); err != nil {
			return err
		}
		if err := next.advance(); err != nil {
			return fmt.Errorf("sorting: %w", err)
		}
	}
}

// Close frees memory and files.
func (s *Sorter) Close() error {
	s.drop()
	var errs []error
	for _, path := range s.runs {
		errs = append(errs, os.Remove(path))
	}
	return errors.Join(errs...)
}

// rowSource yields stretches in order.
type rowSource interface {
	head() *Stretch // nil at the end
	advance() error
	close() error
}

type heldSource struct{ held []Stretch }

func (h *heldSource) head() *Stretch {
	if len(h.held) == 0 {
		return nil
	}
	return &h.held[0]
}

func (h *heldSource) advance() error {
	h.held = h.held[1:]
	return nil
}

func (h *heldSource) close() error { return nil }

// runSource reads a file of a sorter.
type runSource struct {
	table  *schema.Table
	file   *os.File
	reader *ipc.Reader
	heldSource
}

func openRun(table *schema.Table, path string) (*runSource, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("sorting: %w", err)
	}
	reader, err := ipc.NewReader(f, ipc.WithSchema(table.Schema()))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sorting: %w", err), f.Close())
	}
	r := &runSource{table: table, file: f, reader: reader}
	return r, r.fill()
}

func (r *runSource) advance() error {
	r.held[0].Rows.Release()
	r.held = r.held[1:]
	return r.fill()
}

// fill reads the next batch when the last one is used up.
func (r *runSource) fill() error {
	for len(r.held) == 0 && r.reader.Next() {
		r.held = Stretches(r.table, r.reader.RecordBatch())
	}
	if err := r.reader.Err(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func (r *runSource) close() error {
	for _, h := range r.held {
		h.Rows.Release()
	}
	r.reader.Release()
	return r.file.Close()
}
