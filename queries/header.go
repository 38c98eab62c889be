package queries

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Values that audience may have.
var (
	audiences = []string{"responder", "on-call", "platform", "security"}
)

var (
	identifierForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	techniqueForm  = regexp.MustCompile(`^T[0-9]{4}(\.[0-9]{3})?$`)
)

// changing are columns whose values a later checkpoint of a container does not have again.
var changing = []string{"checkpoint_id", "checkpoint_ids", "pid", "pids", "server_pid", "address", "start_address", "range", "mtime", "first_mtime"}

// parse reads the text of a file: lines "-- key: value", then SQL. A key that
// holds a list may stand several times; so may description, whose lines are
// joined.
func parse(text string) (Query, error) {
	var q Query
	rest := text
	for strings.HasPrefix(rest, "-- ") {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		key, value, ok := strings.Cut(strings.TrimPrefix(line, "-- "), ": ")
		value = strings.TrimSpace(value)
		if !ok || value == "" {
			return Query{}, fmt.Errorf("header line %q is not key: value", line)
		}
		if err := q.set(key, value); err != nil {
			return Query{}, fmt.Errorf("header key %s: %w", key, err)
		}
	}
	q.SQL = strings.TrimSuffix(strings.TrimSpace(rest), ";")
	return q, q.check()
}

// set takes one line of the header.
func (q *Query) set(key, value string) (err error) {
	once := func(field *string) error {
		if *field != "" {
			return errors.New("given twice")
		}
		*field = value
		return nil
	}
	switch key {
	case "title":
		return once(&q.Title)
	case "question":
		return once(&q.Question)
	case "audience":
		for _, a := range strings.Split(value, ", ") {
			if !slices.Contains(audiences, a) {
				return fmt.Errorf("%q is none of %s", a, strings.Join(audiences, ", "))
			}
			q.Audience = append(q.Audience, a)
		}
	case "severity":
		if !slices.Contains(Severities(), value) {
			return fmt.Errorf("%q is none of %s", value, strings.Join(Severities(), ", "))
		}
		return once(&q.Severity)
	case "attack":
		id, name, ok := strings.Cut(value, " ")
		if !ok || !techniqueForm.MatchString(id) {
			return fmt.Errorf("%q is not an id such as T1059.004 and a name", value)
		}
		q.Attack = append(q.Attack, Technique{ID: id, Name: name})
	case "param":
		p, err := parseParam(value)
		if err != nil {
			return err
		}
		q.Params = append(q.Params, p)
	case "column":
		name, doc, ok := strings.Cut(value, " | ")
		if !ok || !identifierForm.MatchString(name) {
			return fmt.Errorf("%q is not name | meaning", value)
		}
		q.Columns = append(q.Columns, Column{Name: name, Doc: doc})
	case "key":
		q.Key = append(q.Key, strings.Split(value, ", ")...)
	case "tables":
		q.Tables = append(q.Tables, strings.Split(value, ", ")...)
	case "uses":
		q.Uses = append(q.Uses, strings.Split(value, ", ")...)
	case "memory":
		return once(&q.Memory)
	case "description":
		q.Description = strings.TrimSpace(q.Description + " " + value)
	default:
		return errors.New("no such key")
	}
	return nil
}

// check finds what a header lacks.
func (q *Query) check() error {
	switch {
	case q.Title == "" || q.Question == "" || len(q.Audience) == 0 || len(q.Tables) == 0 || len(q.Columns) == 0 || q.SQL == "":
		return errors.New("title, question, audience, tables, columns and SQL are all needed")
	case len(q.Attack) > 0 && q.Severity == "":
		return errors.New("a query with a technique is a detection, and needs a severity")
	case (len(q.Key) > 0) != q.IsDetection():
		return errors.New("a detection, and nothing else, needs a key: the columns that tell its findings apart")
	}
	seen := map[string]bool{}
	for _, c := range q.Columns {
		if seen[c.Name] {
			return fmt.Errorf("column %s is listed twice", c.Name)
		}
		seen[c.Name] = true
	}
	for _, name := range q.Key {
		if !seen[name] || slices.Contains(changing, name) {
			return fmt.Errorf("key column %s is not there, or differs in each checkpoint", name)
		}
	}
	used := map[string]bool{}
	for _, part := range splitSQL(q.SQL) {
		if part.param != "" {
			used[part.param] = true
		}
	}
	for _, p := range q.Params {
		if seen[p.Name] {
			return fmt.Errorf("parameter %s is listed twice, or is a column too", p.Name)
		}
		seen[p.Name] = true
		if !used[p.Name] {
			return fmt.Errorf("the SQL has no $%s", p.Name)
		}
		delete(used, p.Name)
	}
	for name := range used {
		return fmt.Errorf("the header has no parameter %s", name)
	}
	return nil
}
