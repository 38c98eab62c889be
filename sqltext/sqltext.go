// Package sqltext writes names and texts into SQL, for the places where a
// statement takes no parameters, and reads results of any columns. The rules are
// those of standard SQL, and so of DuckDB.
package sqltext

import "strings"

// Identifier quotes a name.
func Identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Identifiers quotes names, separated by commas.
func Identifiers(names []string) string { return joined(names, Identifier) }

// Literal quotes a text. A NUL, which would end the statement, is put together
// from its number.
func Literal(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	return strings.ReplaceAll(quoted, "\x00", "' || chr(0) || '")
}

// Literals quotes texts, separated by commas.
func Literals(texts []string) string { return joined(texts, Literal) }

func joined(list []string, quote func(string) string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = quote(s)
	}
	return strings.Join(quoted, ", ")
}
