package search

import (
	"bytes"
	"unicode/utf8"

	"github.com/ckexport/ckexport/pipeline/scan"
)

// finder finds a pattern in blocks of runs. It is for one goroutine.
type finder struct {
	pattern *Pattern
	found   func(b *scan.Block, from, to int)

	next uint64 // address from which matches begin that were not found yet
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
	case p.filter == nil:
		f.eachIn(b.Data, span{0, len(b.Data)}, from, end, report)
	default:
		f.eachCandidate(b.Data, from, end, report)
	}
	return last
}

// eachCandidate finds the matches of the regular expression around the places that
// its filter finds.
func (f *finder) eachCandidate(data []byte, from, end int, report func(int, int)) {
	filter := f.pattern.filter
	for at := from; ; {
		place := filter.next(data, at)
		if place < 0 {
			return
		}
		part, limit := filter.around(data, place)
		at = max(limit, place+1)
		f.eachIn(data, part, from, min(end, at), func(start, stop int) {
			report(start, stop)
			from = stop
		})
		from = max(from, at)
		if at >= len(data) {
			return
		}
	}
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
// begin in a range. What stands around the part tells where words and lines begin
// and end.
func (f *finder) eachIn(data []byte, s span, from, end int, report func(int, int)) {
	from = max(from, s.from)
	before, behind := from, min(len(data), s.to+utf8.UTFMax)
	if f.pattern.looksBack {
		before = max(0, from-utf8.UTFMax)
	}
	for _, m := range f.pattern.re.FindAllIndex(data[before:behind], -1) {
		start, stop := before+m[0], before+m[1]
		if start >= end {
			return
		}
		if start >= from && stop > start { // of empty matches, as \b has them, there is no text to show
			report(start, stop)
		}
	}
}
