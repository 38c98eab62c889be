package memory

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/ckexport/ckexport/pipeline/textclass"
)

// Strings is the consumer that finds texts of some meaning. What goes on from
// one block to the next is found whole; of equal texts of a space one is kept.
type Strings struct {
	// Full names the classes of which some texts were left out, as there are more
	// than maxOfClass, or no memory for more.
	Full map[string]bool

	take    func(bytes int64) bool
	scanner *textclass.Scanner
	counts  map[*textclass.Class]int // of texts that are kept
	spaces  map[*Space]*spaceStrings
	joined  []byte // what was left of a block, with the next

	// what is being scanned
	at   *spaceStrings
	base uint64
}

// maxOfClass bounds the texts of a class, over all spaces, so that many of one
// leave room for those of the others.
const maxOfClass = 50_000

// String is a text in memory.
type String struct {
	Class    string
	Encoding textclass.Encoding
	Value    string
	Checksum *bool // what the check of its class found; nil where it has none
	Address  uint64
	Count    uint64
}

// spaceStrings are the texts of a space.
type spaceStrings struct {
	found map[stringKey]*String
	rest  []byte // of the last block, that was not scanned
	next  uint64 // address behind the last block
	// edges are words at the borders of what came at a time: what they go on with
	// comes from another pages image, or not at all.
	edges []part
}

type stringKey struct {
	class    string
	encoding textclass.Encoding
	value    string
}

// NewStrings returns a consumer that asks take for the memory it keeps.
func NewStrings(take func(bytes int64) bool) *Strings {
	s := &Strings{take: take, Full: map[string]bool{}, counts: map[*textclass.Class]int{}, spaces: map[*Space]*spaceStrings{}}
	s.scanner = textclass.NewScanner(s.keep)
	return s
}

// Wants implements Consumer.
func (s *Strings) Wants(*Space) []Range { return []Range{Everything} }

// Pages implements Consumer.
func (s *Strings) Pages(b Block) {
	at := s.spaces[b.Space]
	if at == nil {
		at = &spaceStrings{found: map[stringKey]*String{}}
		s.spaces[b.Space] = at
	}
	s.at = at
	if b.Address != at.next {
		s.end(at)
		n := textclass.WordEnd(b.Data)
		s.edge(at, b.Address, b.Data[:n])
		b.Address, b.Data = b.Address+uint64(n), b.Data[n:]
		if len(b.Data) == 0 { // then the next is an edge too
			return
		}
	}
	data := b.Data
	if len(at.rest) > 0 {
		s.joined = append(append(s.joined[:0], at.rest...), data...)
		data = s.joined
	}
	s.base, at.next = b.Address-uint64(len(at.rest)), b.Address+uint64(len(b.Data))
	rest := s.scanner.Scan(data, false)
	at.rest = append(at.rest[:0], data[rest:]...)
}

// end makes an edge of what is left of the last block.
func (s *Strings) end(at *spaceStrings) {
	s.edge(at, at.next-uint64(len(at.rest)), at.rest)
	at.rest, at.next = at.rest[:0], 0
}

// edge keeps a word for when all pages have passed by; where there is no memory
// for it, it is scanned as it is.
func (s *Strings) edge(at *spaceStrings, address uint64, word []byte) {
	switch {
	case len(word) == 0:
	case s.take(int64(len(word)) + 48):
		at.edges = append(at.edges, part{address, bytes.Clone(word)})
	default:
		s.base = address
		s.scanner.Scan(word, true)
	}
}

// scanEdges scans the edges, those that lie side by side as one.
func (s *Strings) scanEdges(at *spaceStrings) {
	s.at = at
	s.end(at)
	slices.SortFunc(at.edges, func(a, b part) int { return cmp.Compare(a.address, b.address) })
	for len(at.edges) > 0 {
		n := 1
		s.base, s.joined = at.edges[0].address, append(s.joined[:0], at.edges[0].data...)
		for n < len(at.edges) && at.edges[n].address == s.base+uint64(len(s.joined)) {
			s.joined = append(s.joined, at.edges[n].data...)
			n++
		}
		s.scanner.Scan(s.joined, true)
		at.edges = at.edges[n:]
	}
}

// keep keeps a text, or counts it once more.
func (s *Strings) keep(m textclass.Match) {
	address := s.base + uint64(m.Offset)
	if have := s.at.found[stringKey{m.Class.Name, m.Encoding, string(m.Value)}]; have != nil {
		have.Count++
		have.Address = min(have.Address, address)
		return
	}
	const besides = 256 // of a text, in the map and in its row
	if s.counts[m.Class] >= maxOfClass || !s.take(int64(besides+len(m.Value))) {
		s.Full[m.Class.Name] = true
		return
	}
	s.counts[m.Class]++
	kept := &String{Class: m.Class.Name, Encoding: m.Encoding, Value: string(m.Value), Checksum: m.Checksum, Address: address, Count: 1}
	s.at.found[stringKey{kept.Class, kept.Encoding, kept.Value}] = kept
}

// Of returns the texts of a space, by address, once all pages have passed by.
func (s *Strings) Of(space *Space) []*String {
	at := s.spaces[space]
	if at == nil {
		return nil
	}
	s.scanEdges(at)
	return slices.SortedFunc(maps.Values(at.found), func(a, b *String) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Value, b.Value))
	})
}
