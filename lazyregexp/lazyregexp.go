// Package lazyregexp compiles regular expressions when they are first used. A
// package's variables are made at each start of the program, whatever it is asked to
// do, and to compile an expression takes up to a tenth of a millisecond.
package lazyregexp

import (
	"regexp"
	"sync"
)

// New returns a function that returns the expression, compiled once. It panics
// where that is not valid, as regexp.MustCompile does.
func New(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
