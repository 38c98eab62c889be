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

// tags are the keys of a struct tag with their values. They are few: looking
// through them is less than making a map of them, at each start of a process.
type tags []tag

type tag struct{ key, value string }

// lookup returns a tag's value, and whether it is set.
func (t tags) lookup(key string) (value string, set bool) {
	for _, tag := range t {
		if tag.key == key {
			return tag.value, true
		}
	}
	return "", false
}

// get returns a tag's value, empty where it is not set.
func (t tags) get(key string) string {
	value, _ := t.lookup(key)
	return value
}

// parseTags reads a struct tag. Where reflect.StructTag returns nothing, it
// says what is wrong.
func parseTags(tag reflect.StructTag, known []string) (tags, error) {
	parsed := make(tags, 0, strings.Count(string(tag), `:"`))
	for rest := strings.TrimLeft(string(tag), " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		key, value, _ := strings.Cut(rest, ":")
		quoted, err := strconv.QuotedPrefix(value)
		if err != nil {
			return nil, fmt.Errorf(`tag %s is not of the form key:"value"`, rest)
		}
		if !slices.Contains(known, key) {
			return nil, fmt.Errorf("there is no tag %q here, only %s", key, strings.Join(known, ", "))
		}
		rest = value[len(quoted):]
		if value, err = strconv.Unquote(quoted); err != nil {
			return nil, fmt.Errorf("tag %q: %w", key, err)
		}
		if parsed, err = parsed.with(key, value); err != nil {
			return nil, err
		}
	}
	return parsed, nil
}

// with adds a tag that is not there yet.
func (t tags) with(key, value string) (tags, error) {
	if _, repeated := t.lookup(key); repeated {
		return nil, fmt.Errorf("tag %q occurs twice", key)
	}
	return append(t, tag{key, value}), nil
}

// flag returns whether a tag is set whose only value is word.
func (t tags) flag(key, word string) (bool, error) {
	value, set := t.lookup(key)
	if set && value != word {
		return false, fmt.Errorf("tag %q is %q, and can only be %q", key, value, word)
	}
	return set, nil
}

// columns returns the columns that a tag names, separated by spaces.
func (t tags) columns(key string) []string { return strings.Fields(t.get(key)) }

// parseTableTags reads the tags of the blank fields of a row struct. References
// are apart, as there may be several.
func parseTableTags(row reflect.Type) (facts tags, references []string, err error) {
	for i := range row.NumField() {
		f := row.Field(i)
		if f.Name != "_" {
			continue
		}
		parsed, err := parseTags(f.Tag, tableTags)
		if err != nil {
			return nil, nil, err
		}
		for _, tag := range parsed {
			if tag.key == "ref" {
				references = append(references, tag.value)
				continue
			}
			if facts, err = facts.with(tag.key, tag.value); err != nil {
				return nil, nil, err
			}
		}
	}
	return facts, references, nil
}
