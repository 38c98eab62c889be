// Package onepage writes Parquet files of few rows: one row group, a page for each
// column. arrow-go, which writes all others, takes 30 to 40 µs of CPU for each
// column of each file, whatever it holds, and parquet-go 20: that is most of the
// time of a run over a few archives, which make a thousand columns with a dozen
// rows each. This takes 2.
//
// What files of a table have in common comes from a template: a file of the same
// table without rows, made by arrow-go. Only what the rows make is written here:
// pages, statistics, indexes and Bloom filters, plainly encoded, as the format is
// described in https://github.com/apache/parquet-format.
package onepage

import (
	"bytes"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
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
}

// window is how far back in a page zstd looks for what repeats. Each encoder has about
// as much memory for that, cleared at first: 8 MiB if nothing is said.
const window = 1 << 20

// NewEncoder returns an encoder that compresses at a level of zstd, and makes Bloom
// filters of at most that many bytes.
func NewEncoder(zstdLevel int, bloomBytes int64) (*Encoder, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(zstdLevel)), zstd.WithZeroFrames(true),
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	return &Encoder{zstd: z, bloomBytes: bloomBytes}, nil
}

// Encode returns a file with rows in columns, in the order of the template's. The
// pairs of key and value come to those of the template's footer.
func (e *Encoder) Encode(template []byte, rows int64, columns []Column, pairs [][2]string) ([]byte, error) {
	t, err := parse(template)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	if len(columns) != len(t.leaves) {
		return nil, fmt.Errorf("%d columns where the template has %d", len(columns), len(t.leaves))
	}
	out := append(make([]byte, 0, len(template)+4096), magic...)
	chunks := make([]chunk, len(columns))
	var values []byte
	for i, c := range columns {
		if chunks[i], values, err = e.page(&out, values, t.leaves[i], c); err != nil {
			return nil, fmt.Errorf("column %v: %w", t.leaves[i].path, err)
		}
	}
	for i, c := range columns {
		if c.Distinct > 0 {
			if err := e.filter(&out, &chunks[i], c); err != nil {
				return nil, fmt.Errorf("bloom filter of column %v: %w", t.leaves[i].path, err)
			}
		}
	}
	for i := range chunks {
		chunks[i].writeBounds(&out)
	}
	for i := range chunks {
		chunks[i].writeOffsets(&out)
	}
	return t.finish(out, rowGroup(chunks, rows), rows, pairs), nil
}

// chunk is a column of the row group: where its parts are, and what they hold.
type chunk struct {
	leaf                    leaf
	stats                   statistics
	codec                   int64
	levels                  int64 // of values and NULLs
	at                      int64 // of the page
	plainBytes, bytes       int64 // of the page with its header
	filterAt, filterBytes   int64
	offsetsAt, offsetsBytes int64 // the offset index
	boundsAt, boundsBytes   int64 // the column index
}

// Values of parquet.thrift.
const (
	codecNone, codecZstd     = 0, 6
	encodingPlain, levelsRLE = 0, 3
	dataPage                 = 0
	boundaryOrderAscending   = 1
)

// compressible is the size above which a page is worth compressing.
const compressible = 100

// page writes the page of a column. It returns the room for values, to be used
// again.
func (e *Encoder) page(out *[]byte, room []byte, of leaf, c Column) (chunk, []byte, error) {
	k := chunk{leaf: of, at: int64(len(*out)), levels: int64(len(c.Definition))}
	if c.Definition == nil {
		k.levels = int64(c.Values.Len())
	}
	page := room[:0]
	if of.maxRepetition > 0 {
		page = appendLevels(page, c.Repetition)
	}
	if of.maxDefinition > 0 {
		page = appendLevels(page, c.Definition)
	}
	page, stats, err := appendValues(page, c.Values, of.physical)
	if err != nil {
		return k, nil, err
	}
	k.stats = stats
	k.stats.nulls = k.levels - stats.values

	content := page
	if len(page) > compressible {
		if packed := e.zstd.EncodeAll(page, nil); len(packed) < len(page) {
			content, k.codec = packed, codecZstd
		}
	}
	m := message{out: *out}
	m.int32(1, dataPage)
	m.int32(2, int64(len(page)))
	m.int32(3, int64(len(content)))
	header := m.begin(5)
	m.int32(1, k.levels)
	m.int32(2, encodingPlain)
	m.int32(3, levelsRLE)
	m.int32(4, levelsRLE)
	m.end(header)
	m.stop()
	k.plainBytes = int64(len(m.out)) - k.at + int64(len(page))
	*out = append(m.out, content...)
	k.bytes = int64(len(*out)) - k.at
	return k, page, nil
}

// filter writes a Bloom filter of a column's values.
func (e *Encoder) filter(out *[]byte, k *chunk, c Column) error {
	const wrongly = 0.01 // as arrow-go has it by default
	b := metadata.NewBloomFilterFromNDVAndFPP(uint32(c.Distinct), wrongly, e.bloomBytes, memory.DefaultAllocator)
	defer b.Release()
	hash := b.Hasher()
	eachText(c.Values, func(text []byte) { b.InsertHash(hash.Sum64(text)) })
	m := message{out: *out}
	k.filterAt = int64(len(m.out))
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
	*out = buffer.Bytes()
	k.filterBytes = int64(len(*out)) - k.filterAt
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
	m.int32(2, k.bytes)
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
	m.list(2, 2, kindInt32)
	m.varint(encodingPlain)
	m.varint(levelsRLE)
	m.list(3, len(k.leaf.path), kindBinary)
	for _, name := range k.leaf.path {
		m.blob(name)
	}
	m.int32(4, k.codec)
	m.int64(5, k.levels)
	m.int64(6, k.plainBytes)
	m.int64(7, k.bytes)
	m.int64(9, k.at)
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
