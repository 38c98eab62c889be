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
	Column  string // of the table itself
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

// addComparisons gives each table its comparison, and checks that it names
// columns that exist, once each. That every table has one, or a reason why not,
// is for a test.
func addComparisons(tables []*Table) error {
	all, reasons := comparisons(), NotCompared()
	for _, t := range tables {
		c, compared := all[t.Name]
		if _, excused := reasons[t.Name]; compared && excused {
			return fmt.Errorf("table %s is in comparisons and in NotCompared", t.Name)
		}
		delete(all, t.Name)
		delete(reasons, t.Name)
		if !compared {
			continue
		}
		if t.Global {
			return fmt.Errorf("table %s belongs to no checkpoint and cannot be compared", t.Name)
		}
		t.Comparison = &c
		if err := t.checkComparison(tables); err != nil {
			return fmt.Errorf("comparison of %s: %w", t.Name, err)
		}
	}
	for name := range all {
		return fmt.Errorf("comparison of %s, which is no table", name)
	}
	for name := range reasons {
		return fmt.Errorf("a reason not to compare %s, which is no table", name)
	}
	return nil
}

func (t *Table) checkComparison(tables []*Table) error {
	c := t.Comparison
	seen := map[string]bool{}
	for _, name := range slices.Concat(c.Key, c.Order, c.Ignored) {
		if seen[name] || !t.hasColumns([]string{name}) {
			return fmt.Errorf("column %s does not exist, or is named twice", name)
		}
		seen[name] = true
	}
	if !t.hasColumns(c.Shown) {
		return fmt.Errorf("shown columns %s do not all exist", strings.Join(c.Shown, ", "))
	}
	if c.Through == nil {
		return nil
	}
	i := slices.IndexFunc(tables, func(other *Table) bool { return other.Name == c.Through.Table })
	if i < 0 || !t.hasColumns([]string{c.Through.Column}) || !tables[i].hasColumns(append([]string{c.Through.Target}, c.Through.Columns...)) {
		return fmt.Errorf("the way through %s names what does not exist", c.Through.Table)
	}
	for _, name := range c.Through.Columns {
		if t.hasColumns([]string{name}) {
			return fmt.Errorf("column %s would be both its own and taken from %s", name, c.Through.Table)
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
