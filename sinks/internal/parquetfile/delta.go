package parquetfile

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Sizes of what differences are packed in, as other writers have them.
const (
	deltaBlock = 128
	deltaMini  = 32
)

// haveDeltas tells whether numbers are of a type whose differences can be written.
func haveDeltas(values arrow.Array) bool {
	switch values.(type) {
	case *array.Uint64, *array.Int64, *array.Timestamp:
		return true
	}
	return false
}

// appendDeltas appends numbers that are not NULL as differences, and tells what they are
// like.
func appendDeltas(page []byte, values arrow.Array) (_ []byte, stats statistics) {
	switch v := values.(type) {
	case *array.Uint64:
		page, stats = deltas(page, v, v.Uint64Values())
		stats.mayMislead(8)
	case *array.Int64:
		page, stats = deltas(page, v, v.Int64Values())
	case *array.Timestamp:
		page, stats = deltas(page, v, v.TimestampValues())
	}
	return page, stats
}

// deltas appends numbers as differences from one to the next, block by block, each
// relative to the least of its block. Differences wrap around.
// Source: Encodings.md, "Delta Encoding".
func deltas[T ~uint64 | ~int64](page []byte, of arrow.Array, numbers []T) ([]byte, statistics) {
	var stats statistics
	var least, greatest, first, last T
	var block [deltaBlock]int64
	var blocks []byte
	n, nulls := 0, of.NullN()
	for i, number := range numbers {
		if nulls > 0 && of.IsNull(i) {
			continue
		}
		if stats.values++; stats.values == 1 {
			least, greatest, first, last = number, number, number, number
			continue
		}
		least, greatest = min(least, number), max(greatest, number)
		block[n], last = int64(number)-int64(last), number
		if n++; n == deltaBlock {
			blocks, n = appendDeltaBlock(blocks, block[:]), 0
		}
	}
	if n > 0 {
		blocks = appendDeltaBlock(blocks, block[:n])
	}
	for _, head := range []uint64{deltaBlock, deltaBlock / deltaMini, uint64(stats.values)} {
		page = binary.AppendUvarint(page, head)
	}
	page = append(binary.AppendVarint(page, int64(first)), blocks...)
	if stats.values > 0 {
		stats.bounds(appendInt64(nil, least), appendInt64(nil, greatest), lessNumber[T])
	}
	return page, stats
}

// appendDeltaBlock appends a block of differences, up to deltaBlock of them.
func appendDeltaBlock(page []byte, block []int64) []byte {
	least := slices.Min(block)
	page = binary.AppendVarint(page, least)
	widths := len(page)
	page = append(page, make([]byte, deltaBlock/deltaMini)...)
	var above [deltaMini]uint64
	for from := 0; from < len(block); from += deltaMini {
		part, all := block[from:min(from+deltaMini, len(block))], uint64(0)
		for i, d := range part {
			above[i] = uint64(d) - uint64(least)
			all |= above[i]
		}
		clear(above[len(part):])
		width := bits.Len64(all)
		page[widths+from/deltaMini] = byte(width)
		page = appendWide(page, above[:], width)
	}
	return page
}

// appendWide appends the lowest bits of 32 numbers, up to 64 of each, the lowest first.
func appendWide(page []byte, numbers []uint64, width int) []byte {
	var waiting uint64
	count := 0
	put := func(bits uint64, width int) {
		waiting |= bits << count
		for count += width; count >= 8; count -= 8 {
			page = append(page, byte(waiting))
			waiting >>= 8
		}
	}
	for _, n := range numbers {
		low := min(width, 32)
		put(n&(1<<low-1), low)
		if width > 32 {
			put(n>>32, width-32)
		}
	}
	return page // 32 numbers take whole bytes
}
