package parquetfile

import (
	"fmt"
	"iter"
	"math"
	"math/bits"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Values of parquet.thrift.
const (
	codecNone, codecZstd                                          = 0, 6
	encodingPlain, encodingRLE, encodingDelta, encodingDictionary = 0, 3, 5, 8
	dataPage, dictionaryPage                                      = 0, 2
)

// Bounds of a page, as other writers have them.
const (
	pageRows  = 20_000
	pageBytes = 4 << 20 // of values, not compressed; about
)

// compressible is the size above which pages are worth compressing.
const compressible = 100

// pages is the memory for those of a column. It is used again, for other columns.
type pages struct {
	dictionary []byte
	values     []byte
	numbers    []int32 // of texts in the dictionary, as far as values are some
	isUsed     []bool  // whether a text of the dictionary is in the page
	packed     []byte  // values, compressed
	packedDict []byte
	places     []pagePlace
}

// span is a part of a column that makes a page.
type span struct {
	firstRow           int64
	fromLevel, toLevel int
	fromValue, toValue int
	isFirst, isOnly    bool
}

// addPages adds the pages of a column.
func (f *File) addPages(of *leaf, c Column) (chunk, error) {
	k := chunk{leaf: of, begin: f.position(), codec: codecZstd, levels: int64(c.levels())}
	p, _ := f.rooms.Get().(*pages)
	if p == nil {
		p = &pages{}
	}
	defer f.rooms.Put(p)
	k.encoding = p.begin(c, f.PageRows)
	p.places = p.places[:0]
	for s := range c.spans(int16(of.maxDefinition), f.PageRows, fitting(k.encoding, c)) {
		stats, err := p.fill(of, c, s, k.encoding)
		if err != nil {
			return k, err
		}
		if err := f.write(&k, p, s, stats); err != nil {
			return k, err
		}
	}
	f.describePages(&k, p.places)
	clear(p.places) // which refer to the column
	k.bytes = f.position() - k.begin
	return k, nil
}

func (c *Column) levels() int {
	if c.Definition == nil {
		return c.Values.Len()
	}
	return len(c.Definition)
}

// begin chooses the encoding of a column's values, and makes the dictionary if it has one.
func (p *pages) begin(c Column, pageRows int) int64 {
	p.dictionary = p.dictionary[:0]
	texts, ok := c.Values.(*array.Dictionary)
	if !ok {
		if c.Delta && c.levels() > pageRows && haveDeltas(c.Values) {
			return encodingDelta
		}
		return encodingPlain
	}
	dictionary := texts.Dictionary().(*array.String)
	p.isUsed = slices.Grow(p.isUsed[:0], dictionary.Len())[:dictionary.Len()]
	clear(p.isUsed)
	// Where texts repeat less often, zstd makes less of the texts themselves.
	if texts.Len()-texts.NullN() < 8*max(2, dictionary.Len()) {
		return encodingPlain
	}
	text := textsOf(dictionary)
	for i := range dictionary.Len() {
		p.dictionary = appendText(p.dictionary, text(i))
	}
	return encodingDictionary
}

// fitting returns how many levels of a column fit into a page.
func fitting(encoding int64, c Column) int {
	if encoding == encodingDictionary {
		return math.MaxInt
	}
	return int(max(1, int64(c.levels())*pageBytes/max(1, plainSize(c.Values))))
}

// spans cuts a column into pages of so many rows, or of as many as have no more levels
// than fit.
func (c *Column) spans(maxDefinition int16, rows, fit int) iter.Seq[span] {
	levels := c.levels()
	return func(yield func(span) bool) {
		s := span{isFirst: true}
		for row := 0; s.isFirst || s.fromLevel < levels; {
			s.firstRow = int64(row)
			if c.Repetition == nil {
				s.toLevel = min(s.fromLevel+min(rows, fit), levels)
				s.toValue, row = s.toLevel, s.toLevel
			} else {
				for begin := row; s.toLevel < levels; s.toLevel++ {
					if c.Repetition[s.toLevel] == 0 {
						if row == begin+rows || s.toLevel-s.fromLevel >= fit {
							break
						}
						row++
					}
					if c.Definition[s.toLevel] == maxDefinition {
						s.toValue++
					}
				}
			}
			s.isOnly = s.isFirst && s.toLevel == levels
			if !yield(s) {
				return
			}
			s = span{fromLevel: s.toLevel, toLevel: s.toLevel, fromValue: s.toValue, toValue: s.toValue}
		}
	}
}

// fill encodes the levels and values of a page.
func (p *pages) fill(of *leaf, c Column, s span, encoding int64) (stats statistics, err error) {
	p.values = p.values[:0]
	if of.maxRepetition > 0 {
		p.values = appendLevels(p.values, c.Repetition[s.fromLevel:s.toLevel], of.maxRepetition)
	}
	if of.maxDefinition > 0 {
		p.values = appendLevels(p.values, c.Definition[s.fromLevel:s.toLevel], of.maxDefinition)
	}
	values := c.Values
	if !s.isOnly {
		values = array.NewSlice(values, int64(s.fromValue), int64(s.toValue))
		defer values.Release()
	}
	switch texts, isTexts := values.(*array.Dictionary); {
	case isTexts && of.physical == physicalByteArray:
		stats = p.addTexts(texts, encoding)
	case encoding == encodingDelta:
		p.values, stats = appendDeltas(p.values, values)
	default:
		p.values, stats, err = appendValues(p.values, values, of)
	}
	stats.nulls = int64(s.toLevel-s.fromLevel) - stats.values
	return stats, err
}

// addTexts adds texts that may repeat: as they are, or numbers of those in the
// dictionary.
func (p *pages) addTexts(column *array.Dictionary, encoding int64) statistics {
	dictionary := column.Dictionary().(*array.String)
	text := textsOf(dictionary)
	var stats statistics
	p.numbers = p.numbers[:0]
	hasNulls := column.NullN() > 0
	for i, n := range column.Indices().(*array.Int32).Int32Values() {
		if hasNulls && column.IsNull(i) {
			continue
		}
		p.numbers = append(p.numbers, n)
		if !p.isUsed[n] {
			p.isUsed[n] = true
			stats.addText(text(int(n)))
		}
	}
	for _, n := range p.numbers {
		p.isUsed[n] = false
	}
	stats.values = int64(len(p.numbers))
	if encoding == encodingDictionary {
		width := max(1, bits.Len(uint(dictionary.Len()-1)))
		p.values = appendRuns(append(p.values, byte(width)), p.numbers, width)
		return stats
	}
	for _, n := range p.numbers {
		p.values = appendText(p.values, text(int(n)))
	}
	return stats
}

// write writes a page, and before the first the dictionary. They are compressed, but for
// those of a column of one page that would not get smaller.
func (f *File) write(k *chunk, p *pages, s span, stats statistics) error {
	if most := max(len(p.values), len(p.dictionary)); most > math.MaxInt32 {
		return fmt.Errorf("a page of %d bytes is larger than Parquet can have", most)
	}
	plain := len(p.values) + len(p.dictionary)
	mayStay := f.isOnly && s.isOnly
	if !mayStay || plain > compressible {
		p.packed = f.zstd.EncodeAll(p.values, p.packed[:0])
	}
	if s.isFirst {
		p.packedDict = p.packedDict[:0]
		if k.encoding == encodingDictionary && (!mayStay || plain > compressible) {
			p.packedDict = f.zstd.EncodeAll(p.dictionary, p.packedDict)
		}
		if mayStay && (plain <= compressible || len(p.packed)+len(p.packedDict) >= plain) {
			k.codec = codecNone
		}
		if k.encoding == encodingDictionary {
			f.writeDictionary(k, p)
		}
		k.at = f.position()
	}
	values := p.values
	if k.codec == codecZstd {
		values = p.packed
	}
	place := pagePlace{at: f.position(), firstRow: s.firstRow, stats: stats}
	m := message{out: f.out}
	header := m.beginPage(dataPage, 5, len(p.values), len(values))
	m.int32(1, int64(s.toLevel-s.fromLevel))
	m.int32(2, k.encoding)
	m.int32(3, encodingRLE)
	m.int32(4, encodingRLE)
	m.end(header)
	m.stop()
	k.plainBytes += int64(len(m.out)-len(f.out)) + int64(len(p.values))
	f.out = append(m.out, values...)
	place.bytes = f.position() - place.at
	p.places = append(p.places, place)
	if len(f.out) < flushBytes {
		return nil
	}
	return f.flush()
}

func (f *File) writeDictionary(k *chunk, p *pages) {
	texts, content := len(p.isUsed), p.dictionary
	if k.codec == codecZstd {
		content = p.packedDict
	}
	m := message{out: f.out}
	header := m.beginPage(dictionaryPage, 7, len(p.dictionary), len(content))
	m.int32(1, int64(texts))
	m.int32(2, encodingPlain)
	m.end(header)
	m.stop()
	k.plainBytes += int64(len(m.out)-len(f.out)) + int64(len(p.dictionary))
	f.out = append(m.out, content...)
}

// beginPage begins the header of a page, of which the field id follows.
func (m *message) beginPage(kind int64, id, plain, packed int) (last int) {
	m.int32(1, kind)
	m.int32(2, int64(plain))
	m.int32(3, int64(packed))
	return m.begin(id)
}

// plainSize returns how many bytes values take, plainly encoded; about, where there are
// NULLs among them.
func plainSize(values arrow.Array) int64 {
	switch v := values.(type) {
	case *array.String:
		return int64(4*v.Len() + len(v.ValueBytes()))
	case *array.Binary:
		return int64(4*v.Len() + len(v.ValueBytes()))
	case *array.Dictionary: // about: the texts may be of any length
		return int64(v.Len()) * max(1, plainSize(v.Dictionary())/int64(max(1, v.Dictionary().Len())))
	}
	return 8 * int64(values.Len())
}
