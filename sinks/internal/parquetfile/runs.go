package parquetfile

import (
	"encoding/binary"
	"math/bits"
)

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
