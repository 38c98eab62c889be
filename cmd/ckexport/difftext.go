package main

import (
	"bufio"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/ckexport/ckexport/compare"
	"github.com/ckexport/ckexport/lazyregexp"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/units"
)

// textDiff writes a comparison for a terminal.
type textDiff struct {
	out     *bufio.Writer
	summary bool
	changes []compare.Change // of the table at hand
	folded  []string         // tables of which no change is shown, with how many
}

func (w *textDiff) begin(d *compare.Diff) {
	fmt.Fprintf(w.out, "before  %s\nafter   %s\n", describeCheckpoint(d.Before), describeCheckpoint(d.After))
	for _, warning := range d.Warnings {
		fmt.Fprintf(w.out, "warning: %s\n", warning)
	}
}

func (w *textDiff) change(c compare.Change) { w.changes = append(w.changes, c) }

func (w *textDiff) table(c compare.Counts) {
	changes := w.changes
	w.changes = nil
	if w.summary || !c.Differs() && len(c.Notes) == 0 {
		return
	}
	if len(changes) == 0 && isFolded(c) {
		w.folded = append(w.folded, fmt.Sprintf("%s (%d)", c.Table, c.WithProcess))
		return
	}
	fmt.Fprintf(w.out, "\n%s: %s\n", c.Table, countsText(c))
	for _, note := range c.Notes {
		fmt.Fprintf(w.out, "  note: %s\n", note)
	}
	for _, change := range changes {
		fmt.Fprintf(w.out, "  %s %s\n", map[compare.Kind]string{compare.Added: "+", compare.Removed: "-", compare.Changed: "~"}[change.Kind], describeChange(change))
		for _, d := range change.Differences {
			if !d.Repeats {
				fmt.Fprintf(w.out, "      %s\n", describeDifference(d))
			}
		}
	}
	if more := leftOut(c, len(changes)); more != "" {
		fmt.Fprintf(w.out, "  %s\n", more)
	}
}

func (w *textDiff) end(total []compare.Counts, missing []*schema.Table) {
	if w.summary {
		if t := summaryTable(total); t.Length() > 0 {
			fmt.Fprintf(w.out, "\n%s\n", t.Render())
		}
	}
	if len(w.folded) > 0 {
		fmt.Fprintf(w.out, "\n%s\n", foldedText(w.folded))
	}
	fmt.Fprintf(w.out, "\n%s\n", closing(total, missing))
}

// isFolded tells whether a table differs in nothing but what is folded.
func isFolded(c compare.Counts) bool {
	return slices.Contains(folded, c.Table) && c.Differs() && c.WithProcess == c.Added+c.Removed+c.Changed && len(c.Notes) == 0
}

// foldedText names the tables that are folded as a whole.
func foldedText(tables []string) string {
	return "only rows of processes that came or went, which --limit 0 shows: " + strings.Join(tables, ", ")
}

// countsText tells how many rows of a table differ, and how many do not.
func countsText(c compare.Counts) string {
	var parts []string
	for _, p := range []struct {
		n    int64
		what compare.Kind
	}{{c.Added, compare.Added}, {c.Removed, compare.Removed}, {c.Changed, compare.Changed}, {c.Unchanged, "unchanged"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	if len(parts) == 0 {
		return "no rows"
	}
	return strings.Join(parts, ", ")
}

// leftOut tells of changes that are not shown, and how to see them.
func leftOut(c compare.Counts, shown int) string {
	more := c.Added + c.Removed + c.Changed - int64(shown)
	if more == 0 {
		return ""
	}
	what := ""
	if c.WithProcess > 0 && slices.Contains(folded, c.Table) {
		what = fmt.Sprintf(", %d in all of processes that came or went", c.WithProcess)
	}
	return fmt.Sprintf("... and %d more%s: --tables %s --limit 0 shows all", more, what, c.Table)
}

// closing tells of the tables without differences.
func closing(total []compare.Counts, missing []*schema.Table) string {
	same := 0
	for _, c := range total {
		if !c.Differs() {
			same++
		}
	}
	s := fmt.Sprintf("no differences in %d of %s", same, units.Count(len(total), "table"))
	if len(missing) > 0 {
		names := make([]string, len(missing))
		for i, t := range missing {
			names[i] = t.Name
		}
		s += "; not in the output: " + strings.Join(names, ", ")
	}
	return s
}

// summaryTable has a line for each table that differs.
func summaryTable(total []compare.Counts) table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	header := table.Row{"table", "added", "removed", "changed", "unchanged"}
	noted := slices.ContainsFunc(total, func(c compare.Counts) bool { return len(c.Notes) > 0 })
	if noted {
		header = append(header, "note")
	}
	t.AppendHeader(header)
	for _, c := range total {
		if !c.Differs() && len(c.Notes) == 0 {
			continue
		}
		row := table.Row{c.Table, c.Added, c.Removed, c.Changed, c.Unchanged}
		if noted {
			row = append(row, plain.Cell(strings.Join(c.Notes, "; ")))
		}
		t.AppendRow(row)
	}
	return t
}

// describeChange names a thing by its key, and what came or went by what the
// schema says is worth showing.
func describeChange(c compare.Change) string {
	values := c.Key
	if c.Kind != compare.Changed {
		values = append(slices.Clone(values), shownOf(c)...)
	}
	parts := make([]string, 0, len(values))
	for _, v := range values {
		if !strings.HasSuffix(v.Column, "_raw") { // the text beside it is the same, escaped
			parts = append(parts, v.Column+"="+short(v.Column, v.Value))
		}
	}
	if len(parts) == 0 {
		return "the one row"
	}
	return strings.Join(parts, " ")
}

func shownOf(c compare.Change) []compare.Value {
	t, ok := schema.Lookup(c.Table)
	if !ok || t.Comparison == nil {
		return nil
	}
	var shown []compare.Value
	for _, name := range t.Comparison.Shown {
		if i := slices.IndexFunc(c.Row, func(v compare.Value) bool { return v.Column == name }); i >= 0 {
			shown = append(shown, c.Row[i])
		}
	}
	return shown
}

// describeDifference shows a column before and after. Of long lists it shows
// what came and went, of long texts where they begin to differ.
func describeDifference(d compare.Difference) string {
	before, isList := d.Before.([]any)
	after, areLists := d.After.([]any)
	if isList && areLists && len(before)+len(after) > 6 {
		if s := describeLists(before, after); s != "" {
			return d.Column + ": " + s
		}
	}
	a, b := quoted(d.Column, d.Before), quoted(d.Column, d.After)
	if from := max(commonPrefix(a, b)-20, 0); utf8.RuneCountInString(a) > maxShown || utf8.RuneCountInString(b) > maxShown {
		a, b = cutFrom(a, from), cutFrom(b, from)
	}
	return d.Column + ": " + a + " → " + b
}

// describeLists tells what is in one list only; nothing if they differ
// otherwise.
func describeLists(before, after []any) string {
	var parts []string
	only := func(sign string, list, other []any) {
		there := map[string]bool{}
		for _, v := range other {
			there[plain.Text(v)] = true
		}
		for _, v := range list {
			if !there[plain.Text(v)] {
				parts = append(parts, sign+short("", v))
			}
		}
	}
	only("+", after, before)
	only("-", before, after)
	if len(parts) > 20 {
		return ""
	}
	return strings.Join(parts, " ")
}

// maxShown bounds the characters of a value.
const maxShown = 120

// short shows a value, or its beginning.
func short(column string, v any) string {
	s := quoted(column, v)
	if utf8.RuneCountInString(s) > maxShown {
		return cutFrom(s, 0)
	}
	return s
}

// cutFrom returns at most maxShown characters of a text, from one on.
func cutFrom(s string, from int) string {
	runes := []rune(s)
	before, after := "", ""
	if from = min(from, len(runes)); from > 0 {
		before = "…"
	}
	to := min(from+maxShown, len(runes))
	if to < len(runes) {
		after = "…"
	}
	return before + string(runes[from:to]) + after
}

// commonPrefix returns how many characters two texts begin with.
func commonPrefix(a, b string) int {
	ra, rb := []rune(a), []rune(b)
	n := 0
	for n < len(ra) && n < len(rb) && ra[n] == rb[n] {
		n++
	}
	return n
}

// Columns that are written in octal and hexadecimal.
var (
	isMode    = lazyregexp.New(`^(mode|umask|.*_mode)$`)
	isAddress = lazyregexp.New(`^(address|handler|restorer|context_id|cap_effective|.*_(address|code|data|brk|pointer|head|base|sp|start|end|stack|addr))$`)
)

// quoted writes a value for a terminal, in quotes where it could be taken for
// something else, and numbers as is usual for what they are.
func quoted(column string, v any) string {
	if v == nil {
		return "NULL"
	}
	switch v.(type) {
	case uint32, uint64:
		switch {
		case isMode().MatchString(column):
			return fmt.Sprintf("%04o", v)
		case isAddress().MatchString(column):
			return fmt.Sprintf("%#x", v)
		}
	}
	s := plain.Cell(v)
	if _, isText := v.(string); !isText {
		return s
	}
	if s == "" || s == "NULL" || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`"=→…`, r) }) {
		return strconv.Quote(v.(string))
	}
	return s
}
