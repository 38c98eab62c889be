package report

import (
	"html"
	"math/big"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ckexport/ckexport/lazyregexp"
	"github.com/ckexport/ckexport/plain"
)

// Table is rows of an answer, as text.
type Table struct {
	ID      string // of the element, where something refers to it
	Caption string
	Columns []Column
	Rows    [][]Cell
	Total   int    // rows of the answer, of which there may be more than Rows
	More    string // the command that shows all
	Missing string // why there is no answer
}

// Column is a column of a table.
type Column struct {
	Name, Doc string
	Kind      string // class of its cells: number, hash, tree, short
}

// Cell is a value: one line, without characters that could steer the reader.
type Cell struct {
	Text       string
	Link       string
	checkpoint string // the whole id, where the value is one
}

// Left returns how many rows are not shown.
func (t Table) Left() int { return t.Total - len(t.Rows) }

// tableBuilder fills a table, as far as it may grow.
type tableBuilder struct {
	Table
	rows, bytes int // how much it may still grow
	numbers     []bool
	filled      []bool
	hashes      []bool
	longest     []int // characters of a value
}

// maxUnbroken is how many characters a value may have that stays on one line.
const maxUnbroken = 30

func newTable(caption, more string, names []string, rows, bytes int) *tableBuilder {
	b := &tableBuilder{Table: Table{Caption: caption, More: more}, rows: rows, bytes: bytes, numbers: make([]bool, len(names)), filled: make([]bool, len(names)), hashes: make([]bool, len(names)), longest: make([]int, len(names))}
	for i, n := range names {
		b.Columns = append(b.Columns, Column{Name: plain.Cell(n)})
		b.numbers[i], b.hashes[i] = true, true
	}
	return b
}

var isHash = lazyregexp.New(`^[0-9a-f]{32,}$`)

// add counts a row, and adds it while there is room for it and for all before.
func (b *tableBuilder) add(values []any) {
	b.Total++
	if len(b.Rows) >= b.rows || b.bytes <= 0 {
		return
	}
	row := make([]Cell, len(values))
	for i, v := range values {
		row[i].Text = text(v)
		b.bytes -= len(html.EscapeString(row[i].Text))
		if v == nil {
			continue
		}
		b.filled[i] = true
		b.longest[i] = max(b.longest[i], utf8.RuneCountInString(row[i].Text))
		b.numbers[i] = b.numbers[i] && isNumber(v)
		b.hashes[i] = b.hashes[i] && isHash().MatchString(row[i].Text)
		if b.Columns[i].Name == checkpointID {
			row[i].checkpoint, _ = v.(string)
		}
	}
	if b.bytes <= 0 && len(b.Rows) > 0 { // the first row is shown in any case: a value is bounded
		return
	}
	b.Rows = append(b.Rows, row)
}

// table returns what was added, without columns that are empty in all rows.
func (b *tableBuilder) table() Table {
	t := b.Table
	keep := func(i int) bool { return len(t.Rows) == 0 || b.filled[i] }
	t.Columns = nil
	for i, c := range b.Columns {
		switch {
		case !keep(i):
			continue
		case b.filled[i] && b.numbers[i]:
			c.Kind = "number"
		case b.filled[i] && b.hashes[i]:
			c.Kind = "hash"
		case c.Name == "tree":
			c.Kind = "tree"
		case b.longest[i] <= maxUnbroken:
			c.Kind = "short"
		}
		t.Columns = append(t.Columns, c)
	}
	for i, row := range t.Rows {
		var kept []Cell
		for j, cell := range row {
			if keep(j) {
				kept = append(kept, cell)
			}
		}
		t.Rows[i] = kept
	}
	return t
}

func isNumber(v any) bool {
	switch v.(type) {
	case *big.Int, int8, int16, int32, int64, uint8, uint16, uint32, uint64, int, float32, float64:
		return true
	}
	return false
}

// text writes a value for the page: times to the second, lists without brackets,
// and no more than a reader takes in.
func text(v any) string {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(time.DateTime)
	case []any:
		parts := make([]string, 0, min(len(v), maxCell))
		for _, e := range v[:min(len(v), maxCell)] {
			parts = append(parts, text(e))
		}
		return clip(strings.Join(parts, ", "))
	}
	return clip(plain.Cell(v))
}

// clip cuts what is longer than maxCell characters.
func clip(s string) string {
	if len(s) <= maxCell {
		return s
	}
	runes := []rune(s)
	if len(runes) <= maxCell {
		return s
	}
	return string(runes[:maxCell-1]) + "…"
}

// describe gives columns their documentation.
func (t *Table) describe(doc func(name string) string) {
	for i := range t.Columns {
		t.Columns[i].Doc = doc(t.Columns[i].Name)
	}
}
