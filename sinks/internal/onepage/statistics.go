package onepage

import (
	"bytes"
	"encoding/binary"
	"math"
)

// longestBound is the length in bytes above which a text is no bound, as arrow-go
// has it.
const longestBound = 4096

// statistics is what the values of a column are like.
type statistics struct {
	values, nulls   int64
	hasBounds       bool
	least, greatest []byte // as values are encoded, without a length
}

func (s *statistics) bounds(least, greatest []byte) {
	s.hasBounds, s.least, s.greatest = true, least, greatest
}

// addText counts a text.
func (s *statistics) addText(text []byte) {
	if s.values++; s.values == 1 {
		s.least, s.greatest = text, text
	}
	if bytes.Compare(text, s.least) < 0 {
		s.least = text
	}
	if bytes.Compare(text, s.greatest) > 0 {
		s.greatest = text
	}
	s.hasBounds = max(len(s.least), len(s.greatest)) <= longestBound
}

// mayMislead leaves out bounds of unsigned numbers above the signed maximum, which
// readers without unsigned types take for negative ones: Trino fails with
// "corrupted statistics", or finds nothing
// (https://github.com/trinodb/trino/issues/27274).
func (s *statistics) mayMislead(width int) {
	var padded [8]byte
	copy(padded[:], s.greatest)
	greatest := binary.LittleEndian.Uint64(padded[:])
	if greatest > math.MaxInt64 || width == 4 && greatest > math.MaxInt32 {
		s.hasBounds = false
	}
}
