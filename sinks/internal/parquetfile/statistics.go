package parquetfile

import (
	"bytes"
	"encoding/binary"
	"math"
)

// longestBound is the length in bytes above which a text is no bound, as arrow-go
// has it.
const longestBound = 4096

// statistics is what the values of a page or column are like.
type statistics struct {
	values, nulls   int64
	hasBounds       bool
	least, greatest []byte                 // as values are encoded, without a length
	less            func(a, b []byte) bool // the order of values as they are encoded
}

func (s *statistics) bounds(least, greatest []byte, less func(a, b []byte) bool) {
	s.hasBounds, s.least, s.greatest, s.less = true, least, greatest, less
}

// merge adds those of another page. One that has values without bounds leaves the column
// without them.
func (s *statistics) merge(o *statistics) {
	hadValues := s.values > 0
	s.values, s.nulls = s.values+o.values, s.nulls+o.nulls
	switch {
	case o.values == 0:
	case !hadValues:
		s.hasBounds, s.least, s.greatest, s.less = o.hasBounds, o.least, o.greatest, o.less
	case !s.hasBounds || !o.hasBounds:
		s.hasBounds = false
	default:
		if o.less(o.least, s.least) {
			s.least = o.least
		}
		if o.less(s.greatest, o.greatest) {
			s.greatest = o.greatest
		}
	}
}

// addText counts a text.
func (s *statistics) addText(text []byte) {
	if s.values++; s.values == 1 {
		s.least, s.greatest, s.less = text, text, lessText
	}
	if bytes.Compare(text, s.least) < 0 {
		s.least = text
	}
	if bytes.Compare(text, s.greatest) > 0 {
		s.greatest = text
	}
	s.hasBounds = max(len(s.least), len(s.greatest)) <= longestBound
}

func lessText(a, b []byte) bool { return bytes.Compare(a, b) < 0 }

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
