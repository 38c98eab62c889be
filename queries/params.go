package queries

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ckexport/ckexport/sqltext"
)

// Param is a parameter of a query.
type Param struct {
	Name    string
	Type    string // VARCHAR, BIGINT, DOUBLE or BOOLEAN
	Default string // as a user would write it, without quotes
	Doc     string
}

// ParamError says what is wrong with values for parameters.
type ParamError struct {
	Query, Param string
	Reason       string
}

func (e *ParamError) Error() string {
	return fmt.Sprintf("query %s: parameter %q: %s", e.Query, e.Param, e.Reason)
}

// parseParam reads "name TYPE = default | meaning".
func parseParam(text string) (Param, error) {
	spec, doc, ok := strings.Cut(text, " | ")
	left, value, hasDefault := strings.Cut(spec, " =")
	name, kind, hasType := strings.Cut(left, " ")
	if !ok || !hasDefault || !hasType || !identifierForm.MatchString(name) {
		return Param{}, fmt.Errorf("%q is not name TYPE = default | meaning", text)
	}
	p := Param{Name: name, Type: kind, Default: strings.TrimSpace(value), Doc: doc}
	if _, err := p.literal(p.Default); err != nil {
		return Param{}, fmt.Errorf("default of %s: %w", name, err)
	}
	return p, nil
}

// literal returns a value as SQL: checked against the type, quoted, and cast.
func (p Param) literal(value string) (string, error) {
	switch p.Type {
	case "VARCHAR":
		if strings.ContainsRune(value, 0) {
			return "", fmt.Errorf("a text without NUL is needed")
		}
	case "BIGINT":
		if _, err := strconv.ParseInt(value, 10, 64); err != nil {
			return "", fmt.Errorf("%q is not a whole number", value)
		}
	case "DOUBLE":
		if f, err := strconv.ParseFloat(value, 64); err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return "", fmt.Errorf("%q is not a number", value)
		}
	case "BOOLEAN":
		if value != "true" && value != "false" {
			return "", fmt.Errorf("%q is neither true nor false", value)
		}
	default:
		return "", fmt.Errorf("type %q is none of VARCHAR, BIGINT, DOUBLE, BOOLEAN", p.Type)
	}
	return "CAST(" + sqltext.Literal(value) + " AS " + p.Type + ")", nil
}

// Bind returns the SQL of the query with values for its parameters, as users
// write them; parameters without one have their default. Values stand in the
// SQL as quoted literals, so no value can change what the query does.
func (q Query) Bind(values map[string]string) (string, error) {
	for name := range values {
		if !slices.ContainsFunc(q.Params, func(p Param) bool { return p.Name == name }) {
			return "", &ParamError{Query: q.Name, Param: name, Reason: "there is no such parameter"}
		}
	}
	literals := map[string]string{}
	for _, p := range q.Params {
		value, ok := values[p.Name]
		if !ok {
			value = p.Default
		}
		l, err := p.literal(value)
		if err != nil {
			return "", &ParamError{Query: q.Name, Param: p.Name, Reason: err.Error()}
		}
		literals[p.Name] = l
	}
	return q.replaceParams(func(name string) string { return literals[name] }), nil
}

// MacroSQL returns the SQL as the body of a table macro, whose parameters are
// plain names.
func (q Query) MacroSQL() string { return q.replaceParams(func(name string) string { return name }) }

// MacroParams returns the parameters as a table macro declares them.
func (q Query) MacroParams() []string {
	var list []string
	for _, p := range q.Params {
		l, err := p.literal(p.Default)
		if err != nil {
			panic("queries: " + err.Error()) // parse has checked it
		}
		list = append(list, p.Name+" := "+l)
	}
	return list
}

func (q Query) replaceParams(with func(name string) string) string {
	var b strings.Builder
	for _, part := range splitSQL(q.SQL) {
		if part.param != "" {
			b.WriteString(with(part.param))
		} else {
			b.WriteString(part.text)
		}
	}
	return b.String()
}

// sqlPart is a parameter, or text between parameters.
type sqlPart struct{ text, param string }

// splitSQL finds the parameters in SQL: $name, where it does not stand within
// a text, a quoted name or a comment.
func splitSQL(sql string) []sqlPart {
	var parts []sqlPart
	start := 0
	for i := 0; i < len(sql); {
		switch c := sql[i]; {
		case c == '\'' || c == '"':
			i = endOf(sql, i+1, string(c))
		case strings.HasPrefix(sql[i:], "--"):
			i = endOf(sql, i+2, "\n")
		case c == '$':
			end := i + 1
			for end < len(sql) && (sql[end] == '_' || sql[end] >= 'a' && sql[end] <= 'z' || sql[end] >= '0' && sql[end] <= '9') {
				end++
			}
			if end > i+1 {
				parts = append(parts, sqlPart{text: sql[start:i]}, sqlPart{param: sql[i+1 : end]})
				start = end
			}
			i = end
		default:
			i++
		}
	}
	return append(parts, sqlPart{text: sql[start:]})
}

// endOf returns the place behind the next mark at or behind from.
func endOf(sql string, from int, mark string) int {
	at := strings.Index(sql[from:], mark)
	if at < 0 {
		return len(sql)
	}
	return from + at + len(mark)
}
