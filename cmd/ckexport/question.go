package main

import (
	"slices"
	"strings"

	"github.com/ckexport/ckexport/lazyregexp"
	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// question says what a command asks of its inputs: what archives are decoded for.
type question struct {
	views  []sinks.View
	tables []*schema.Table // that have to be there
	// whole says that it matters whether all of an archive can be read: then all
	// is decoded, whatever the tables.
	whole  bool
	often  bool     // each table is asked many times
	memory []string // kinds of content of memory
	raw    bool     // messages of images
	scan   bool     // what only YARA rules find
}

// wholeQuestion is about everything but the content of memory.
func wholeQuestion(views []sinks.View) question {
	return question{views: views, tables: schema.Tables(), whole: true, often: true}
}

// withMemory is the question, also about kinds of content of memory.
func (q question) withMemory(kinds []string) question {
	q.memory = kinds
	return q
}

// looksAround finds SQL that asks what tables and views there are, or makes up their
// names.
var looksAround = lazyregexp.New(`(?i)\b(show|describe|pragma|information_schema|duckdb_|sqlite_master|query)`)

// word is a name as it stands in SQL.
var word = lazyregexp.New(`[a-z_][a-z0-9_]*`)

// questionOf finds out what SQL asks: the views whose names occur in it, and the
// tables that occur in it or them. Each that is made costs time.
func questionOf(text string) question {
	if looksAround().MatchString(text) {
		return wholeQuestion(queries.Views())
	}
	q := question{}
	named := map[string]bool{}
	for _, w := range word().FindAllString(strings.ToLower(text), -1) {
		named[w] = true
	}
	q.whole = named["checkpoints"] // whoever asks it directly may look at its status
	q.views = viewsBelow(named)
	for _, v := range q.views {
		for _, t := range v.Tables {
			named[t] = true
		}
	}
	q.whole = q.whole || named["status"]
	for _, t := range schema.Tables() {
		if !named[t.Name] && t.Name != "checkpoints" {
			continue
		}
		q.tables = append(q.tables, t)
		q.whole = q.whole || t.Scope == schema.ScopeArchive || slices.Contains(ofWholeArchives, t.Name)
		q.raw, q.scan = q.raw || t.Raw, q.scan || t.Scan
		if t.Memory != "" && !slices.Contains(q.memory, t.Memory) {
			q.memory = append(q.memory, t.Memory)
		}
	}
	return q
}

// viewsBelow returns the views of these names, and those they build on.
func viewsBelow(named map[string]bool) []sinks.View {
	var list []sinks.View
	for _, v := range slices.Backward(queries.Views()) { // a view builds on those before it
		if !named[v.Name] {
			continue
		}
		list = append(list, v)
		for _, w := range word().FindAllString(strings.ToLower(v.SQL), -1) {
			named[w] = true
		}
	}
	slices.Reverse(list)
	return list
}

// ofWholeArchives are tables that tell of an archive as a whole.
var ofWholeArchives = []string{"archive_members", "problems", "unknown_fields", "image_entries"}

// names returns the names of the tables.
func (q question) names() []string {
	names := make([]string, len(q.tables))
	for i, t := range q.tables {
		names[i] = t.Name
	}
	return names
}

// named returns them, where the others need not be there; nil where all may be asked.
func (q question) named() []string {
	if q.often {
		return nil
	}
	return q.names()
}

// decoded returns the tables that are decoded for it.
func (q question) decoded() []*schema.Table {
	if q.whole {
		return schema.Tables()
	}
	return q.tables
}
