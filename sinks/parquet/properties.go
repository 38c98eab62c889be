package parquet

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"

	"github.com/ckexport/ckexport/schema"
)

const (
	// rowGroupRows is 4 x 122,880: DuckDB stores rows in groups of 122,880 and
	// loads multiples of it twice as fast as other sizes.
	rowGroupRows = 491_520
	// zstdLevel 3 takes more time and 16 MiB more memory for each file that is
	// being compressed, and makes files smaller by less than 1 %.
	zstdLevel = 1
	// pageBytes is the size at which a page of a column is full. The library's
	// own default, set here because memory accounting relies on it.
	pageBytes = 1 << 20
	// bloomBytes bounds a Bloom filter. All of those of open row groups are in
	// memory; with a quarter of a million distinct values one of this size still
	// spares five of six row groups that lack a value.
	bloomBytes = 128 << 10
	// dictionaryRows is how many rows make dictionaries worth while. They take a
	// third of the time of encoding; zstd makes small files as small without.
	dictionaryRows = 128 << 10
)

// writerProperties says how a file of the table is encoded. distinct holds
// the number of distinct values to expect in a row group, by column, for the
// columns that get a Bloom filter.
func writerProperties(table *schema.Table, dictionaries bool, distinct map[string]int64) *parquet.WriterProperties {
	opts := append(encodings(table, dictionaries),
		parquet.WithPageIndexEnabled(true),
		parquet.WithMaxBloomFilterBytes(bloomBytes))
	for _, c := range table.Columns {
		if n := distinct[c.Name]; n > 0 {
			opts = append(opts,
				parquet.WithBloomFilterEnabledFor(c.Name, true),
				parquet.WithBloomFilterNDVFor(c.Name, n))
		}
	}
	return parquet.NewWriterProperties(opts...)
}

// scratchProperties says how a file is encoded that is read once, whole.
func scratchProperties(table *schema.Table, dictionaries bool) *parquet.WriterProperties {
	return parquet.NewWriterProperties(append(encodings(table, dictionaries), parquet.WithStats(false))...)
}

// encodings says how the values of a table are encoded and compressed.
func encodings(table *schema.Table, dictionaries bool) []parquet.WriterProperty {
	opts := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(zstdLevel),
		parquet.WithMaxRowGroupLength(rowGroupRows),
		parquet.WithDataPageSize(pageBytes),
		parquet.WithDictionaryDefault(dictionaries),
	}
	for _, c := range table.Columns {
		if isSpread(c) {
			opts = append(opts,
				parquet.WithDictionaryFor(c.Name, false),
				parquet.WithEncodingFor(c.Name, parquet.Encodings.DeltaBinaryPacked))
		}
		if isDocument(c) {
			opts = append(opts, parquet.WithDictionaryFor(c.Name, false))
		}
	}
	return opts
}

// isDocument tells whether a column's values are large and mostly distinct: a
// dictionary would only copy them.
func isDocument(c schema.Column) bool {
	return c.Type.ID() == arrow.STRING && strings.HasSuffix(c.Name, "_json")
}

// isSpread tells whether a column's values are mostly distinct but near their
// predecessors: addresses, offsets, times. A dictionary gains nothing there,
// differences do.
func isSpread(c schema.Column) bool {
	switch c.Type.ID() {
	case arrow.TIMESTAMP:
		return true
	case arrow.UINT64:
		n := c.Name
		return strings.Contains(n, "address") ||
			strings.HasPrefix(n, "start_") || strings.HasPrefix(n, "end_") ||
			strings.HasSuffix(n, "_start") || strings.HasSuffix(n, "_end") ||
			n == "offset" || strings.HasSuffix(n, "_offset") ||
			strings.HasSuffix(n, "_pointer") || strings.HasSuffix(n, "_addr") ||
			n == "elapsed_us"
	default:
		return false
	}
}

// isSought tells whether people look a column up by value across the fleet,
// so that a Bloom filter spares them reading most row groups: ids, paths,
// hashes, network addresses. Minimum and maximum say little about these.
func isSought(table *schema.Table, c schema.Column) bool {
	if table.Global || c.Type.ID() != arrow.STRING {
		return false
	}
	switch c.Name {
	case schema.CheckpointID, "source", "path", "exe", "container_id", "image_id", "pod_uid", "address":
		return true
	}
	return strings.HasSuffix(c.Name, "sha256") || strings.HasSuffix(c.Name, "build_id") ||
		strings.HasSuffix(c.Name, "_path") || strings.HasSuffix(c.Name, "_address")
}
