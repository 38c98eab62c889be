package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Keys that struct tags may have; the package documentation explains them.
var (
	tableTags   = []string{"table", "doc", "key", "scope", "raw", "memory", "scan", "ref", "compare", "order", "through", "show", "notcompared"}
	columnTags  = []string{"arrow", "ref", "encode", "compare", "payload", "provenance", "sensitive", "range", "doc", "src", "was"}
	elementTags = []string{"arrow", "doc", "sensitive", "range"} // of structs that are elements of lists
	partTags    = []string{"suffix", "range", "doc"}             // of structs that are several columns
)

// tags are the keys of a struct tag with their values.
type tags map[string]string

// parseTags reads a struct tag. Where reflect.StructTag returns nothing, it
// says what is wrong.
func parseTags(tag reflect.StructTag, known []string) (tags, error) {
	parsed := tags{}
	for rest := strings.TrimLeft(string(tag), " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		key, value, _ := strings.Cut(rest, ":")
		quoted, err := strconv.QuotedPrefix(value)
		if err != nil {
			return nil, fmt.Errorf(`tag %s is not of the form key:"value"`, rest)
		}
		if !slices.Contains(known, key) {
			return nil, fmt.Errorf("there is no tag %q here, only %s", key, strings.Join(known, ", "))
		}
		if _, repeated := parsed[key]; repeated {
			return nil, fmt.Errorf("tag %q occurs twice", key)
		}
		if parsed[key], err = strconv.Unquote(quoted); err != nil {
			return nil, fmt.Errorf("tag %q: %w", key, err)
		}
		rest = value[len(quoted):]
	}
	return parsed, nil
}

// flag returns whether a tag is set whose only value is word.
func (t tags) flag(key, word string) (bool, error) {
	value, set := t[key]
	if set && value != word {
		return false, fmt.Errorf("tag %q is %q, and can only be %q", key, value, word)
	}
	return set, nil
}

// columns returns the columns that a tag names, separated by spaces.
func (t tags) columns(key string) []string { return strings.Fields(t[key]) }

// parseTableTags reads the tags of the blank fields of a row struct. References
// are apart, as there may be several.
func parseTableTags(row reflect.Type) (facts tags, references []string, err error) {
	facts = tags{}
	for i := range row.NumField() {
		f := row.Field(i)
		if f.Name != "_" {
			continue
		}
		parsed, err := parseTags(f.Tag, tableTags)
		if err != nil {
			return nil, nil, err
		}
		for key, value := range parsed {
			if key == "ref" {
				references = append(references, value)
				continue
			}
			if _, repeated := facts[key]; repeated {
				return nil, nil, fmt.Errorf("tag %q occurs twice", key)
			}
			facts[key] = value
		}
	}
	return facts, references, nil
}
