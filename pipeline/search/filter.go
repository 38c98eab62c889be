package search

import (
	"bytes"
	"regexp/syntax"
	"unicode/utf8"
)

// filter finds places that a match may have around them, faster than the regular
// expression finds matches.
type filter struct {
	// texts are what is looked for, if all that is known is texts.
	texts [][]byte
	// Else these: sequences of sets, with a bit for each of their bytes (Shift-And, after
	// Baeza-Yates and Gonnet). masks has which bits a byte may set, starts and ends the
	// bits of first and last bytes.
	masks        [256]uint64
	starts, ends uint64

	// alphabet has all bytes that a match may have.
	alphabet [256]bool
	// reach is the most bytes that a match has.
	reach int
}

const (
	// leastBits is how seldom a place must be, as sequence.bits has it: else so much is
	// to be looked at that the filter is of no use.
	leastBits = 14
	// maxTexts bounds the texts that are looked for one after another.
	maxTexts = 4
)

// newFilter returns a filter for a regular expression, nil if it is too general.
func newFilter(tree *syntax.Regexp) *filter {
	within := knownOf(tree).within
	if least(within) < leastBits || len(within) > maxSequence/2 {
		return nil
	}
	f := &filter{reach: MaxLength}
	if most, ok := longest(tree); ok {
		f.reach = min(most, MaxLength)
	}
	f.addAlphabet(tree)
	if f.texts = textsOf(within); f.texts != nil {
		return f
	}
	bit := 0
	for _, q := range within {
		q = q.best(maxSequence / len(within))
		f.starts |= 1 << bit
		for i := range q {
			for b := range 256 {
				if q[i].has(byte(b)) {
					f.masks[b] |= 1 << bit
				}
			}
			bit++
		}
		f.ends |= 1 << (bit - 1)
	}
	return f
}

// textsOf returns the texts that sequences are, nil if they are no texts, or many.
func textsOf(list []sequence) (texts [][]byte) {
	if len(list) > maxTexts {
		return nil
	}
	for _, q := range list {
		var text []byte
		for i := range q {
			if q[i].size() > 1 {
				return nil
			}
			for b := range 256 {
				if q[i].has(byte(b)) {
					text = append(text, byte(b))
				}
			}
		}
		texts = append(texts, text)
	}
	return texts
}

// next returns a place at or behind another that a match has in it; -1 for none.
func (f *filter) next(data []byte, at int) int {
	if f.texts != nil {
		first := -1
		for _, text := range f.texts {
			in := data[at:]
			if first >= 0 { // what is nearer is of interest only
				in = data[at:min(len(data), first+len(text))]
			}
			if i := bytes.Index(in, text); i >= 0 && (first < 0 || at+i < first) {
				first = at + i
			}
		}
		return first
	}
	var state uint64
	for i, b := range data[at:] {
		if state = (state<<1 | f.starts) & f.masks[b]; state&f.ends != 0 {
			return at + i
		}
	}
	return -1
}

// around returns the part of the data that a match may be in which has a byte at a
// place, and goes on behind it for as far as a second one may begin there. Before
// limit, all matches that begin are in the part.
func (f *filter) around(data []byte, at int) (part span, limit int) {
	part = span{at, at}
	for part.from > 0 && at-part.from < f.reach && f.alphabet[data[part.from-1]] {
		part.from--
	}
	for part.to < len(data) && part.to-at < 2*f.reach && f.alphabet[data[part.to]] {
		part.to++
	}
	if part.to-at < 2*f.reach {
		return part, part.to
	}
	return part, at + f.reach
}

// addAlphabet adds the bytes that a regular expression may match.
func (f *filter) addAlphabet(tree *syntax.Regexp) {
	add := func(r rune) {
		for _, b := range utf8.AppendRune(nil, r) {
			f.alphabet[b] = true
		}
	}
	switch tree.Op {
	case syntax.OpLiteral:
		for _, r := range tree.Rune {
			if tree.Flags&syntax.FoldCase == 0 {
				add(r)
				continue
			}
			for _, r := range foldsOf(r) {
				add(r)
			}
		}
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		ranges := tree.Rune
		if tree.Op != syntax.OpCharClass {
			ranges = []rune{0, utf8.MaxRune}
		}
		for i := 0; i+1 < len(ranges); i += 2 {
			for r := ranges[i]; r <= min(ranges[i+1], utf8.RuneSelf-1); r++ {
				f.alphabet[r] = true
			}
			if ranges[i+1] >= utf8.RuneSelf { // also bytes that are no UTF-8
				for b := utf8.RuneSelf; b < 256; b++ {
					f.alphabet[b] = true
				}
			}
		}
	}
	for _, sub := range tree.Sub {
		f.addAlphabet(sub)
	}
}

// longest returns the most bytes that a regular expression matches; false if there
// is no such bound.
func longest(tree *syntax.Regexp) (bytes int, ok bool) {
	switch tree.Op {
	case syntax.OpLiteral:
		return utf8.UTFMax * len(tree.Rune), true
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return utf8.UTFMax, true
	case syntax.OpStar, syntax.OpPlus:
		return 0, false
	case syntax.OpRepeat:
		n, ok := longest(tree.Sub[0])
		return n * tree.Max, ok && tree.Max >= 0
	}
	for _, sub := range tree.Sub {
		n, ok := longest(sub)
		if !ok {
			return 0, false
		}
		if tree.Op == syntax.OpAlternate {
			bytes = max(bytes, n)
		} else {
			bytes += n
		}
	}
	return bytes, true
}
