//go:build yara && cgo

package yara

/*
#include <stdlib.h>
#include "compile.h"
#include "scan.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"unsafe"
)

// Version is the version of libyara that this is built with.
const Version = C.YR_VERSION

// start starts the library, which holds state for the whole process.
var start = sync.OnceValue(func() error {
	if code := C.yr_initialize(); code != C.ERROR_SUCCESS {
		return libraryError("starting libyara", code)
	}
	if code := C.yr_set_configuration_uint32(C.YR_CONFIG_MAX_MATCH_DATA, MaxMatched); code != C.ERROR_SUCCESS {
		return libraryError("configuring libyara", code)
	}
	return nil
})

// libraryError is an error of libyara, which has numbers only. Source: yara/error.h.
func libraryError(doing string, code C.int) error {
	switch code {
	case C.ERROR_INSUFFICIENT_MEMORY:
		return fmt.Errorf("%s: no memory", doing)
	case C.ERROR_TOO_MANY_MATCHES:
		return fmt.Errorf("%s: too many matches", doing)
	case C.ERROR_EXEC_STACK_OVERFLOW:
		return fmt.Errorf("%s: a condition is too deep", doing)
	}
	return fmt.Errorf("%s: libyara's error %d", doing, int(code))
}

// Rules are compiled rules, for any number of scans at a time.
type Rules struct {
	rules    []Rule
	compiled *C.YR_RULES
}

// Compile compiles the rules of files, which include no others. Mistakes are
// CompileErrors: those of the first file that has some.
func Compile(files []File) (*Rules, error) {
	if err := start(); err != nil {
		return nil, err
	}
	var compiler *C.YR_COMPILER
	if code := C.ck_compiler_new(&compiler); code != C.ERROR_SUCCESS {
		return nil, libraryError("making a compiler of rules", code)
	}
	defer C.yr_compiler_destroy(compiler)
	for _, f := range files {
		if err := f.compile(compiler); err != nil {
			return nil, err
		}
	}
	r := &Rules{}
	if code := C.yr_compiler_get_rules(compiler, &r.compiled); code != C.ERROR_SUCCESS {
		return nil, libraryError("compiling rules", code)
	}
	if err := r.checkModules(); err != nil {
		r.Close()
		return nil, err
	}
	r.read()
	return r, nil
}

// checkModules refuses the module magic: it reads files of the machine, which the
// process may not, and prints warnings. Modules are imported by scanning only.
func (r *Rules) checkModules() error {
	s, err := r.NewScan()
	if err != nil {
		return err
	}
	defer s.Close()
	s.Begin()
	C.ck_scan_end(s.scan, nil, 0, 0, nil) // conditions may fail over nothing
	if s.scan.refused != 0 {
		return errors.New(`rules import the module "magic", which cannot be used here`)
	}
	return nil
}

func (f *File) compile(compiler *C.YR_COMPILER) error {
	if i := strings.IndexByte(f.Text, 0); i >= 0 {
		return CompileErrors{{f.Name, 1 + strings.Count(f.Text[:i], "\n"), "a NUL byte: rules are text, not what yarac made of it"}}
	}
	text, name := C.CString(f.Text), C.CString(f.Name)
	defer C.free(unsafe.Pointer(text))
	defer C.free(unsafe.Pointer(name))
	var mistakes C.ck_mistakes
	C.ck_compile(compiler, text, name, &mistakes)
	if mistakes.count == 0 {
		return nil
	}
	var list CompileErrors
	for _, m := range mistakes.list[:min(mistakes.count, C.CK_MISTAKES)] {
		list = append(list, &CompileError{f.Name, int(m.line), C.GoString(&m.message[0])})
	}
	return list
}

// read takes over what the rules say of themselves.
func (r *Rules) read() {
	for i := range r.compiled.num_rules {
		rule := C.ck_rule(r.compiled, i)
		known := Rule{Name: C.GoString(C.ck_rule_name(rule)), Namespace: C.GoString(C.ck_rule_namespace(rule))}
		// each tag ends in NUL, and an empty one ends the list
		for tag := C.ck_first_tag(rule); tag != nil && *tag != 0; {
			text := C.GoString(tag)
			known.Tags = append(known.Tags, text)
			tag = (*C.char)(unsafe.Add(unsafe.Pointer(tag), len(text)+1))
		}
		for m := C.ck_first_meta(rule); m != nil; m = C.ck_next_meta(m) {
			value := Meta{Name: C.GoString(C.ck_meta_name(m))}
			switch m._type {
			case C.META_TYPE_STRING:
				value.Value = C.GoString(C.ck_meta_text(m))
			case C.META_TYPE_BOOLEAN:
				value.Value = m.integer != 0
			default:
				value.Value = int64(m.integer)
			}
			known.Meta = append(known.Meta, value)
		}
		r.rules = append(r.rules, known)
	}
}

// Close frees the rules. No scan of them may be open.
func (r *Rules) Close() { C.yr_rules_destroy(r.compiled) }

// Scan scans one content after another.
type Scan struct {
	rules   *Rules
	scan    *C.ck_scan
	strings map[*C.char]string
}

// NewScan makes a scan, which is for one goroutine at a time.
func (r *Rules) NewScan() (*Scan, error) {
	s := &Scan{rules: r, strings: map[*C.char]string{}}
	if code := C.ck_scan_new(r.compiled, MaxMatches, &s.scan); code != C.ERROR_SUCCESS {
		return nil, libraryError("making a scanner", code)
	}
	return s, nil
}

// Close frees the scan.
func (s *Scan) Close() { C.ck_scan_free(s.scan) }

// Begin begins a content.
func (s *Scan) Begin() { C.ck_scan_begin(s.scan) }

// Block scans a block of the content.
func (s *Scan) Block(data []byte, address uint64) error {
	if len(data) == 0 {
		return nil
	}
	if code := C.ck_scan_block(s.scan, first(data), C.size_t(len(data)), C.uint64_t(address)); code != C.ERROR_SUCCESS {
		return libraryError("scanning", code)
	}
	return nil
}

// End evaluates the conditions, and returns the hits, as far as the budget goes.
// size is what they see as filesize, which is undefined if it is less than 0. Of a
// content without other blocks, whole may be all: then conditions can read it.
// skipped says that a string matched more often than is looked for.
func (s *Scan) End(whole []byte, size int64, budget *Budget) (hits []Hit, skipped bool, err error) {
	if len(budget.left) == 0 {
		return nil, false, nil
	}
	filesize := C.uint64_t(C.YR_UNDEFINED)
	if size >= 0 {
		filesize = C.uint64_t(size)
	}
	code := C.ck_scan_end(s.scan, first(whole), C.size_t(len(whole)), filesize, (*C.uint32_t)(&budget.left[0]))
	if code != C.ERROR_SUCCESS {
		return nil, false, libraryError("evaluating rules", code)
	}
	for _, h := range unsafe.Slice(s.scan.hits, int(s.scan.count)) {
		hits = append(hits, Hit{
			Rule: &s.rules.rules[h.rule], String: s.name(h.string), Address: uint64(h.address), Length: uint32(h.length),
			Matched: C.GoBytes(unsafe.Pointer(&h.matched[0]), h.kept),
		})
	}
	return hits, s.scan.skipped != 0, nil
}

// name returns the identifier of a string.
func (s *Scan) name(identifier *C.char) string {
	if identifier == nil {
		return ""
	}
	name, ok := s.strings[identifier]
	if !ok {
		name = C.GoString(identifier)
		s.strings[identifier] = name
	}
	return name
}

// first returns where data begins, nil if it is empty.
func first(data []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(data)) }
