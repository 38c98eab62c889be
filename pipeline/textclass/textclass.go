// Package textclass recognises texts of some meaning among other bytes: URLs,
// addresses, paths, keys and tokens. What it knows is one list of classes
// (classes.go), each with the source of its form.
//
// Bytes are cut into words first, at spaces, controls, quotes and brackets, and
// only a word that has the characters of a class is looked at for it. So most of
// memory costs a look at each byte.
package textclass

import (
	"encoding/binary"
	"unicode/utf8"
)

// Match is a text that was found.
type Match struct {
	Class    *Class
	Encoding Encoding
	// Offset is that of its first byte among those scanned.
	Offset int
	// Value is the text in UTF-8, valid during the call only.
	Value []byte
	// Checksum says what the test of the class found; nil where it has none.
	Checksum *bool
}

// Encoding is how a text stands in memory.
type Encoding string

// Encodings.
const (
	ASCII   Encoding = "ascii"
	UTF8    Encoding = "utf-8"
	UTF16LE Encoding = "utf-16le"
)

// Bounds of texts.
const (
	minWord = 6
	maxWord = 4 << 10
	// maxKey is the length of the longest key in PEM that is found.
	maxKey = 16 << 10
)

// Scanner finds texts. It is for one goroutine.
type Scanner struct {
	found      func(Match)
	candidates *[allKinds + 1][]*Class
	decoded    []byte // of UTF-16
	covered    []span // of the word at hand
}

// span is a part of a word.
type span struct{ start, end int }

// NewScanner returns a scanner that calls found for each text.
func NewScanner(found func(Match)) *Scanner { return &Scanner{found: found, candidates: candidates()} }

// Scan finds the texts in data. Where more bytes follow, it leaves a text at the
// end that may go on to the next call, and returns where that begins.
func (s *Scanner) Scan(data []byte, last bool) (rest int) {
	for i := 0; i < len(data); {
		if kinds[data[i]]&inWord == 0 {
			for i+8 <= len(data) && binary.LittleEndian.Uint64(data[i:]) == 0 { // most of memory
				i += 8
			}
			for i < len(data) && kinds[data[i]]&inWord == 0 {
				i++
			}
			continue
		}
		start, has := i, kind(0)
		for i < len(data) && kinds[data[i]]&inWord != 0 {
			has |= kinds[data[i]]
			i++
		}
		switch {
		case i-start == 1 && !last && start+2*maxWord > len(data) && isWide(data[start:]): // all of the rest may be one text
			return start
		case i-start == 1 && i < len(data) && data[i] == 0:
			i = s.wide(data, start)
		case i == len(data) && !last && i-start < maxWord:
			return start
		case has&dash != 0 && string(data[start:i]) == beginPEM:
			end, isCut := endOfPEM(data[start:])
			if isCut && !last {
				return start
			}
			if end > 0 {
				s.found(Match{Class: privateKey, Encoding: ASCII, Offset: start, Value: data[start : start+end]})
				i = start + end
			}
		case i-start >= minWord && has&high != 0:
			if has&slash != 0 || hasASCII(data[start:i]) {
				s.text(data[start:i], start, has)
			}
		case i-start >= minWord && has&^(inWord|lower) != 0:
			s.word(data[start:i], start, 1, has)
		}
	}
	return len(data)
}

// WordEnd returns where the word ends that data begins with, after so many
// bytes at most as an ordinary word has; 0 if it begins with none.
func WordEnd(data []byte) int {
	n := 0
	for n < min(len(data), maxWord) && kinds[data[n]]&inWord != 0 {
		n++
	}
	return n
}

// hasASCII reports whether so many characters of ASCII stand side by side as a
// text has: in bytes without order they do not.
func hasASCII(word []byte) bool {
	run := 0
	for _, c := range word {
		if run++; c >= 0x80 {
			run = 0
		}
		if run == minWord {
			return true
		}
	}
	return false
}

// text looks at the parts of a word that are UTF-8; what is not has no place in one.
func (s *Scanner) text(word []byte, offset int, has kind) {
	from := 0
	for i := 0; i < len(word); {
		if word[i] < 0x80 {
			i++
			continue
		}
		r, n := utf8.DecodeRune(word[i:])
		if r == utf8.RuneError && n == 1 {
			s.word(word[from:i], offset+from, 1, has)
			from = i + 1
		}
		i += n
	}
	s.word(word[from:], offset+from, 1, has)
}

// isWide reports whether bytes are text in UTF-16 up to their end.
func isWide(data []byte) bool {
	for i, c := range data {
		if i%2 == 0 && (kinds[c]&inWord == 0 || c >= 0x80) || i%2 == 1 && c != 0 {
			return false
		}
	}
	return true
}

// wide takes a word of ASCII characters in UTF-16, little-endian, and returns
// where it ends.
func (s *Scanner) wide(data []byte, start int) (end int) {
	s.decoded = s.decoded[:0]
	has := kind(0)
	i := start
	for ; i+1 < len(data) && data[i+1] == 0 && data[i] < 0x80 && kinds[data[i]]&inWord != 0 && len(s.decoded) < maxWord; i += 2 {
		has |= kinds[data[i]]
		s.decoded = append(s.decoded, data[i])
	}
	if len(s.decoded) >= minWord {
		s.word(s.decoded, start, 2, has)
	}
	return max(i, start+1)
}

// word looks at a word that stands at an offset; each of its characters takes so
// many bytes there.
func (s *Scanner) word(word []byte, offset, width int, has kind) {
	if len(word) < minWord {
		return
	}
	s.covered = s.covered[:0]
	for _, c := range s.candidates[has] {
		if len(word) < c.least {
			continue
		}
		for _, anchor := range c.anchors {
			s.class(c, word, anchor, offset, width)
		}
	}
}

// class finds the texts of a class in a word around each of its anchors.
func (s *Scanner) class(c *Class, word []byte, anchor string, offset, width int) {
	for at := 0; at < len(word); {
		n := index(word[at:], anchor)
		if n < 0 {
			return
		}
		at += n
		if end := s.coveredAt(at); end > at {
			at = end
			continue
		}
		start, end := c.find(word, at)
		if end <= at || s.isCovered(start, end) {
			at++
			continue
		}
		m := Match{Class: c, Encoding: encodingOf(word[start:end], width), Offset: offset + start*width, Value: word[start:end]}
		if c.check != nil {
			holds := c.check(m.Value)
			if !holds && c.strict {
				at = end
				continue
			}
			m.Checksum = &holds
		}
		s.covered = append(s.covered, span{start, end})
		s.found(m)
		at = end
	}
}

func encodingOf(value []byte, width int) Encoding {
	if width > 1 {
		return UTF16LE
	}
	for _, c := range value {
		if c >= 0x80 {
			return UTF8
		}
	}
	return ASCII
}

// maxCovered bounds the texts of a word that are remembered, so that a hostile
// word costs no more than others.
const maxCovered = 64

// coveredAt returns where the text ends that was found around a place; 0 if none was.
func (s *Scanner) coveredAt(at int) int {
	for _, c := range s.covered[max(0, len(s.covered)-maxCovered):] {
		if at >= c.start && at < c.end {
			return c.end
		}
	}
	return 0
}

func (s *Scanner) isCovered(start, end int) bool {
	for _, c := range s.covered[max(0, len(s.covered)-maxCovered):] {
		if start < c.end && end > c.start {
			return true
		}
	}
	return false
}
