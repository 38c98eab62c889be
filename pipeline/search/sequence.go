package search

import (
	"math"
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// byteSet is a set of bytes.
type byteSet [4]uint64

func (s *byteSet) add(b byte)      { s[b>>6] |= 1 << (b & 63) }
func (s *byteSet) has(b byte) bool { return s[b>>6]>>(b&63)&1 != 0 }
func (s *byteSet) addAll(of byteSet) {
	for i := range s {
		s[i] |= of[i]
	}
}

// size returns how many bytes are in the set.
func (s *byteSet) size() (n int) {
	for b := range 256 {
		if s.has(byte(b)) {
			n++
		}
	}
	return n
}

// sequence is a number of sets, for so many bytes that follow one another.
type sequence []byteSet

// bits returns how seldom bytes are like that: in one place of 2 to the power of it,
// if all bytes were as frequent.
func (q sequence) bits() (sum float64) {
	for i := range q {
		sum += 8 - math.Log2(float64(q[i].size()))
	}
	return sum
}

// best returns the part, of at most so many bytes, that is the least frequent.
func (q sequence) best(most int) sequence {
	if len(q) <= most {
		return q
	}
	found := q[:most]
	for from := 1; from+most <= len(q); from++ {
		if part := q[from : from+most]; part.bits() > found.bits() {
			found = part
		}
	}
	return found
}

// known is what is known of the bytes that a part of a pattern matches.
type known struct {
	// prefix and suffix are what they begin and end with. If isAll, they are the same
	// and all there is.
	prefix, suffix sequence
	isAll          bool
	// within are sequences of which one is in them; none if that is not known.
	within []sequence
}

// maxSequence bounds a sequence: it is looked for with a bit for each of its bytes.
const maxSequence = 64

func all(q sequence) known {
	k := known{prefix: q, suffix: q, isAll: true}
	if len(q) > 0 {
		k.within = []sequence{q}
	}
	return k
}

// knownOf finds out what bytes a regular expression matches.
func knownOf(tree *syntax.Regexp) known {
	switch tree.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return all(nil)
	case syntax.OpLiteral:
		return literal(tree)
	case syntax.OpCharClass:
		if set, ok := class(tree.Rune); ok {
			return all(sequence{set})
		}
	case syntax.OpCapture:
		return knownOf(tree.Sub[0])
	case syntax.OpPlus:
		k := knownOf(tree.Sub[0])
		k.isAll = false
		return k
	case syntax.OpRepeat:
		if tree.Min == 0 {
			return known{}
		}
		k := joined(slices.Repeat([]known{knownOf(tree.Sub[0])}, min(tree.Min, maxSequence)))
		k.isAll = k.isAll && tree.Min == tree.Max && tree.Min <= maxSequence
		return k
	case syntax.OpConcat:
		return concatenated(tree.Sub)
	case syntax.OpAlternate:
		return alternative(tree.Sub)
	}
	return known{}
}

// literal returns the bytes of a text. A character whose upper and lower case differ
// in length, such as the k that has the Kelvin sign, makes a gap.
func literal(tree *syntax.Regexp) known {
	var parts []known
	for _, r := range tree.Rune {
		if tree.Flags&syntax.FoldCase == 0 {
			var q sequence
			for _, b := range utf8.AppendRune(nil, r) {
				var set byteSet
				set.add(b)
				q = append(q, set)
			}
			parts = append(parts, all(q))
			continue
		}
		var ranges []rune
		for _, f := range foldsOf(r) {
			ranges = append(ranges, f, f)
		}
		if set, ok := class(ranges); ok {
			parts = append(parts, all(sequence{set}))
		} else {
			parts = append(parts, known{})
		}
	}
	return joined(parts)
}

// foldsOf returns a character in all its cases.
func foldsOf(r rune) []rune {
	list := []rune{r}
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		list = append(list, f)
	}
	return list
}

// class returns the set of a character class, false if it has characters beyond
// ASCII, which are several bytes.
func class(ranges []rune) (set byteSet, ok bool) {
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i+1] >= utf8.RuneSelf {
			return set, false
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			set.add(byte(r))
		}
	}
	return set, len(ranges) > 0
}

func concatenated(trees []*syntax.Regexp) known {
	parts := make([]known, len(trees))
	for i, t := range trees {
		parts[i] = knownOf(t)
	}
	return joined(parts)
}

// joined returns what is known of parts one behind another.
func joined(parts []known) known {
	whole := all(nil)
	var running sequence // what is known to end where the next part begins
	var best []sequence
	keep := func(list []sequence) {
		if least(list) > least(best) {
			best = list
		}
	}
	for _, p := range parts {
		through := append(slices.Clip(running), p.prefix...)
		if whole.isAll {
			whole.prefix = through
		}
		if p.isAll {
			running = through
			continue
		}
		if len(through) > 0 {
			keep([]sequence{through})
		}
		keep(p.within)
		whole.isAll, running = false, p.suffix
	}
	if len(running) > 0 {
		keep([]sequence{running})
	}
	whole.suffix, whole.within = running, best
	return whole
}

// least returns how seldom the most frequent of alternatives is, 0 for none.
func least(list []sequence) float64 {
	if len(list) == 0 {
		return 0
	}
	bits := math.Inf(1)
	for _, q := range list {
		bits = min(bits, q.best(maxSequence/len(list)).bits())
	}
	return bits
}

// alternative returns what is known of a match of one of several.
func alternative(trees []*syntax.Regexp) (k known) {
	for i, t := range trees {
		sub := knownOf(t)
		if len(sub.within) == 0 {
			return known{}
		}
		k.within = append(k.within, sub.within...)
		switch {
		case i == 0:
			k.prefix, k.isAll = slices.Clone(sub.prefix), sub.isAll
		case !k.isAll || !sub.isAll || len(sub.prefix) != len(k.prefix):
			k.prefix, k.isAll = nil, false
		default: // of one length: a set for each place
			for at := range k.prefix {
				k.prefix[at].addAll(sub.prefix[at])
			}
		}
	}
	if !k.isAll {
		k.prefix = nil
	}
	k.suffix = k.prefix
	return k
}
