package spool

import (
	"fmt"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/zeebo/xxh3"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/internal/parquetfile"
)

const (
	// rowGroupRows is 4 x 122,880: DuckDB stores rows in groups of 122,880 and
	// loads multiples of it twice as fast as other sizes.
	rowGroupRows = 491_520
	// zstdLevel 3 takes more time and 16 MiB more memory for each file that is
	// being compressed, and makes files smaller by less than 1 %.
	zstdLevel = 1
	// bloomBytes bounds a Bloom filter. With a quarter of a million distinct values
	// one of this size still spares five of six row groups that lack a value.
	bloomBytes = 128 << 10
)

// newEncoder returns what makes an encoder when it is first asked, and returns the same
// one each time.
func newEncoder() func() (*parquetfile.Encoder, error) {
	return sync.OnceValues(func() (*parquetfile.Encoder, error) {
		return parquetfile.NewEncoder(parquetfile.Options{ZstdLevel: zstdLevel, BloomBytes: bloomBytes})
	})
}

// addColumn adds the ith column of a table's rows to a row group.
func addColumn(f *parquetfile.File, c *schema.Column, rows *heldColumns, i int, scratch bool) error {
	column, err := rows.join(i)
	if err != nil {
		return err
	}
	defer column.Release()
	leaves, err := leavesOf(column, c.Nullable)
	if err != nil {
		return fmt.Errorf("column %s: %w", c.Name, err)
	}
	var distinct int64
	if c.Encoding.Bloom && c.Type.ID() == arrow.STRING && !scratch {
		distinct = distinctTexts(column)
	}
	for _, l := range leaves {
		if err := f.Add(parquetfile.Column{
			Values: l.values, Definition: l.definition, Repetition: l.repetition, Distinct: distinct, Delta: c.Encoding.Delta,
		}); err != nil {
			return err
		}
	}
	return nil
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
