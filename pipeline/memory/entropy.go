package memory

import (
	"encoding/binary"
	"math"
	"sync"
)

// maxTerm is the count of a byte up to which its share of the entropy is in a
// table: that of a page of the most frequent size.
const maxTerm = DefaultPageSize

// entropyTerms returns n*log2(n) for each count of a byte.
var entropyTerms = sync.OnceValue(func() *[maxTerm + 1]float64 {
	var terms [maxTerm + 1]float64
	for n := 2; n <= maxTerm; n++ {
		terms[n] = term(n)
	}
	return &terms
})

func term(n int) float64 { return float64(n) * math.Log2(float64(n)) }

// entropyOf returns the entropy of the bytes of a page, in thousandths of a bit
// per byte. The length is a multiple of 8.
func entropyOf(page []byte) uint16 {
	var counts [4][256]uint32 // several, as equal bytes mostly stand together
	for rest := page; len(rest) >= 8; rest = rest[8:] {
		v := binary.LittleEndian.Uint64(rest)
		counts[0][byte(v)]++
		counts[1][byte(v>>8)]++
		counts[2][byte(v>>16)]++
		counts[3][byte(v>>24)]++
		counts[0][byte(v>>32)]++
		counts[1][byte(v>>40)]++
		counts[2][byte(v>>48)]++
		counts[3][byte(v>>56)]++
	}
	terms := entropyTerms()
	var sum float64
	for b := range 256 {
		n := int(counts[0][b] + counts[1][b] + counts[2][b] + counts[3][b])
		if n <= maxTerm {
			sum += terms[n]
		} else {
			sum += term(n)
		}
	}
	size := float64(len(page))
	return uint16(math.Round(1000 * max(math.Log2(size)-sum/size, 0)))
}

// isZero reports whether all bytes are zero. The length is a multiple of 8.
func isZero(page []byte) bool {
	for rest := page; len(rest) >= 8; rest = rest[8:] {
		if binary.LittleEndian.Uint64(rest) != 0 {
			return false
		}
	}
	return true
}
