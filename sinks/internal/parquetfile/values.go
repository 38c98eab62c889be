package parquetfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// physical is a type of values. Source: Type in parquet.thrift.
type physical int64

const (
	physicalBoolean   physical = 0
	physicalInt32     physical = 1
	physicalInt64     physical = 2
	physicalDouble    physical = 5
	physicalByteArray physical = 6
	physicalFixed     physical = 7
)

// appendValues appends the values that are not NULL, plainly encoded, and tells
// what they are like.
func appendValues(page []byte, values arrow.Array, of *leaf) ([]byte, statistics, error) {
	var is physical
	var stats statistics
	switch v := values.(type) {
	case *array.Boolean:
		is = physicalBoolean
		page, stats = appendBooleans(page, v)
	case *array.Uint8:
		is = physicalInt32
		page, stats = appendNumbers(page, v, v.Uint8Values(), appendInt32)
	case *array.Uint16:
		is = physicalInt32
		page, stats = appendNumbers(page, v, v.Uint16Values(), appendInt32)
	case *array.Uint32:
		is = physicalInt32
		page, stats = appendNumbers(page, v, v.Uint32Values(), appendInt32)
		stats.mayMislead(4)
	case *array.Uint64:
		is = physicalInt64
		page, stats = appendNumbers(page, v, v.Uint64Values(), appendInt64)
		stats.mayMislead(8)
	case *array.Int32:
		is = physicalInt32
		page, stats = appendNumbers(page, v, v.Int32Values(), appendInt32)
	case *array.Int64:
		is = physicalInt64
		page, stats = appendNumbers(page, v, v.Int64Values(), appendInt64)
	case *array.Timestamp:
		is = physicalInt64
		page, stats = appendNumbers(page, v, v.TimestampValues(), appendInt64)
	case *array.Float64:
		is = physicalDouble
		page, stats = appendDoubles(page, v)
	case *array.Decimal128:
		is = physicalFixed
		page, stats = appendDecimals(page, v, of.width)
	case *array.String, *array.Binary:
		is = physicalByteArray
		page, stats = appendTexts(page, v)
	default:
		return nil, stats, fmt.Errorf("type %s is not supported", values.DataType())
	}
	if is != of.physical {
		return nil, stats, fmt.Errorf("type %s has the physical type %d, not %d", values.DataType(), is, of.physical)
	}
	return page, stats, nil
}

// integer is a type of numbers of Arrow. Parquet has them with 32 or 64 bits.
type integer interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int32 | ~int64
}

func appendInt32[T integer](page []byte, n T) []byte {
	return binary.LittleEndian.AppendUint32(page, uint32(n))
}

func appendInt64[T integer](page []byte, n T) []byte {
	return binary.LittleEndian.AppendUint64(page, uint64(n))
}

func appendNumbers[T integer](page []byte, of arrow.Array, numbers []T, add func([]byte, T) []byte) ([]byte, statistics) {
	var stats statistics
	var least, greatest T
	nulls := of.NullN()
	for i, n := range numbers {
		if nulls > 0 && of.IsNull(i) {
			continue
		}
		if stats.values == 0 {
			least, greatest = n, n
		}
		stats.values++
		least, greatest = min(least, n), max(greatest, n)
		page = add(page, n)
	}
	if stats.values > 0 {
		stats.bounds(add(nil, least), add(nil, greatest), lessNumber[T])
	}
	return page, stats
}

// lessNumber compares numbers as they are encoded, in 4 or 8 bytes, in the order of their
// type.
func lessNumber[T integer](a, b []byte) bool { return readNumber[T](a) < readNumber[T](b) }

func readNumber[T integer](b []byte) T {
	if len(b) == 4 {
		return T(binary.LittleEndian.Uint32(b))
	}
	return T(binary.LittleEndian.Uint64(b))
}

func appendDoubles(page []byte, of *array.Float64) ([]byte, statistics) {
	var stats statistics
	least, greatest := math.Inf(1), math.Inf(-1)
	hasNumber := false
	for i, f := range of.Float64Values() {
		if of.IsNull(i) {
			continue
		}
		stats.values++
		if !math.IsNaN(f) { // which has no place in the order
			hasNumber = true
			least, greatest = min(least, f), max(greatest, f)
		}
		page = appendDouble(page, f)
	}
	if least == 0 {
		least = math.Copysign(0, -1) // a reader may hold -0 for less than 0
	}
	if greatest == 0 {
		greatest = 0
	}
	if hasNumber {
		stats.bounds(appendDouble(nil, least), appendDouble(nil, greatest), lessDouble)
	}
	return page, stats
}

func appendDouble(page []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(page, math.Float64bits(f))
}

func lessDouble(a, b []byte) bool {
	return math.Float64frombits(binary.LittleEndian.Uint64(a)) < math.Float64frombits(binary.LittleEndian.Uint64(b))
}

// appendDecimals appends the lowest bytes of decimals, the highest of these first.
func appendDecimals(page []byte, of *array.Decimal128, width int) ([]byte, statistics) {
	var stats statistics
	var least, greatest decimal128.Num
	add := func(page []byte, n decimal128.Num) []byte {
		var all [16]byte
		binary.BigEndian.PutUint64(all[:8], uint64(n.HighBits()))
		binary.BigEndian.PutUint64(all[8:], n.LowBits())
		return append(page, all[len(all)-width:]...)
	}
	for i, n := range of.Values() {
		if of.IsNull(i) {
			continue
		}
		if stats.values++; stats.values == 1 {
			least, greatest = n, n
		}
		least, greatest = decimal128.Min(least, n), decimal128.Max(greatest, n)
		page = add(page, n)
	}
	if stats.values > 0 {
		stats.bounds(add(nil, least), add(nil, greatest), lessDecimal)
	}
	return page, stats
}

// lessDecimal compares decimals of one width, whose first byte has the sign.
func lessDecimal(a, b []byte) bool {
	if a[0] != b[0] {
		return int8(a[0]) < int8(b[0])
	}
	return bytes.Compare(a, b) < 0
}

// appendBooleans appends a bit for each value, the lowest first.
func appendBooleans(page []byte, of *array.Boolean) ([]byte, statistics) {
	var stats statistics
	least, greatest := byte(1), byte(0)
	for i := range of.Len() {
		if of.IsNull(i) {
			continue
		}
		bit := byte(0)
		if of.Value(i) {
			bit = 1
		}
		least, greatest = min(least, bit), max(greatest, bit)
		if stats.values%8 == 0 {
			page = append(page, 0)
		}
		page[len(page)-1] |= bit << (stats.values % 8)
		stats.values++
	}
	if stats.values > 0 {
		stats.bounds([]byte{least}, []byte{greatest}, lessText)
	}
	return page, stats
}

// appendTexts appends texts or bytes, each after its length.
func appendTexts(page []byte, of arrow.Array) ([]byte, statistics) {
	var stats statistics
	if v, ok := of.(*array.String); ok && v.Len() > 0 {
		page = slices.Grow(page, len(v.ValueBytes())+4*v.Len()) // documents may be large
	}
	eachText(of, func(text []byte) {
		stats.addText(text)
		page = appendText(page, text)
	})
	return page, stats
}

func appendText(page, text []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(page, uint32(len(text))), text...)
}

// eachText calls do for each text that is not NULL.
func eachText(of arrow.Array, do func([]byte)) {
	var text func(i int) []byte
	switch v := of.(type) {
	case *array.Binary:
		text = v.Value
	case *array.String:
		text = textsOf(v)
	}
	for i := range of.Len() {
		if of.IsValid(i) {
			do(text(i))
		}
	}
}

// textsOf returns what finds a text of an array, without a copy of it.
func textsOf(v *array.String) func(i int) []byte {
	if v.Len() == 0 {
		return nil // there may be no offsets
	}
	all, offsets := v.ValueBytes(), v.ValueOffsets()
	return func(i int) []byte { return all[offsets[i]-offsets[0] : offsets[i+1]-offsets[0]] }
}
