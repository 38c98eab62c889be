package sinktest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// OpenParquet opens a file with another implementation of Parquet.
func OpenParquet(t testing.TB, path string, options ...pq.FileOption) *pq.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file, err := pq.OpenFile(f, info.Size(), options...)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return file
}

// CheckStatistics checks with another implementation of Parquet that a file keeps
// no row from readers that skip by statistics, page indexes or Bloom filters: all
// of them are true of every value, in whatever order a reader compares.
func CheckStatistics(t testing.TB, path string) {
	t.Helper()
	// parquet-go reads no index of any column if the first has none, but one by one.
	file := OpenParquet(t, path, pq.SkipPageIndex(true))
	if orders, columns := file.Metadata().ColumnOrders, file.Schema().Columns(); len(orders) != len(columns) {
		t.Errorf("%s: %d of %d columns have an order", path, len(orders), len(columns))
	}
	for i, group := range file.RowGroups() {
		for j, chunk := range group.ColumnChunks() {
			meta := &file.Metadata().RowGroups[i].Columns[j].MetaData
			c := chunkCheck{file: file, chunk: chunk, meta: meta, kind: chunk.Type()}
			if err := c.run(group.NumRows()); err != nil {
				t.Errorf("%s: row group %d, column %v: %v", path, i, meta.PathInSchema, err)
			}
		}
	}
}

// longestBound is the length above which a value is no bound.
const longestBound = 4096

// chunkCheck checks a column of a row group.
type chunkCheck struct {
	file  io.ReaderAt
	chunk pq.ColumnChunk
	meta  *format.ColumnMetaData
	kind  pq.Type
}

// observed is what some values are like.
type observed struct {
	rows, nulls, values int64
	least, greatest     *pq.Value // in the column's order; nil without a value that has one
	passes              bool      // an unsigned one passes the signed maximum
	longest             int       // of texts and bytes
}

func (c chunkCheck) run(rows int64) error {
	offsets, err := c.chunk.OffsetIndex()
	if err != nil {
		return err
	}
	index, err := c.chunk.ColumnIndex()
	if err != nil && !errors.Is(err, pq.ErrMissingColumnIndex) {
		return err
	}
	pages := c.chunk.Pages()
	defer pages.Close()
	var all observed
	n := 0
	for ; ; n++ {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		seen, err := c.observe(page)
		pq.Release(page)
		if err != nil {
			return err
		}
		if err := c.checkPage(n, seen, all.rows, offsets, index); err != nil {
			return fmt.Errorf("page %d: %w", n, err)
		}
		all.add(seen, c.compare)
	}
	if all.rows != rows || offsets.NumPages() != n || index != nil && index.NumPages() != n {
		return fmt.Errorf("%d of %d rows in %d of %d pages", all.rows, rows, n, offsets.NumPages())
	}
	if err := c.checkOrder(index); err != nil {
		return err
	}
	if err := c.checkBounds(c.meta.Statistics, all); err != nil {
		return err
	}
	// parquet-go does not tell empty bounds from none.
	allEmpty := c.kind.Kind() == pq.ByteArray && all.longest == 0
	unknown := all.least == nil || all.passes || all.longest > longestBound || allEmpty
	if !unknown && (c.meta.Statistics.MinValue == nil || c.meta.Statistics.MaxValue == nil) {
		return errors.New("has no bounds")
	}
	return nil
}

// observe reads a page, and looks its values up in the Bloom filter.
func (c chunkCheck) observe(page pq.Page) (observed, error) {
	values := make([]pq.Value, page.NumValues())
	if n, err := page.Values().ReadValues(values); n != len(values) || err != nil && !errors.Is(err, io.EOF) {
		return observed{}, fmt.Errorf("%d of %d values: %w", n, len(values), err)
	}
	filter := c.chunk.BloomFilter()
	var seen observed
	for _, v := range values {
		if v.RepetitionLevel() == 0 {
			seen.rows++
		}
		if v.IsNull() {
			seen.nulls++
			continue
		}
		if filter != nil {
			if has, err := filter.Check(v); err != nil || !has {
				return observed{}, fmt.Errorf("the Bloom filter lacks %v: %v", v, err)
			}
		}
		seen.values++
		if v.Kind() == pq.Double && math.IsNaN(v.Double()) {
			continue
		}
		v = v.Clone()
		one := observed{least: &v, greatest: &v, passes: c.isUnsigned() && c.signed(v) < 0}
		if v.Kind() == pq.ByteArray {
			one.longest = len(v.ByteArray())
		}
		seen.add(one, c.compare)
	}
	return seen, nil
}

func (o *observed) add(more observed, compare func(a, b pq.Value) int) {
	o.rows, o.nulls, o.values = o.rows+more.rows, o.nulls+more.nulls, o.values+more.values
	o.passes, o.longest = o.passes || more.passes, max(o.longest, more.longest)
	if more.least != nil && (o.least == nil || compare(*more.least, *o.least) < 0) {
		o.least = more.least
	}
	if more.greatest != nil && (o.greatest == nil || compare(*more.greatest, *o.greatest) > 0) {
		o.greatest = more.greatest
	}
}

// checkPage checks what the indexes and its header say of the nth page, which
// begins with a row.
func (c chunkCheck) checkPage(n int, seen observed, row int64, offsets pq.OffsetIndex, index pq.ColumnIndex) error {
	if offsets.FirstRowIndex(n) != row {
		return fmt.Errorf("begins with row %d, not %d", row, offsets.FirstRowIndex(n))
	}
	header := new(format.PageHeader)
	protocol := thrift.CompactProtocol{}
	if err := thrift.NewDecoder(protocol.NewReader(io.NewSectionReader(c.file, offsets.Offset(n), 1<<20))).Decode(header); err != nil {
		return fmt.Errorf("reading header: %w", err)
	}
	if header.DataPageHeader.Valid {
		if err := c.checkBounds(header.DataPageHeader.V.Statistics, seen); err != nil {
			return fmt.Errorf("header: %w", err)
		}
	}
	if index == nil {
		return nil
	}
	if index.NullPage(n) != (seen.values == 0) || index.NullCount(n) != seen.nulls {
		return fmt.Errorf("%d NULLs and %d values, in the index %d", seen.nulls, seen.values, index.NullCount(n))
	}
	if seen.least == nil {
		return nil
	}
	return c.bounds(index.MinValue(n), index.MaxValue(n), seen)
}

// checkOrder checks what the index says of the order of pages: readers look for values by
// halving where there is one.
func (c chunkCheck) checkOrder(index pq.ColumnIndex) error {
	if index == nil {
		return nil
	}
	up, down, last := true, true, -1
	for n := range index.NumPages() {
		if index.NullPage(n) {
			continue
		}
		if last >= 0 {
			least, greatest := c.compare(index.MinValue(n), index.MinValue(last)), c.compare(index.MaxValue(n), index.MaxValue(last))
			up, down = up && least >= 0 && greatest >= 0, down && least <= 0 && greatest <= 0
		}
		last = n
	}
	if index.IsAscending() != up || index.IsDescending() != (down && !up) {
		return fmt.Errorf("pages go up: %t, down: %t; the index says %t, %t", up, down, index.IsAscending(), index.IsDescending())
	}
	return nil
}

// checkBounds checks statistics, where there are any.
func (c chunkCheck) checkBounds(s format.Statistics, seen observed) error {
	// parquet-go does not tell a count of 0 from none.
	if s.NullCount != seen.nulls && (s.NullCount != 0 || s.MinValue != nil || s.MaxValue != nil) {
		return fmt.Errorf("%d NULLs, not %d", seen.nulls, s.NullCount)
	}
	if isSigned := !c.isUnsigned() && c.kind.Kind() != pq.ByteArray; (s.Min != nil || s.Max != nil) &&
		(!isSigned || !bytes.Equal(s.Min, s.MinValue) || !bytes.Equal(s.Max, s.MaxValue)) {
		return fmt.Errorf("old bounds %q and %q, new ones %q and %q", s.Min, s.Max, s.MinValue, s.MaxValue)
	}
	if seen.least == nil {
		if s.MinValue != nil || s.MaxValue != nil {
			return fmt.Errorf("bounds %q and %q of no value", s.MinValue, s.MaxValue)
		}
		return nil
	}
	least, greatest := *seen.least, *seen.greatest
	if s.MinValue != nil {
		least = c.kind.Kind().Value(s.MinValue)
	}
	if s.MaxValue != nil {
		greatest = c.kind.Kind().Value(s.MaxValue)
	}
	if s.MinValue == nil && s.MaxValue == nil {
		return nil
	}
	return c.bounds(least, greatest, seen)
}

// bounds checks that two bounds are the least and the greatest value. Unsigned
// ones must be so for readers that take them for signed numbers.
func (c chunkCheck) bounds(least, greatest pq.Value, seen observed) error {
	if c.compare(least, *seen.least) != 0 || c.compare(greatest, *seen.greatest) != 0 {
		return fmt.Errorf("bounds %q and %q, not %q and %q", least, greatest, *seen.least, *seen.greatest)
	}
	if seen.passes {
		return fmt.Errorf("unsigned bounds %v and %v pass the signed maximum", least, greatest)
	}
	return nil
}

// compare compares as Parquet's documentation says of the column's type.
func (c chunkCheck) compare(a, b pq.Value) int {
	switch c.kind.Kind() {
	case pq.ByteArray:
		return bytes.Compare(a.ByteArray(), b.ByteArray())
	case pq.Double:
		return cmp.Compare(a.Double(), b.Double())
	case pq.Boolean:
		return cmp.Compare(fmt.Sprint(a.Boolean()), fmt.Sprint(b.Boolean()))
	}
	if c.isUnsigned() {
		return cmp.Compare(uint64(c.signed(a)), uint64(c.signed(b)))
	}
	return cmp.Compare(c.signed(a), c.signed(b))
}

func (c chunkCheck) isUnsigned() bool {
	logical := c.kind.LogicalType()
	if logical == nil {
		return false
	}
	integer, ok := logical.Value.(*format.IntType)
	return ok && !integer.IsSigned
}

// signed returns a number as one without unsigned types reads it.
func (c chunkCheck) signed(v pq.Value) int64 {
	switch c.kind.Kind() {
	case pq.Int32:
		return int64(v.Int32())
	case pq.Int64:
		return v.Int64()
	}
	return 0
}
