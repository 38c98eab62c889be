// Package yara scans bytes with YARA rules, by libyara.
//
// It is built in with the tag yara, which needs the library and its headers; what
// was built without fails to compile rules, with ErrMissing.
//
// A Scan gets its content in blocks, and conditions are evaluated over all of
// them, as the command yara does for a process. A string is found if it lies in
// one block, so blocks of what belongs together must overlap; what is found twice
// at one address counts once.
package yara

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// ErrMissing says that the build is without libyara.
var ErrMissing = errors.New("this build is without YARA: it takes Debian's package libyara-dev and a build by make, or with -tags yara")

// File is a file of rules. Its name is the namespace of its rules.
type File struct{ Name, Text string }

// Rule is what a rule says of itself.
type Rule struct {
	Name, Namespace string
	Tags            []string
	Meta            []Meta
}

// Meta is a value that a rule's meta section has: a string, an int64 or a bool.
type Meta struct {
	Name  string
	Value any
}

// Hit is a place where a string of a rule matched, the rule's condition being
// true. A rule that holds without any string has one hit with an empty String.
type Hit struct {
	Rule    *Rule
	String  string // its identifier, with the $
	Address uint64
	Length  uint32
	Matched []byte // the beginning, at most MaxMatched bytes
}

// MaxMatches is about how many matches of one string a scan looks for.
const MaxMatches = 20_000

// MaxMatched is how many bytes are kept of what a string matched.
const MaxMatched = 64

// CompileError is a mistake in a file of rules.
type CompileError struct {
	File    string
	Line    int
	Message string
}

func (e *CompileError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message) }

// CompileErrors are the mistakes in files of rules, in their order.
type CompileErrors []*CompileError

func (list CompileErrors) Error() string {
	lines := make([]string, len(list))
	for i, e := range list {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Budget bounds the hits of each rule, over several scans.
type Budget struct {
	rules []Rule
	left  []uint32 // by rule, or spent
}

// spent stands for the hits that are left of a rule that had more than were left.
const spent = math.MaxUint32

// NewBudget allows each rule so many hits.
func (r *Rules) NewBudget(hits uint32) *Budget {
	b := &Budget{rules: r.rules, left: make([]uint32, len(r.rules))}
	for i := range b.left {
		b.left[i] = hits
	}
	return b
}

// Spent returns the rules that had more hits than they are allowed.
func (b *Budget) Spent() (list []*Rule) {
	for i, left := range b.left {
		if left == spent {
			list = append(list, &b.rules[i])
		}
	}
	return list
}

// Rules returns what the rules say of themselves, private ones too.
func (r *Rules) Rules() []Rule { return r.rules }
