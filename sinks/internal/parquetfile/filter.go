package parquetfile

import (
	"bytes"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/metadata"
)

// addFilter adds a Bloom filter of a column's values.
func (f *File) addFilter(k *chunk, c Column) error {
	const wrongly = 0.01 // as arrow-go has it by default
	b := metadata.NewBloomFilterFromNDVAndFPP(uint32(c.Distinct), wrongly, f.BloomBytes, memory.DefaultAllocator)
	defer b.Release()
	hash := b.Hasher()
	values := c.Values
	if texts, ok := values.(*array.Dictionary); ok {
		values = texts.Dictionary()
	}
	eachText(values, func(text []byte) { b.InsertHash(hash.Sum64(text)) })
	m := message{out: f.filters}
	k.filterAt = int64(len(m.out)) // in filters, until the row group ends
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
