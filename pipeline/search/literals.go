package search

import (
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// maxRequired bounds the texts that are looked for one after another in front of
// a regular expression: with more, that is no faster.
const maxRequired = 8

// leastRequired is the least length of a text that is worth it: shorter ones are
// nearly everywhere.
const leastRequired = 2

// requiredTexts returns texts of which every match has one, none if that is not
// known. folds says that they are lower-case ASCII and may stand in any case.
func requiredTexts(tree *syntax.Regexp) (texts []string, folds bool) {
	r := requiredOf(tree)
	if len(r.texts) == 0 || len(r.texts) > maxRequired || r.shortest() < leastRequired {
		return nil, false
	}
	if r.folds {
		for i, t := range r.texts {
			r.texts[i] = strings.ToLower(t)
		}
	}
	return r.texts, r.folds
}

// required is a set of texts of which a match has one.
type required struct {
	texts []string
	folds bool
}

func (r required) shortest() int {
	if len(r.texts) == 0 {
		return 0
	}
	n := len(r.texts[0])
	for _, t := range r.texts {
		n = min(n, len(t))
	}
	return n
}

func requiredOf(tree *syntax.Regexp) (best required) {
	switch tree.Op {
	case syntax.OpLiteral:
		return literal(tree)
	case syntax.OpCapture, syntax.OpPlus:
		return requiredOf(tree.Sub[0])
	case syntax.OpRepeat:
		if tree.Min > 0 {
			return requiredOf(tree.Sub[0])
		}
	case syntax.OpConcat:
		for _, sub := range tree.Sub {
			if r := requiredOf(sub); r.shortest() > best.shortest() {
				best = r
			}
		}
	case syntax.OpAlternate:
		for _, sub := range tree.Sub {
			r := requiredOf(sub)
			if len(r.texts) == 0 {
				return required{}
			}
			best.texts, best.folds = append(best.texts, r.texts...), best.folds || r.folds
		}
		if best.folds && !best.mayFold() {
			return required{}
		}
	}
	return best
}

// mayFold reports whether all texts can be looked for in any case, by ASCII alone.
func (r required) mayFold() bool {
	for _, t := range r.texts {
		if !foldsInASCII(t) {
			return false
		}
	}
	return true
}

// foldsInASCII reports whether the upper and lower case of all characters is
// ASCII. Those of k and s are not: there are the Kelvin sign and the long s.
func foldsInASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf || strings.ContainsRune("kKsS", r) })
}

// literal returns a literal, of one in any case the longest part that has none
// beyond ASCII.
func literal(tree *syntax.Regexp) required {
	text := string(tree.Rune)
	if tree.Flags&syntax.FoldCase == 0 {
		return required{texts: []string{text}}
	}
	longest := ""
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return !foldsInASCII(string(r)) }) {
		if len(part) > len(longest) {
			longest = part
		}
	}
	if longest == "" {
		return required{}
	}
	return required{texts: []string{longest}, folds: true}
}
