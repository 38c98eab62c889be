package queries

import (
	_ "embed"
	"fmt"
	"io"
	"strings"
)

//go:embed false-alarms.md
var falseAlarms string // written by the test FalseAlarms, with -update

// WriteMarkdown writes the documentation of all queries: docs/queries.md.
func WriteMarkdown(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# The queries\n\nGenerated from the headers of the files in `queries/` by `make docs`. %d queries, of which %d are detections: each row is a finding.\n\n",
		len(All()), len(Detections()))
	b.WriteString("`ckexport query OUT NAME [--param name=value]` runs one, on a database and on a dataset alike; `ckexport queries NAME` shows it with its SQL. In a\n" +
		"DuckDB output a query without parameters is a view, one with parameters a table macro, with `_` for `-`: `FROM reverse_shells`,\n" +
		"`FROM odd_listeners(at_least := 5)`. A query whose tables an output lacks (`--tables`) is not there.\n\n")
	b.WriteString("A severity says how much a row is worth a look, on its own: **high**: ordinary containers have none; **medium**: few have, by design; **low**: some have;\n" +
		"**info**: a fact to know. Techniques are those of [MITRE ATT&CK](https://attack.mitre.org/matrices/enterprise/containers/).\n")
	for _, g := range Groups() {
		fmt.Fprintf(&b, "\n- **[%s](#%s)**: ", g.Name, g.Name)
		for i, q := range InGroup(g.Name) {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "[%s](#%s)", q.Name, q.Name)
		}
	}
	b.WriteString("\n- [False alarms](#false-alarms)\n")
	for _, g := range Groups() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", g.Name, g.Doc)
		for _, q := range InGroup(g.Name) {
			writeQuery(&b, q)
		}
	}
	b.WriteString("\n## False alarms\n\n" + falseAlarms)
	_, err := io.WriteString(out, b.String())
	return err
}

func writeQuery(b *strings.Builder, q Query) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n", q.Name, strings.TrimSpace("**"+q.Question+"** "+q.About()))
	fmt.Fprintf(b, "Asked by: %s.", strings.Join(q.Audience, ", "))
	if q.IsDetection() {
		fmt.Fprintf(b, " Severity: **%s**. A finding is known again by: %s.", q.Severity, strings.Join(q.FindingKey(), ", "))
	}
	for i, t := range q.Attack {
		label := " ATT&CK: "
		if i > 0 {
			label = ", "
		}
		fmt.Fprintf(b, "%s[%s %s](%s)", label, t.ID, t.Name, t.URL())
	}
	if len(q.Attack) > 0 {
		b.WriteString(".")
	}
	fmt.Fprintf(b, " Tables: %s.", linked(q.Tables, "tables.md#"))
	if len(q.Uses) > 0 {
		fmt.Fprintf(b, " Builds on: %s.", linked(q.Uses, "#"))
	}
	b.WriteString("\n")
	if len(q.Params) > 0 {
		b.WriteString("\n| parameter | type | default | meaning |\n| --- | --- | --- | --- |\n")
		for _, p := range q.Params {
			fmt.Fprintf(b, "| `%s` | %s | `%s` | %s |\n", p.Name, p.Type, p.Default, cell(p.Doc))
		}
	}
	b.WriteString("\n| column | meaning |\n| --- | --- |\n")
	for _, c := range q.Columns {
		fmt.Fprintf(b, "| `%s` | %s |\n", c.Name, cell(c.Doc))
	}
}

// WriteFullViews writes the documentation of the views of tables: the end of
// docs/tables.md.
func WriteFullViews(out io.Writer) error {
	var b strings.Builder
	b.WriteString("\n# Views of tables\n\n`TABLE_full` has the rows of a table with what one always joins in front: names of the container, and of the process where a row has one. Rows without either stay.\n" +
		"DuckDB outputs have these views within, `ckexport query` also on all others, where `checkpoints`, and for processes `processes`, are among their tables.\n")
	for _, v := range FullViews() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| column | type | meaning |\n| --- | --- | --- |\n", v.Name(), v.Doc())
		for _, c := range v.Front {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, c.SQLType(), cell(c.Doc))
		}
		var others []string
		for _, c := range v.Others() {
			others = append(others, "`"+c.Name+"`")
		}
		fmt.Fprintf(&b, "\nThen as in [%s](#%s): %s.\n", v.Of.Name, v.Of.Name, strings.Join(others, ", "))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// linked returns names as links.
func linked(names []string, base string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = fmt.Sprintf("[%s](%s%s)", n, base, n)
	}
	return strings.Join(list, ", ")
}

// cell escapes text for a cell of a Markdown table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
