package spool

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/zeebo/xxh3"

	"github.com/ckexport/ckexport/schema"
)

const (
	// rowGroupRows is 4 x 122,880: DuckDB stores rows in groups of 122,880 and
	// loads multiples of it twice as fast as other sizes.
	rowGroupRows = 491_520
	// zstdLevel 3 takes more time and 16 MiB more memory for each file that is
	// being compressed, and makes files smaller by less than 1 %.
	zstdLevel = 1
	// bloomBytes bounds a Bloom filter. All of those of open files are in memory;
	// with a quarter of a million distinct values one of this size still spares
	// five of six row groups that lack a value.
	bloomBytes = 128 << 10
)

// writerProperties says how the table is encoded. More is of the column at hand.
func writerProperties(table *schema.Table, scratch bool, more ...parquet.WriterProperty) *parquet.WriterProperties {
	opts := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(zstdLevel),
		parquet.WithMaxRowGroupLength(rowGroupRows),
		parquet.WithDictionaryDefault(false),
	}
	if scratch { // read once, whole
		opts = append(opts, parquet.WithStats(false))
	} else {
		opts = append(opts, parquet.WithPageIndexEnabled(true), parquet.WithMaxBloomFilterBytes(bloomBytes))
	}
	for _, c := range table.Columns {
		if c.Encoding.Delta {
			opts = append(opts, parquet.WithEncodingFor(c.Name, parquet.Encodings.DeltaBinaryPacked))
		}
	}
	return parquet.NewWriterProperties(append(opts, more...)...)
}

// columnProperties says how the values of a column of a row group are encoded.
func columnProperties(c *schema.Column, scratch bool, values arrow.Array) []parquet.WriterProperty {
	if c.Type.ID() != arrow.STRING {
		return nil
	}
	var opts []parquet.WriterProperty
	texts, isDictionary := values.(*array.Dictionary)
	if isDictionary && 2*texts.Dictionary().Len() <= values.Len() {
		opts = append(opts, parquet.WithDictionaryFor(c.Name, true))
	}
	if !c.Encoding.Bloom || scratch {
		return opts
	}
	if distinct := distinctTexts(values); distinct > 0 {
		opts = append(opts, parquet.WithBloomFilterEnabledFor(c.Name, true), parquet.WithBloomFilterNDVFor(c.Name, distinct))
	}
	return opts
}

// distinctTexts returns how many distinct texts a column has.
func distinctTexts(column arrow.Array) int64 {
	if d, ok := column.(*array.Dictionary); ok {
		return int64(d.Dictionary().Len())
	}
	texts, seen := schema.TextsOf(column), map[uint64]struct{}{}
	for i := range texts.Len() {
		if !texts.IsNull(i) {
			seen[xxh3.HashString(texts.Value(i))] = struct{}{}
		}
	}
	return int64(len(seen))
}
