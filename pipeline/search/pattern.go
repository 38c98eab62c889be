// Package search looks for a pattern in the memory and the files of archives,
// without making tables.
//
// Package decode goes through an archive as for an export, and passes pages and
// files on while they go by; its rows tell in the end whose they were. So matches
// are held until their archive has been read, and what they show is bounded.
package search

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ckexport/ckexport/pipeline/scan"
)

// Pattern is what is looked for.
type Pattern struct {
	// exact is a text that the pattern is; nil for others. wild, if not nil, marks the
	// bytes of it that may be any.
	exact []byte
	wild  []bool
	// re is the pattern as a regular expression.
	re *regexp.Regexp
	// looksBack says that what stands in front of a match matters: \b and ^ are in it.
	looksBack bool
	// filter finds where matches of it may be; nil if they may be anywhere.
	filter *filter
}

// Syntax says how a pattern is written.
type Syntax struct {
	Fixed    bool // a text
	Hex      bool // bytes in hexadecimal; ?? is any byte
	FoldCase bool // letters are the same in both cases
}

// Parse reads a pattern: by default a regular expression of RE2, whose ^ and $ are
// those of lines. Its dot matches no NUL, as it matches no line end: texts in
// memory end there.
func Parse(text string, s Syntax) (*Pattern, error) {
	switch {
	case text == "":
		return nil, errors.New("the pattern is empty")
	case len(text) > MaxLength:
		return nil, fmt.Errorf("the pattern has %d bytes, more than %d", len(text), MaxLength)
	case s.Hex && (s.Fixed || s.FoldCase):
		return nil, errors.New("a pattern in hexadecimal has no other form")
	case s.Hex:
		return parseHex(text)
	case s.Fixed && !s.FoldCase:
		return &Pattern{exact: []byte(text)}, nil
	case s.Fixed && !utf8.ValidString(text):
		return nil, errors.New("the pattern is no UTF-8, so it has no upper and lower case")
	case s.Fixed:
		text = regexp.QuoteMeta(text)
	}
	flags := syntax.Perl &^ syntax.OneLine
	if s.FoldCase {
		flags |= syntax.FoldCase
	}
	tree, err := syntax.Parse(text, flags)
	if err != nil {
		return nil, err
	}
	return ofTree(tree)
}

func ofTree(tree *syntax.Regexp) (*Pattern, error) {
	if tree.Op == syntax.OpLiteral && tree.Flags&syntax.FoldCase == 0 {
		return &Pattern{exact: []byte(string(tree.Rune))}, nil
	}
	endDotsAtNUL(tree)
	re, err := regexp.Compile(tree.String())
	if err != nil {
		return nil, err
	}
	if re.Match(nil) {
		return nil, errors.New("the pattern matches the empty text, which is everywhere")
	}
	return &Pattern{re: re, looksBack: looksBack(tree), filter: newFilter(tree)}, nil
}

func looksBack(tree *syntax.Regexp) bool {
	switch tree.Op {
	case syntax.OpBeginLine, syntax.OpBeginText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return true
	}
	return slices.ContainsFunc(tree.Sub, looksBack)
}

// endDotsAtNUL has dots match no NUL.
func endDotsAtNUL(tree *syntax.Regexp) {
	if tree.Op == syntax.OpAnyCharNotNL {
		tree.Op, tree.Rune = syntax.OpCharClass, []rune{1, '\n' - 1, '\n' + 1, utf8.MaxRune}
	}
	for _, sub := range tree.Sub {
		endDotsAtNUL(sub)
	}
}

func parseHex(text string) (*Pattern, error) {
	digits := strings.Join(strings.Fields(text), "")
	if len(digits)%2 != 0 {
		return nil, fmt.Errorf("%d digits are no whole bytes", len(digits))
	}
	p := &Pattern{wild: make([]bool, len(digits)/2)}
	known := 0
	for i := range p.wild {
		pair := digits[2*i : 2*i+2]
		if p.wild[i] = pair == "??"; p.wild[i] {
			p.exact = append(p.exact, 0)
			continue
		}
		b, err := hex.DecodeString(pair)
		if err != nil {
			return nil, fmt.Errorf("%q is neither a byte in hexadecimal nor ??", pair)
		}
		p.exact, known = append(p.exact, b[0]), known+1
	}
	if known == 0 {
		return nil, errors.New("the pattern is any bytes")
	}
	if known == len(p.wild) {
		p.wild = nil
	}
	return p, nil
}

// MaxLength is how long a match may be that is found wherever it stands. A longer
// one may be cut, or its beginning be passed over. Blocks overlap by twice as much:
// so the first one that has a place with that behind it has what begins there, and
// as much stands in front of it.
const MaxLength = scan.Overlap / 2

// longestKnown returns where the longest part without wild bytes is.
func (p *Pattern) longestKnown() (from, to int) {
	for start := 0; start < len(p.wild); start++ {
		end := start
		for end < len(p.wild) && !p.wild[end] {
			end++
		}
		if end-start > to-from {
			from, to = start, end
		}
		start = end
	}
	return from, to
}

// equals reports whether the bytes are the pattern's, but for the wild ones.
func (p *Pattern) equals(data []byte) bool {
	if p.wild == nil {
		return bytes.Equal(data, p.exact)
	}
	for i, b := range data {
		if !p.wild[i] && b != p.exact[i] {
			return false
		}
	}
	return true
}
