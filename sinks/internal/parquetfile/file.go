// Package parquetfile writes Parquet files from Arrow arrays, row group by row group.
// arrow-go takes 30 to 40 µs of CPU for each column of each row group, whatever it
// holds, and parquet-go 20: that is most of the time of a run over a few archives,
// which make a thousand columns with a dozen rows each. This takes 2. Of many rows it
// takes half of arrow-go's time, and its buffers stay from column to column.
//
// What files of a table have in common comes from a template: a file of the same
// table without rows, made by arrow-go. Only what the rows make is written here:
// pages, statistics, indexes and Bloom filters, as the format is described in
// https://github.com/apache/parquet-format.
package parquetfile

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/klauspost/compress/zstd"
)

// Column is a column of a row group: one of plain values, of elements, or of fields of
// elements.
type Column struct {
	// Values are those that are there; NULLs among them are passed over.
	Values arrow.Array
	// Definition and Repetition tell where values belong; nil where the column has
	// no such levels.
	Definition, Repetition []int16
	// Distinct is how many distinct values a Bloom filter is for; 0 for none.
	Distinct int64
	// Delta has whole numbers encoded as differences, unless they fit into one page.
	Delta bool
}

// Options says how files are encoded.
type Options struct {
	ZstdLevel  int
	BloomBytes int64 // the most that a Bloom filter takes
	PageRows   int   // the most of a page; 0 for as many as other writers have
}

// Encoder encodes files, for any number of goroutines.
type Encoder struct {
	Options
	zstd  *zstd.Encoder
	rooms sync.Pool // of *pages: most of the time would go into fresh memory
}

// window is how far back in a page zstd looks for what repeats. Each encoder has about
// as much memory for that, cleared at first: 8 MiB if nothing is said.
const window = 1 << 20

// NewEncoder returns an encoder.
func NewEncoder(opts Options) (*Encoder, error) {
	if opts.PageRows == 0 {
		opts.PageRows = pageRows
	}
	z, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(opts.ZstdLevel)), zstd.WithZeroFrames(true),
		zstd.WithAllLitEntropyCompression(true), // texts of hexadecimal digits, as ids are, have few repeats
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true),
	)
	if err != nil {
		return nil, err
	}
	return &Encoder{Options: opts, zstd: z}, nil
}

// File is a file that gets row groups one after another, and each of them its columns.
type File struct {
	*Encoder
	template *template
	isOnly   bool // there will be no other row group
	w        io.Writer
	written  int64  // bytes that w has got
	out      []byte // what it gets next
	groups   []group
	rows     int64
	// Of the row group that is being written:
	chunks  []chunk
	begin   int64
	filters []byte // its Bloom filters, which come behind the pages of all columns
	// Of all row groups: what comes before the footer.
	bounds, offsets []byte
}

// group is a row group that is complete.
type group struct {
	chunks []chunk
	begin  int64
	rows   int64
}

// flushBytes is how much is written at a time: a file of few rows at once.
const flushBytes = 256 << 10

// Begin begins a file with the columns of the template. One of a single row group may have
// columns that are not compressed; in others that would differ from one row group to the
// next, for which some readers, parquet-go is one, are not made.
func (e *Encoder) Begin(w io.Writer, template []byte, isOneGroup bool) (*File, error) {
	t, err := parse(template)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return &File{Encoder: e, template: t, isOnly: isOneGroup, w: w, out: append(make([]byte, 0, 2*len(template)), magic...), begin: int64(len(magic))}, nil
}

// position is that of the next byte in the file.
func (f *File) position() int64 { return f.written + int64(len(f.out)) }

// Add writes the next column of the row group, in the order of the template's. Nothing
// of it is kept.
func (f *File) Add(c Column) error {
	n := len(f.chunks)
	if n >= len(f.template.leaves) {
		return fmt.Errorf("more columns than the %d of the template", n)
	}
	leaf := &f.template.leaves[n]
	k, err := f.addPages(leaf, c)
	if err == nil && c.Distinct > 0 {
		err = f.addFilter(&k, c)
	}
	if err != nil {
		return fmt.Errorf("column %s: %w", bytes.Join(leaf.path, []byte(".")), err)
	}
	f.chunks = append(f.chunks, k)
	return nil
}

func (f *File) flush() error {
	n, err := f.w.Write(f.out)
	f.written += int64(n)
	f.out = f.out[:0]
	return err
}

// EndGroup completes a row group, whose columns have been added.
func (f *File) EndGroup(rows int64) error {
	if len(f.chunks) != len(f.template.leaves) {
		return fmt.Errorf("%d columns where the template has %d", len(f.chunks), len(f.template.leaves))
	}
	at := f.position()
	f.out = append(f.out, f.filters...)
	for i := range f.chunks {
		f.chunks[i].filterAt += at
	}
	f.groups = append(f.groups, group{f.chunks, f.begin, rows})
	f.rows += rows
	f.chunks, f.begin, f.filters = nil, f.position(), f.filters[:0]
	return nil
}

// Finish completes the file. The pairs of key and value come to those of the
// template's footer.
func (f *File) Finish(pairs [][2]string) error {
	boundsAt := f.position()
	f.out = append(f.out, f.bounds...)
	offsetsAt := f.position()
	f.out = append(f.out, f.offsets...)
	for _, g := range f.groups {
		for i := range g.chunks {
			g.chunks[i].boundsAt += boundsAt
			g.chunks[i].offsetsAt += offsetsAt
		}
	}
	f.out = f.template.finish(f.out, describeGroups(f.groups), f.rows, pairs)
	return f.flush()
}
