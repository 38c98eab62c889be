package findings

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/queries"
)

// Allow is an entry of an allow file: rows of a detection that are acknowledged.
type Allow struct {
	query    string
	patterns map[string]*regexp.Regexp // by column
	reason   string
	Line     int
	Expires  time.Time // when it counts no more; zero for never
}

// Reason returns why the rows are acknowledged.
func (a Allow) Reason() string { return a.reason }

// allowEntry is an entry as it stands in the file.
type allowEntry struct {
	Query   string            `yaml:"query"`
	Columns map[string]string `yaml:"columns"`
	Reason  string            `yaml:"reason"`
	Expires string            `yaml:"expires"`
}

// ReadAllow reads an allow file, in YAML or JSON: {"allow": [...]}. It returns the entries
// that count, and those that have expired. Errors name the line.
func ReadAllow(in io.Reader, now time.Time) (valid, expired []Allow, err error) {
	var file struct {
		Allow []yaml.Node `yaml:"allow"`
	}
	decoder := yaml.NewDecoder(in)
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); errors.Is(err, io.EOF) {
		return nil, nil, errors.New("the file is empty: want allow: and a list")
	} else if err != nil {
		return nil, nil, err
	}
	for i, node := range file.Allow {
		a, err := readEntry(&node)
		if err != nil {
			return nil, nil, fmt.Errorf("line %d, entry %d: %w", node.Line, i+1, err)
		}
		if !a.Expires.IsZero() && !now.Before(a.Expires) {
			expired = append(expired, a)
		} else {
			valid = append(valid, a)
		}
	}
	return valid, expired, nil
}

func readEntry(node *yaml.Node) (Allow, error) {
	if node.Kind != yaml.MappingNode {
		return Allow{}, errors.New("want query, columns, reason and expires")
	}
	for i := 0; i < len(node.Content); i += 2 {
		if name := node.Content[i].Value; !slices.Contains([]string{"query", "columns", "reason", "expires"}, name) {
			return Allow{}, fmt.Errorf("no field %q: want query, columns, reason and expires", name)
		}
	}
	var e allowEntry
	if err := node.Decode(&e); err != nil {
		return Allow{}, err
	}
	q, ok := queries.Lookup(e.Query)
	switch {
	case e.Query == "":
		return Allow{}, errors.New("no query")
	case !ok:
		return Allow{}, fmt.Errorf("no query %q", e.Query)
	case !q.IsDetection():
		return Allow{}, fmt.Errorf("query %s is no detection", q.Name)
	case strings.TrimSpace(e.Reason) == "":
		return Allow{}, errors.New("no reason")
	}
	a := Allow{query: q.Name, reason: e.Reason, Line: node.Line, patterns: map[string]*regexp.Regexp{}}
	for _, name := range slices.Sorted(maps.Keys(e.Columns)) {
		if !slices.ContainsFunc(q.Columns, func(c queries.Column) bool { return c.Name == name }) {
			return Allow{}, fmt.Errorf("query %s has no column %q", q.Name, name)
		}
		pattern, err := compilePattern(e.Columns[name])
		if err != nil {
			return Allow{}, fmt.Errorf("column %s: %w", name, err)
		}
		a.patterns[name] = pattern
	}
	if e.Expires != "" {
		day, err := time.Parse(time.DateOnly, e.Expires)
		if err != nil {
			return Allow{}, fmt.Errorf("expires %q: want a day such as 2027-01-31", e.Expires)
		}
		a.Expires = day.AddDate(0, 0, 1) // it counts on that day, in UTC
	}
	return a, nil
}

// compilePattern compiles a glob, where * stands for any characters and ? for one, or
// re: and a regular expression. Both are about the whole value.
func compilePattern(text string) (*regexp.Regexp, error) {
	if expression, ok := strings.CutPrefix(text, "re:"); ok {
		if _, err := regexp.Compile(expression); err != nil {
			return nil, err
		}
		return regexp.Compile(`(?s)\A(?:` + expression + `)\z`)
	}
	quoted := regexp.QuoteMeta(text)
	return regexp.Compile(`(?s)\A` + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(quoted) + `\z`)
}

// placedAllow is an entry, with the places of its columns in rows.
type placedAllow struct {
	reason   string
	patterns map[int]*regexp.Regexp
}

func (a Allow) place(names []string) placedAllow {
	p := placedAllow{reason: a.reason, patterns: map[int]*regexp.Regexp{}}
	for name, pattern := range a.patterns {
		p.patterns[slices.Index(names, name)] = pattern
	}
	return p
}

// matches tells whether all patterns match. NULL is as an empty text.
func (p placedAllow) matches(values []any) bool {
	for at, pattern := range p.patterns {
		text := ""
		if values[at] != nil {
			text = plain.Text(values[at])
		}
		if !pattern.MatchString(text) {
			return false
		}
	}
	return true
}
