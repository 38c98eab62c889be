// Package queries holds the SQL that ships with ckexport: views that lie in
// every DuckDB output, and queries that answer one question each. A query is a
// file: a header of comments, then one SELECT in DuckDB's SQL.
package queries

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
)

//go:embed views/*.sql *.sql
var files embed.FS

// Query is one query. Views are queries too.
type Query struct {
	Name        string // words joined by -, as on the command line
	Title       string
	Question    string // the question it answers
	Description string // what to know about the answer
	Tables      []string
	SQL         string // the SELECT, without the header
	IsView      bool   // one of the views that others build on
}

// ViewName returns the name of the view that a DuckDB output has of the query.
func (q Query) ViewName() string { return strings.ReplaceAll(q.Name, "-", "_") }

// Comment returns the documentation of the view.
func (q Query) Comment() string { return strings.TrimSpace(q.Question + " " + q.Description) }

// All returns every query, views first: queries may use them. A mistake in a
// file that ships is a programming error, which any test finds.
var All = sync.OnceValue(func() []Query {
	var all []Query
	for _, pattern := range []string{"views/*.sql", "*.sql"} {
		paths, err := fs.Glob(files, pattern)
		if err != nil {
			panic("queries: " + err.Error())
		}
		for _, p := range paths {
			q, err := load(p)
			if err != nil {
				panic("queries: " + err.Error())
			}
			all = append(all, q)
		}
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

func load(file string) (Query, error) {
	data, err := files.ReadFile(file)
	if err != nil {
		return Query{}, err
	}
	q := Query{Name: strings.ReplaceAll(strings.TrimSuffix(path.Base(file), ".sql"), "_", "-"), IsView: strings.HasPrefix(file, "views/")}
	rest := string(data)
	for strings.HasPrefix(rest, "-- ") {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		key, value, ok := strings.Cut(strings.TrimPrefix(line, "-- "), ": ")
		if !ok {
			return Query{}, fmt.Errorf("%s: header line %q is not key: value", file, line)
		}
		switch key {
		case "title":
			q.Title = value
		case "question":
			q.Question = value
		case "description":
			q.Description = strings.TrimSpace(q.Description + " " + value)
		case "tables":
			q.Tables = strings.Split(value, ", ")
		default:
			return Query{}, fmt.Errorf("%s: unknown header key %q", file, key)
		}
	}
	q.SQL = strings.TrimSuffix(strings.TrimSpace(rest), ";")
	if q.Title == "" || q.Question == "" || len(q.Tables) == 0 || q.SQL == "" {
		return Query{}, fmt.Errorf("%s: title, question, tables and SQL are all needed", file)
	}
	return q, nil
}
