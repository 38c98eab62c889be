package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/lazyregexp"
	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
)

// What DuckDB says of a name that is not there, and which it takes to be meant.
var (
	noTable       = lazyregexp.New(`Table with name (\w+) does not exist`)
	noColumn      = lazyregexp.New(`(?:Referenced column|does not have a column named) "(\w+)"`)
	wrongSQL      = lazyregexp.New(`: (?:Parser|Binder|Catalog) Error: `)
	similarTables = lazyregexp.New(`\n *Did you mean "[^"]*"\?`)
)

// shortNames are words that people use for tables, and that none is named like.
var shortNames = map[string]string{
	"env": "environment", "fds": "file_descriptors", "fd": "file_descriptors", "open_files": "file_descriptors",
	"maps": "memory_mappings", "vmas": "memory_mappings", "ps": "processes", "containers": "checkpoints", "labels": "annotations",
}

// withHint adds to an error of DuckDB which name is meant, where that is known.
func withHint(err error, statement string) error {
	if found := noTable().FindStringSubmatch(err.Error()); found != nil {
		return withTableHint(err, found[1])
	}
	if found := noColumn().FindStringSubmatch(err.Error()); found != nil {
		if hint := columnHint(found[1], statement); hint != "" {
			return &usageError{err: err, hint: hint}
		}
	}
	if wrongSQL().MatchString(err.Error()) {
		return &usageError{err: err}
	}
	return err
}

// withTableHint says which table is meant. DuckDB knows no more tables than the
// question needs, so what it takes to be meant is left out.
func withTableHint(err error, name string) error {
	if q, ok := queries.Lookup(name); ok && len(q.Params) > 0 {
		view := q.ViewName()
		return &usageError{err: err, hint: fmt.Sprintf("%s has parameters: FROM %s(), or %s(%s := value); ckexport queries %s shows them", view, view, view, q.Params[0].Name, q.Name)}
	}
	text := errors.New(similarTables().ReplaceAllString(err.Error(), ""))
	if slices.ContainsFunc(queryable(), func(n string) bool { return strings.EqualFold(n, name) }) {
		return &usageError{err: text, hint: "the output was made without that table, or one that the view needs, or by an earlier ckexport"}
	}
	if similar := similarTable(name); similar != "" {
		return &usageError{err: text, hint: "did you mean " + similar + "?"}
	}
	return &usageError{err: text, hint: "ckexport tables lists the tables, ckexport queries the views"}
}

// similarTable returns the table or view that a word stands for, or comes nearest to.
func similarTable(name string) string {
	name = strings.ToLower(name)
	if table, ok := shortNames[name]; ok {
		return table
	}
	names := queryable()
	if i := slices.IndexFunc(names, func(n string) bool { return len(name) > 2 && strings.HasPrefix(n, name) }); i >= 0 {
		return names[i]
	}
	return nearest(name, names)
}

// similarQuery returns the name of the query that a word comes nearest to.
func similarQuery(name string) string {
	var names []string
	for _, q := range queries.All() {
		names = append(names, q.Name)
	}
	return nearest(strings.ToLower(name), names)
}

// queryable returns the names of all tables and views.
func queryable() []string {
	names := tableNames()
	for _, v := range queries.Views() {
		names = append(names, v.Name)
	}
	return names
}

// columnHint says where a column is that none of the tables in a statement has.
func columnHint(column, statement string) string {
	named := word().FindAllString(strings.ToLower(statement), -1)
	for _, t := range schema.Tables() {
		if !slices.Contains(named, t.Name) && !slices.Contains(named, t.Name+"_full") {
			continue
		}
		if now := t.Renamed(column); len(now) > 0 {
			return fmt.Sprintf("%s of %s is now %s", column, t.Name, strings.Join(now, ", "))
		}
		if v, ok := queries.LookupFull(t.Name + "_full"); ok && v.InFront(column) {
			return fmt.Sprintf("%s has %s", v.Name(), column)
		}
	}
	if t, _ := schema.Lookup("checkpoints"); t.Column(column) != nil && !slices.Contains(named, t.Name) {
		return fmt.Sprintf("%s has %s: JOIN %s USING (%s)", t.Name, column, t.Name, schema.CheckpointID)
	}
	return ""
}
