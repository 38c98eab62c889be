package schema

import (
	"fmt"
	"slices"
	"strings"
)

// Comparison says how rows of a table are found again in another checkpoint of
// the same container, and what about them is worth comparing. The keys of
// tables (Table.Key) do not serve for that: they tell rows of one checkpoint
// apart, often by numbers that CRIU gives anew at each dump.
type Comparison struct {
	// Key lists the columns that name the same thing in both checkpoints. None
	// at all means that a checkpoint has one row. Several rows may have one key:
	// those that are equal in both are paired first, the others in their order.
	Key []string
	// Through, where not nil, completes the key.
	Through *Through
	// Order lists columns that number rows with the same key, where their order
	// means something: the first is compared with the first.
	Order []string
	// Ignored lists the columns that are not compared: numbers given at each
	// dump, moments, counters, what other columns and tables say too, and
	// contents, which are there only with --payloads and have a hash beside them.
	Ignored []string
	// Shown lists the columns, besides the key, that tell a reader what a row is
	// that came or went.
	Shown []string
}

// Through takes columns of another table into a key: those of the row that a
// number refers to, which means nothing in another checkpoint. Of several rows
// it is the one with the least values, so that an open file is named by
// the first descriptor of the first process that has it.
type Through struct {
	Column  string // of the table itself; it is not compared
	Table   string
	Target  string   // what Column refers to
	Columns []string // of the other table
}

// Compared returns the columns that are neither key nor ignored. Exact bytes
// of a text in the key belong to the key.
func (t *Table) Compared() []Column {
	var compared []Column
	for _, c := range t.Columns {
		if c.Name != CheckpointID && !slices.Contains(t.KeyAcross(), c.Name) && !slices.Contains(t.Comparison.Ignored, c.Name) && !slices.Contains(t.Comparison.Order, c.Name) {
			compared = append(compared, c)
		}
	}
	return compared
}

// KeyAcross returns the table's own columns that name a thing in both
// checkpoints: those of the comparison's key, and the exact bytes of these
// where text is escaped.
func (t *Table) KeyAcross() []string {
	var key []string
	for _, name := range t.Comparison.Key {
		key = append(key, name)
		if raw := t.Column(name + rawSuffix); raw != nil && raw.Group == name {
			key = append(key, raw.Name)
		}
	}
	return key
}

// parseComparison gives the table the comparison that its tags say, or the
// reason why there is none.
func (t *Table) parseComparison(facts tags) error {
	_, isCompared := facts.lookup("compare")
	if t.NotCompared = facts.get("notcompared"); isCompared == (t.NotCompared != "") {
		return fmt.Errorf(`want either a tag "compare" or a reason "notcompared"`)
	}
	c := &Comparison{Key: facts.columns("compare"), Order: facts.columns("order"), Shown: facts.columns("show")}
	if tag, ok := facts.lookup("through"); ok {
		reference, columns, _ := strings.Cut(tag, ":")
		r, err := parseReference(reference, "")
		if err != nil || len(r.Columns) != 1 || r.Kind != "" || columns == "" {
			return fmt.Errorf(`through %q: want "column to table(column): columns"`, tag)
		}
		c.Through = &Through{Column: r.Columns[0], Table: r.Table, Target: r.Target[0], Columns: strings.Fields(columns)}
	}
	if !isCompared {
		if c.Through != nil || len(c.Order)+len(c.Shown) > 0 {
			return fmt.Errorf("order, through and show are for tables that are compared")
		}
		return nil
	}
	if t.Global {
		return fmt.Errorf("it belongs to no checkpoint and cannot be compared")
	}
	for _, column := range t.Columns {
		if column.notCompared || c.Through != nil && c.Through.Column == column.Name {
			c.Ignored = append(c.Ignored, column.Name)
		}
	}
	t.Comparison = c
	return t.checkComparison()
}

// checkComparison checks what the comparison says of the table itself.
func (t *Table) checkComparison() error {
	c := t.Comparison
	isSingle := slices.Equal(t.Key, []string{CheckpointID})
	if len(c.Key) == 0 && c.Through == nil && !isSingle {
		return fmt.Errorf("it has several rows and is compared by nothing")
	}
	seen := map[string]bool{}
	for _, name := range slices.Concat(c.Key, c.Order, c.Ignored) {
		if seen[name] || !t.hasColumns(name) {
			return fmt.Errorf("compared column %s does not exist, or is named twice", name)
		}
		seen[name] = true
	}
	for _, name := range c.Shown {
		if !t.hasColumns(name) || seen[name] {
			return fmt.Errorf("shown column %s does not exist, or is not compared", name)
		}
	}
	return nil
}

// resolveComparison checks what the comparison says of other tables.
func (t *Table) resolveComparison(tables []*Table) error {
	c := t.Comparison
	if c == nil {
		return nil
	}
	if w := c.Through; w != nil {
		r := Reference{Columns: []string{w.Column}, Table: w.Table, Target: []string{w.Target}}
		if err := r.resolve(t, tables); err != nil {
			return err
		}
		for _, name := range w.Columns {
			if t.hasColumns(name) || !r.target.hasColumns(name) {
				return fmt.Errorf("column %s would be both its own and taken from %s, or does not exist there", name, w.Table)
			}
		}
	}
	for _, r := range t.References {
		for i, name := range r.Columns {
			other := r.target.Comparison
			if other != nil && slices.Contains(other.Ignored, r.Target[i]) && !slices.Contains(c.Ignored, name) {
				return fmt.Errorf(`column %s is compared, and refers to %s.%s, which is not: give it a tag compare:"no"`, name, r.Table, r.Target[i])
			}
		}
	}
	return nil
}

// String describes the comparison in Markdown.
func (c *Comparison) String() string {
	s := "by nothing, as a checkpoint has one row"
	if names := slices.Concat(c.throughColumns(), c.Key); len(names) > 0 {
		s = "by `" + strings.Join(names, "`, `") + "`"
	}
	if c.Through != nil {
		s += fmt.Sprintf(" (`%s` of %s, by `%s`)", strings.Join(c.Through.Columns, "`, `"), c.Through.Table, c.Through.Column)
	}
	if len(c.Order) > 0 {
		s += ", in the order of `" + strings.Join(c.Order, "`, `") + "`"
	}
	if len(c.Ignored) > 0 {
		s += ", but for `" + strings.Join(c.Ignored, "`, `") + "`"
	}
	return s
}

func (c *Comparison) throughColumns() []string {
	if c.Through == nil {
		return nil
	}
	return c.Through.Columns
}
