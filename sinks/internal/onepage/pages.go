package onepage

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// Values of parquet.thrift.
const (
	codecNone, codecZstd                           = 0, 6
	encodingPlain, encodingRLE, encodingDictionary = 0, 3, 8
	dataPage, dictionaryPage                       = 0, 2
	boundaryOrderAscending                         = 1
)

// compressible is the size above which pages are worth compressing.
const compressible = 100

// pages are those of a column. Their memory is used again, for other columns.
type pages struct {
	dictionary []byte
	texts      int // in the dictionary; 0 if there is none
	values     []byte
	numbers    []int32 // of texts in the dictionary, as far as values are some
	isUsed     []bool  // whether a text of the dictionary is
	packed     []byte  // compressed: values, then dictionary
}

// addPages adds the pages of a column.
func (f *File) addPages(of leaf, c Column) (chunk, error) {
	k := chunk{leaf: of, begin: int64(len(f.out)), levels: int64(len(c.Definition))}
	if c.Definition == nil {
		k.levels = int64(c.Values.Len())
	}
	p := f.room
	p.dictionary, p.texts, p.values = p.dictionary[:0], 0, p.values[:0]
	if of.maxRepetition > 0 {
		p.values = appendLevels(p.values, c.Repetition, of.maxRepetition)
	}
	if of.maxDefinition > 0 {
		p.values = appendLevels(p.values, c.Definition, of.maxDefinition)
	}
	if texts, ok := c.Values.(*array.Dictionary); ok && of.physical == physicalByteArray {
		k.stats = p.addTexts(texts)
	} else {
		var err error
		if p.values, k.stats, err = appendValues(p.values, c.Values, of.physical); err != nil {
			return k, err
		}
	}
	k.stats.nulls = k.levels - k.stats.values
	k.stats.least, k.stats.greatest = bytes.Clone(k.stats.least), bytes.Clone(k.stats.greatest) // not the column's
	f.write(&k, p)
	return k, nil
}

// write writes pages, compressed if that makes them smaller.
func (f *File) write(k *chunk, p *pages) {
	dictionary, values := p.dictionary, p.values
	if plain := len(dictionary) + len(values); plain > compressible {
		p.packed = f.zstd.EncodeAll(values, p.packed[:0])
		split := len(p.packed)
		if p.texts > 0 {
			p.packed = f.zstd.EncodeAll(dictionary, p.packed)
		}
		if len(p.packed) < plain {
			values, dictionary, k.codec = p.packed[:split], p.packed[split:], codecZstd
		}
	}
	m := message{out: f.out}
	if p.texts > 0 {
		header := m.beginPage(dictionaryPage, 7, len(p.dictionary), len(dictionary))
		m.int32(1, int64(p.texts))
		m.int32(2, encodingPlain)
		m.end(header)
		m.stop()
		k.plainBytes += int64(len(m.out)-len(f.out)) + int64(len(p.dictionary))
		m.out = append(m.out, dictionary...)
	}
	k.at = int64(len(m.out))
	header := m.beginPage(dataPage, 5, len(p.values), len(values))
	m.int32(1, k.levels)
	if p.texts > 0 {
		m.int32(2, encodingDictionary)
	} else {
		m.int32(2, encodingPlain)
	}
	m.int32(3, encodingRLE)
	m.int32(4, encodingRLE)
	m.end(header)
	m.stop()
	k.plainBytes += int64(len(m.out)) - k.at + int64(len(p.values))
	f.out = append(m.out, values...)
	k.pageBytes, k.bytes = int64(len(f.out))-k.at, int64(len(f.out))-k.begin
}

// beginPage begins the header of a page, of which the field id follows.
func (m *message) beginPage(kind int64, id, plain, packed int) (last int) {
	m.int32(1, kind)
	m.int32(2, int64(plain))
	m.int32(3, int64(packed))
	return m.begin(id)
}

// addTexts adds texts that may repeat: numbers of texts in a dictionary, if there are
// far more of them. Else zstd makes less of the texts themselves.
func (p *pages) addTexts(column *array.Dictionary) statistics {
	dictionary := column.Dictionary().(*array.String)
	p.numbers = p.numbers[:0]
	p.isUsed = slices.Grow(p.isUsed[:0], dictionary.Len())[:dictionary.Len()]
	clear(p.isUsed)
	for i, n := range column.Indices().(*array.Int32).Int32Values() {
		if column.IsValid(i) {
			p.numbers = append(p.numbers, n)
			p.isUsed[n] = true
		}
	}
	var stats statistics
	text := textsOf(dictionary)
	for i, is := range p.isUsed {
		if is {
			stats.addText(text(i))
		}
	}
	stats.values = int64(len(p.numbers))

	if len(p.numbers) < 8*max(2, dictionary.Len()) {
		for _, n := range p.numbers {
			p.values = appendText(p.values, text(int(n)))
		}
		return stats
	}
	p.texts = dictionary.Len()
	for i := range p.texts {
		p.dictionary = appendText(p.dictionary, text(i))
	}
	width := max(1, bits.Len(uint(p.texts-1)))
	p.values = appendRuns(append(p.values, byte(width)), p.numbers, width)
	return stats
}

// appendLevels appends levels of up to most, behind the length of what they take.
func appendLevels(page []byte, levels []int16, most int) []byte {
	at := len(page)
	page = appendRuns(append(page, 0, 0, 0, 0), levels, bits.Len(uint(most)))
	binary.LittleEndian.PutUint32(page[at:], uint32(len(page)-at-4))
	return page
}

// appendRuns appends numbers of some bits: runs of equal ones, and what is between
// them packed in groups of eight. Source: Encodings.md, "Run Length Encoding".
func appendRuns[T int16 | int32](page []byte, numbers []T, width int) []byte {
	const group = 8
	for len(numbers) > 0 {
		if n := equalOnes(numbers); n >= group || n == len(numbers) {
			page = binary.AppendUvarint(page, uint64(n)<<1)
			for from := 0; from < width; from += 8 {
				page = append(page, byte(numbers[0]>>from))
			}
			numbers = numbers[n:]
			continue
		}
		groups := 1
		for groups*group < len(numbers) && equalOnes(numbers[groups*group:]) < group {
			groups++
		}
		page = binary.AppendUvarint(page, uint64(groups)<<1|1)
		end := len(page) + groups*width
		packed := numbers[:min(groups*group, len(numbers))]
		page = appendBits(page, packed, width)
		for len(page) < end {
			page = append(page, 0)
		}
		numbers = numbers[len(packed):]
	}
	return page
}

// equalOnes returns how many of the first numbers are equal.
func equalOnes[T int16 | int32](numbers []T) int {
	n := 1
	for n < len(numbers) && numbers[n] == numbers[0] {
		n++
	}
	return n
}

// appendBits appends the lowest bits of each number, the lowest first.
func appendBits[T int16 | int32](page []byte, numbers []T, width int) []byte {
	var waiting uint64
	count := 0
	for _, n := range numbers {
		waiting |= uint64(n) << count
		for count += width; count >= 8; count -= 8 {
			page = append(page, byte(waiting))
			waiting >>= 8
		}
	}
	if count > 0 {
		page = append(page, byte(waiting))
	}
	return page
}
