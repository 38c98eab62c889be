package search

import (
	"bytes"
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/ckexport/ckexport/pipeline/scan"
)

// finder finds a pattern in blocks of runs. It is for one goroutine.
type finder struct {
	pattern *Pattern
	found   func(b *scan.Block, from, to int)

	next   uint64 // address from which matches begin that were not found yet
	folded []byte // a block in lower case
	spans  []span
}

// span is a part of a block.
type span struct{ from, to int }

// block finds the matches in a block, those that begin near its end excepted, which
// the next block has.
func (f *finder) block(b scan.Block) {
	if b.Seen == 0 {
		f.next = b.Address
	}
	end := len(b.Data)
	if !b.Last {
		end = max(end-MaxLength, 0)
	}
	from := int(f.next - b.Address)
	if f.next < b.Address || from > len(b.Data) { // a run that went on behind a pause
		from = 0
	}
	last := f.findAll(&b, from, end)
	f.next = max(b.Address+uint64(end), last)
}

// findAll finds the matches that begin in a part of a block, and returns the
// address behind the last.
func (f *finder) findAll(b *scan.Block, from, end int) (last uint64) {
	report := func(start, stop int) {
		f.found(b, start, stop)
		last = b.Address + uint64(stop)
	}
	switch p := f.pattern; {
	case p.exact != nil:
		p.eachExact(b.Data, from, end, report)
	case len(p.required) == 0:
		f.eachIn(b.Data, span{0, len(b.Data)}, from, end, report)
	default:
		for _, s := range f.candidates(b.Data, from) {
			f.eachIn(b.Data, s, max(from, s.from), end, report)
			from = max(from, int(last-min(last, b.Address)))
		}
	}
	return last
}

// eachExact finds a text.
func (p *Pattern) eachExact(data []byte, from, end int, report func(int, int)) {
	knownFrom, knownTo := 0, len(p.exact)
	if p.wild != nil {
		knownFrom, knownTo = p.longestKnown()
	}
	known := p.exact[knownFrom:knownTo]
	for at := from + knownFrom; at <= len(data); {
		i := bytes.Index(data[at:], known)
		if i < 0 {
			return
		}
		start := at + i - knownFrom
		stop := start + len(p.exact)
		switch {
		case start >= end:
			return
		case stop <= len(data) && p.equals(data[start:stop]):
			report(start, stop)
			at = stop + knownFrom
		default:
			at += i + 1
		}
	}
}

// eachIn finds the matches of the regular expression in a part of the block that
// begin in a range. What stands in front of the part tells where words and lines
// begin.
func (f *finder) eachIn(data []byte, s span, from, end int, report func(int, int)) {
	before := max(0, s.from-utf8.UTFMax)
	for _, m := range f.pattern.re.FindAllIndex(data[before:s.to], -1) {
		start, stop := before+m[0], before+m[1]
		if start >= end {
			return
		}
		if start >= from && stop > start { // of empty matches, as \b has them, there is no text to show
			report(start, stop)
		}
	}
}

// candidates returns the parts of the block that may have matches: what is around
// the required texts.
func (f *finder) candidates(data []byte, from int) []span {
	in := data
	if f.pattern.folds {
		f.folded = lower(f.folded[:0], data)
		in = f.folded
	}
	f.spans = f.spans[:0]
	for _, text := range f.pattern.required {
		for at := from; ; {
			i := bytes.Index(in[at:], text)
			if i < 0 {
				break
			}
			at += i
			f.spans = append(f.spans, span{max(0, at-MaxLength), min(len(data), at+len(text)+MaxLength)})
			at += len(text)
		}
	}
	if len(f.pattern.required) > 1 {
		slices.SortFunc(f.spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	}
	joined := f.spans[:0]
	for _, s := range f.spans {
		if n := len(joined); n > 0 && s.from <= joined[n-1].to {
			joined[n-1].to = max(joined[n-1].to, s.to)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// lower appends text with the letters of ASCII in lower case.
func lower(to, text []byte) []byte {
	to = append(to, text...)
	for i, b := range to {
		if 'A' <= b && b <= 'Z' {
			to[i] = b | 0x20
		}
	}
	return to
}
