// Package onepage writes Parquet files of few rows: one row group, a page for each
// column. arrow-go, which writes all others, takes 30 to 40 µs of CPU for each
// column of each file, whatever it holds, and parquet-go 20: that is most of the
// time of a run over a few archives, which make a thousand columns with a dozen
// rows each. This takes 2.
//
// What files of a table have in common comes from a template: a file of the same
// table without rows, made by arrow-go. Only what the rows make is written here:
// pages, statistics, indexes and Bloom filters, as the format is described in
// https://github.com/apache/parquet-format. Values are plainly encoded, but for
// texts that repeat, which are dictionaries.
package onepage

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/klauspost/compress/zstd"
)

// Column is a column of a file: one of plain values, of elements, or of fields of
// elements.
type Column struct {
	// Values are those that are there; NULLs among them are passed over.
	Values arrow.Array
	// Definition and Repetition tell where values belong; nil where the column has
	// no such levels.
	Definition, Repetition []int16
	// Distinct is how many distinct values a Bloom filter is for; 0 for none.
	Distinct int64
}

// Encoder encodes files, for any number of goroutines.
type Encoder struct {
	zstd       *zstd.Encoder
	bloomBytes int64
	rooms      sync.Pool // of *pages: most of the time would go into fresh memory
}

// window is how far back in a page zstd looks for what repeats. Each encoder has about
// as much memory for that, cleared at first: 8 MiB if nothing is said.
const window = 1 << 20

// NewZstd returns an encoder of zstd for pages, at one of its levels.
func NewZstd(level int, more ...zstd.EOption) (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, append([]zstd.EOption{
		zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)), zstd.WithZeroFrames(true),
		zstd.WithAllLitEntropyCompression(true), // texts of hexadecimal digits, as ids are, have few repeats
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true),
	}, more...)...)
}

// NewEncoder returns an encoder that compresses at a level of zstd, and makes Bloom
// filters of at most that many bytes.
func NewEncoder(zstdLevel int, bloomBytes int64) (*Encoder, error) {
	z, err := NewZstd(zstdLevel)
	if err != nil {
		return nil, err
	}
	return &Encoder{zstd: z, bloomBytes: bloomBytes}, nil
}

// File is a file that gets its columns one after another.
type File struct {
	*Encoder
	template *template
	rows     int64
	out      []byte // what is written: pages
	chunks   []chunk
	filters  []byte // Bloom filters, which come behind the pages of all columns
	room     *pages
}

// Begin begins a file with rows in the columns of the template.
func (e *Encoder) Begin(template []byte, rows int64) (*File, error) {
	t, err := parse(template)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	room, _ := e.rooms.Get().(*pages)
	if room == nil {
		room = &pages{}
	}
	return &File{Encoder: e, template: t, rows: rows, out: append(make([]byte, 0, 2*len(template)), magic...), room: room}, nil
}

// Add writes the next column, in the order of the template's. Nothing of it is kept.
func (f *File) Add(c Column) error {
	n := len(f.chunks)
	if n >= len(f.template.leaves) {
		return fmt.Errorf("more columns than the %d of the template", n)
	}
	leaf := f.template.leaves[n]
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

// Finish returns the file. The pairs of key and value come to those of the
// template's footer.
func (f *File) Finish(pairs [][2]string) ([]byte, error) {
	if len(f.chunks) != len(f.template.leaves) {
		return nil, fmt.Errorf("%d columns where the template has %d", len(f.chunks), len(f.template.leaves))
	}
	f.rooms.Put(f.room)
	f.room = nil
	filtersAt := int64(len(f.out))
	out := append(f.out, f.filters...)
	for i := range f.chunks {
		f.chunks[i].filterAt += filtersAt
		f.chunks[i].writeBounds(&out)
	}
	for i := range f.chunks {
		f.chunks[i].writeOffsets(&out)
	}
	return f.template.finish(out, rowGroup(f.chunks, f.rows), f.rows, pairs), nil
}

// chunk is a column of the row group: where its parts are, and what they hold.
type chunk struct {
	leaf                    leaf
	stats                   statistics
	codec                   int64
	levels                  int64 // of values and NULLs
	begin                   int64 // of the dictionary, or of the page where there is none
	at, pageBytes           int64 // of the page of values, with its header
	plainBytes, bytes       int64 // of both, with headers
	filterAt, filterBytes   int64
	offsetsAt, offsetsBytes int64 // the offset index
	boundsAt, boundsBytes   int64 // the column index
}

func (k *chunk) hasDictionary() bool { return k.begin < k.at }

// addFilter adds a Bloom filter of a column's values.
func (f *File) addFilter(k *chunk, c Column) error {
	const wrongly = 0.01 // as arrow-go has it by default
	b := metadata.NewBloomFilterFromNDVAndFPP(uint32(c.Distinct), wrongly, f.bloomBytes, memory.DefaultAllocator)
	defer b.Release()
	hash := b.Hasher()
	values := c.Values
	if texts, ok := values.(*array.Dictionary); ok {
		values = texts.Dictionary()
	}
	eachText(values, func(text []byte) { b.InsertHash(hash.Sum64(text)) })
	m := message{out: f.filters}
	k.filterAt = int64(len(m.out)) // in filters, until the file is finished
	m.int32(1, b.Size())
	for id := 2; id <= 4; id++ { // in blocks, by XXHASH, not compressed: the first choice of each
		choice := m.begin(id)
		m.end(m.begin(1))
		m.end(choice)
	}
	m.stop()
	buffer := bytes.NewBuffer(m.out)
	if _, err := b.WriteTo(buffer, nil); err != nil {
		return err
	}
	f.filters = buffer.Bytes()
	k.filterBytes = int64(len(f.filters)) - k.filterAt
	return nil
}

// writeBounds writes the column index, of the column's one page.
func (k *chunk) writeBounds(out *[]byte) {
	if !k.stats.hasBounds && k.stats.values > 0 {
		return
	}
	m := message{out: *out}
	k.boundsAt = int64(len(m.out))
	m.list(1, 1, kindTrue)
	m.bool(k.stats.values == 0)
	m.list(2, 1, kindBinary)
	m.blob(k.stats.least)
	m.list(3, 1, kindBinary)
	m.blob(k.stats.greatest)
	m.int32(4, boundaryOrderAscending)
	m.list(5, 1, kindInt64)
	m.varint(k.stats.nulls)
	m.stop()
	k.boundsBytes = int64(len(m.out)) - k.boundsAt
	*out = m.out
}

// writeOffsets writes the offset index.
func (k *chunk) writeOffsets(out *[]byte) {
	m := message{out: *out}
	k.offsetsAt = int64(len(m.out))
	m.list(1, 1, kindStruct)
	location := m.element()
	m.int64(1, k.at)
	m.int32(2, k.pageBytes)
	m.int64(3, 0) // the page begins with the first row
	m.end(location)
	m.stop()
	k.offsetsBytes = int64(len(m.out)) - k.offsetsAt
	*out = m.out
}

// rowGroup returns the list of row groups, which is one of these columns.
func rowGroup(chunks []chunk, rows int64) []byte {
	var m message
	m.elements(1, kindStruct)
	group := m.element()
	m.list(1, len(chunks), kindStruct)
	var plain, packed int64
	for i := range chunks {
		chunks[i].describe(&m)
		plain, packed = plain+chunks[i].plainBytes, packed+chunks[i].bytes
	}
	m.int64(2, plain)
	m.int64(3, rows)
	m.int64(5, int64(len(magic))) // where it begins
	m.int64(6, packed)
	m.int16(7, 0) // its number
	m.end(group)
	return m.out
}

// describe writes a column's metadata.
func (k *chunk) describe(m *message) {
	column := m.element()
	m.int64(2, 0) // the metadata is here only
	meta := m.begin(3)
	m.int32(1, int64(k.leaf.physical))
	encodings := []int64{encodingPlain, encodingRLE}
	if k.hasDictionary() {
		encodings = append(encodings, encodingDictionary)
	}
	m.list(2, len(encodings), kindInt32)
	for _, e := range encodings {
		m.varint(e)
	}
	m.list(3, len(k.leaf.path), kindBinary)
	for _, name := range k.leaf.path {
		m.blob(name)
	}
	m.int32(4, k.codec)
	m.int64(5, k.levels)
	m.int64(6, k.plainBytes)
	m.int64(7, k.bytes)
	m.int64(9, k.at)
	if k.hasDictionary() {
		m.int64(11, k.begin)
	}
	stats := m.begin(12)
	m.int64(3, k.stats.nulls)
	if k.stats.hasBounds {
		m.binary(5, k.stats.greatest)
		m.binary(6, k.stats.least)
	}
	m.end(stats)
	if k.filterBytes > 0 {
		m.int64(14, k.filterAt)
		m.int32(15, k.filterBytes)
	}
	m.end(meta)
	m.int64(4, k.offsetsAt)
	m.int32(5, k.offsetsBytes)
	if k.boundsBytes > 0 {
		m.int64(6, k.boundsAt)
		m.int32(7, k.boundsBytes)
	}
	m.end(column)
}
