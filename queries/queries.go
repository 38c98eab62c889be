// Package queries holds the SQL that ships with ckexport: questions that
// responders, operators and platform teams ask, and the views these build on.
// A query is a file, in the folder of its group: a header of comments, then
// one SELECT in DuckDB's SQL, for every DuckDB since 1.1.
package queries

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed */*.sql
var files embed.FS

// Query is one query.
type Query struct {
	Name        string // words joined by -, as on the command line: the file's name
	Group       string // the folder it is in, see Groups
	Title       string
	Question    string      // the question it answers
	Audience    []string    // who asks it, see audiences
	Severity    string      // of a detection: high, medium, low or info; empty for what is no detection
	Attack      []Technique // MITRE ATT&CK techniques that a row may be a sign of
	Params      []Param     // in the order of the header
	Columns     []Column    // what it returns, in order
	Key         []string    // of a detection: columns by which a finding is found again in a later checkpoint, see FindingKey
	Tables      []string    // the tables it needs, also by the queries it builds on
	Uses        []string    // names of the queries whose views it builds on
	Memory      string      // what --memory must have named when the archives were exported; empty for nothing
	Description string      // what to know about the answer
	SQL         string      // the SELECT, without the header; $name stands for a parameter
}

// Technique is a technique of MITRE ATT&CK.
type Technique struct{ ID, Name string }

// URL returns the page that describes the technique.
func (t Technique) URL() string {
	return "https://attack.mitre.org/techniques/" + strings.ReplaceAll(t.ID, ".", "/") + "/"
}

// Column is a column that a query returns.
type Column struct{ Name, Doc string }

// Group is a kind of question.
type Group struct{ Name, Doc string }

// Groups returns the groups in the order in which they are shown.
func Groups() []Group {
	return []Group{
		{"inventory", "What is there, what it costs, and where it could be restored."},
		{"processes", "What runs, and what it is doing."},
		{"privileges", "What processes may do."},
		{"network", "Who listens, who talks to whom, and how."},
		{"files", "What was written, what is hidden, what comes from the host."},
		{"memory", "What is in memory, and which of it can be executed."},
		{"secrets", "Where secrets lie."},
		{"change", "What became different, in time and among equals."},
	}
}

// ViewName returns the name that the query has in a DuckDB output: of a view,
// or where it has parameters of a table macro.
func (q Query) ViewName() string { return strings.ReplaceAll(q.Name, "-", "_") }

// Comment returns the documentation of the view.
func (q Query) Comment() string { return strings.TrimSpace(q.Question + " " + q.About()) }

// About returns what to know about the answer, and how to get one.
func (q Query) About() string {
	if q.Memory == "" {
		return q.Description
	}
	return strings.TrimSpace("Needs archives that were exported with --memory " + q.Memory + ". " + q.Description)
}

// IsDetection reports whether rows of the query are findings.
func (q Query) IsDetection() bool { return q.Severity != "" }

// Severities are those that a detection may have, the worst first.
func Severities() []string { return []string{"high", "medium", "low", "info"} }

// Detections returns the queries whose rows are findings, the most severe first.
func Detections() []Query {
	list := slices.DeleteFunc(slices.Clone(All()), func(q Query) bool { return !q.IsDetection() })
	slices.SortStableFunc(list, func(a, b Query) int {
		return cmp.Or(cmp.Compare(slices.Index(Severities(), a.Severity), slices.Index(Severities(), b.Severity)), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// FindingKey returns the columns by which a finding is the same in another checkpoint
// of its container: the container's names, where there are any, and what the
// detection adds. Ids, times and addresses of memory differ each time.
func (q Query) FindingKey() []string {
	var key []string
	for _, c := range q.Columns {
		if slices.Contains([]string{"pod_namespace", "pod_name", "container_name"}, c.Name) || slices.Contains(q.Key, c.Name) {
			key = append(key, c.Name)
		}
	}
	return key
}

// All returns every query: first those that build on no other, then those that
// do, each by group and name. To make views in this order is safe. A mistake
// in a file that ships is a programming error, which any test finds.
var All = sync.OnceValue(func() []Query {
	all, err := loadAll(files)
	if err != nil {
		panic("queries: " + err.Error())
	}
	return all
})

// Lookup returns the query of that name, written with - or _.
func Lookup(name string) (Query, bool) {
	name = strings.ReplaceAll(name, "_", "-")
	for _, q := range All() {
		if q.Name == name {
			return q, true
		}
	}
	return Query{}, false
}

// InGroup returns the queries of a group, by name.
func InGroup(group string) []Query {
	var list []Query
	for _, q := range All() {
		if q.Group == group {
			list = append(list, q)
		}
	}
	slices.SortFunc(list, func(a, b Query) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func loadAll(fsys fs.FS) ([]Query, error) {
	var all []Query
	for _, g := range Groups() {
		paths, err := fs.Glob(fsys, g.Name+"/*.sql")
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			data, err := fs.ReadFile(fsys, p)
			if err != nil {
				return nil, err
			}
			q, err := parse(string(data))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p, err)
			}
			q.Group, q.Name = g.Name, strings.TrimSuffix(path.Base(p), ".sql")
			if i := slices.IndexFunc(all, func(o Query) bool { return o.Name == q.Name }); i >= 0 {
				return nil, fmt.Errorf("%s: there is a query of that name in %s", p, all[i].Group)
			}
			all = append(all, q)
		}
	}
	return inOrder(all)
}

// inOrder puts queries behind those that they build on.
func inOrder(all []Query) ([]Query, error) {
	ordered := make([]Query, 0, len(all))
	done := map[string]bool{}
	for len(ordered) < len(all) {
		var next []Query
		for _, q := range all {
			if !done[q.Name] && !slices.ContainsFunc(q.Uses, func(name string) bool { return !done[name] }) {
				next = append(next, q)
			}
		}
		if len(next) == 0 {
			return nil, fmt.Errorf("queries build on one that is not there, or on each other")
		}
		for _, q := range next {
			done[q.Name] = true
		}
		ordered = append(ordered, next...)
	}
	return ordered, nil
}
