package compare

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sqltext"
)

// comparison is how a table of this output is compared.
type comparison struct {
	table    *schema.Table
	own      []string // columns of the table in the key
	through  *schema.Through
	order    []string
	compared []schema.Column
	notes    []string
}

// numberColumn numbers rows with the same key. No table has a column of that
// name.
const numberColumn = "occurrence"

// comparisonOf leaves out what this output lacks: it may have been made by an
// older ckexport, or with some tables only.
func (o *Output) comparisonOf(t *schema.Table) (*comparison, error) {
	c := &comparison{table: t, own: t.KeyAcross(), through: t.Comparison.Through}
	if !o.hasColumns(t.Name, c.own...) {
		return nil, fmt.Errorf("comparing %s: the output lacks columns of its key: %s", t.Name, strings.Join(c.own, ", "))
	}
	if o.hasColumns(t.Name, t.Comparison.Order...) {
		c.order = t.Comparison.Order
	}
	for _, column := range t.Compared() {
		if o.has[t.Name][column.Name] {
			c.compared = append(c.compared, column)
		}
	}
	if w := c.through; w != nil && (!o.hasColumns(t.Name, w.Column) || !o.hasColumns(w.Table, append([]string{schema.CheckpointID, w.Target}, w.Columns...)...)) {
		c.through = nil
		c.notes = append(c.notes, fmt.Sprintf("the output lacks table %s, which tells which %s is which: pairs are a guess", w.Table, t.Name))
	}
	return c, nil
}

// key returns the columns of the key, as the rows of a comparison have them.
func (c *comparison) key() []string {
	key := slices.Clone(c.own)
	if c.through != nil {
		key = append(slices.Clone(c.through.Columns), key...)
	}
	return key
}

func (c *comparison) comparedNames() []string {
	names := make([]string, len(c.compared))
	for i, column := range c.compared {
		names[i] = column.Name
	}
	return names
}

// rows returns a SELECT of what is compared of a checkpoint: the key, a
// number where rows with one key have an order, and the other columns.
func (c *comparison) rows(id string) string {
	columns := mapped(c.key(), sqltext.Identifier)
	if len(c.order) > 0 {
		columns = append(columns, numbered(c.key(), c.order))
	}
	columns = append(columns, mapped(c.comparedNames(), sqltext.Identifier)...)
	return fmt.Sprintf("SELECT %s FROM (%s)", strings.Join(columns, ", "), c.source(id))
}

// source returns a SELECT of the table's rows of a checkpoint, with the
// columns of another table that the key has.
func (c *comparison) source(id string) string {
	w := c.through
	if w == nil {
		return fmt.Sprintf("SELECT * FROM %s WHERE checkpoint_id = %s", sqltext.Identifier(c.table.Name), sqltext.Literal(id))
	}
	fields := mapped(w.Columns, func(name string) string { return sqltext.Identifier(name) + ": " + sqltext.Identifier(name) })
	taken := mapped(w.Columns, func(name string) string {
		return "w.named." + sqltext.Identifier(name) + " AS " + sqltext.Identifier(name)
	})
	return fmt.Sprintf("SELECT t.*, %s FROM %s AS t LEFT JOIN (SELECT %s AS target, min({%s}) AS named FROM %s WHERE checkpoint_id = %s GROUP BY 1) AS w ON w.target = t.%s WHERE t.checkpoint_id = %s",
		strings.Join(taken, ", "), sqltext.Identifier(c.table.Name), sqltext.Identifier(w.Target), strings.Join(fields, ", "), sqltext.Identifier(w.Table), sqltext.Literal(id), sqltext.Identifier(w.Column), sqltext.Literal(id))
}

// numbered returns a column that numbers rows with the same key.
func numbered(key, order []string) string {
	window := ""
	if len(key) > 0 {
		window = "PARTITION BY " + sqltext.Identifiers(key)
	}
	if len(order) > 0 {
		window += " ORDER BY " + sqltext.Identifiers(order)
	}
	return "row_number() OVER (" + window + ") AS " + numberColumn
}

// query returns the SQL that compares the table: rows that both checkpoints
// have, as often, fall away; of the others those with one key are pairs. A row
// of the result has whether it was and is there, the key with its number, and
// each compared column before and after.
func (c *comparison) query(p Pair) string {
	names := append(c.key(), numberColumn)
	rest := c.comparedNames()
	number := "*"
	if len(c.order) == 0 {
		number = "*, " + numbered(c.key(), rest)
	}
	result := []string{"a.present", "b.present"}
	join := mapped(names, func(name string) string {
		return "a." + sqltext.Identifier(name) + " IS NOT DISTINCT FROM b." + sqltext.Identifier(name)
	})
	for _, name := range names {
		result = append(result, fmt.Sprintf("CASE WHEN b.present THEN b.%s ELSE a.%s END AS %s", sqltext.Identifier(name), sqltext.Identifier(name), sqltext.Identifier("key "+name)))
	}
	for _, name := range rest {
		result = append(result, "a."+sqltext.Identifier(name), "b."+sqltext.Identifier(name))
	}
	return fmt.Sprintf(`WITH before AS MATERIALIZED (%s), after AS MATERIALIZED (%s)
SELECT %s FROM (SELECT true AS present, %s FROM (FROM before EXCEPT ALL FROM after)) AS a
FULL JOIN (SELECT true AS present, %s FROM (FROM after EXCEPT ALL FROM before)) AS b ON %s
ORDER BY %s`, c.rows(p.Before.ID), c.rows(p.After.ID), strings.Join(result, ", "), number, number, strings.Join(join, " AND "),
		strings.Join(mapped(names, func(name string) string { return sqltext.Identifier("key "+name) + " NULLS FIRST" }), ", "))
}

// changes passes on how the table differs.
func (o *Output) changes(ctx context.Context, c *comparison, p Pair, each func(Change) error) error {
	rows, err := o.db.QueryContext(ctx, c.query(p))
	if err != nil {
		return err
	}
	defer rows.Close()
	key := append(c.key(), numberColumn)
	values, places := make([]any, 2+len(key)+2*len(c.compared)), make([]any, 2+len(key)+2*len(c.compared))
	for i := range values {
		places[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		if err := each(c.change(values[0] != nil, values[1] != nil, values[2:2+len(key)], values[2+len(key):])); err != nil {
			return err
		}
	}
	return rows.Err()
}

// change makes a change of a row of the query.
func (c *comparison) change(was, is bool, key, columns []any) Change {
	change := Change{Table: c.table.Name, Kind: Changed}
	for i, name := range append(c.key(), numberColumn) {
		if key[i] == nil || name == numberColumn && fmt.Sprint(key[i]) == "1" {
			continue
		}
		change.Key = append(change.Key, Value{name, key[i]})
	}
	if was && is {
		change.Differences = c.differences(columns)
		return change
	}
	change.Kind = Removed
	side := 0
	if is {
		change.Kind, side = Added, 1
	}
	for i, column := range c.compared {
		if v := columns[2*i+side]; v != nil {
			change.Row = append(change.Row, Value{column.Name, v})
		}
	}
	return change
}

// differences returns the columns that differ. Of columns of one fact, one is
// for readers: the names of flags, and else the first.
func (c *comparison) differences(columns []any) []Difference {
	var all []Difference
	said := map[string]int{}
	for i, column := range c.compared {
		before, after := columns[2*i], columns[2*i+1]
		if equal(before, after) {
			continue
		}
		d := Difference{Column: column.Name, Before: before, After: after}
		if first, ok := said[column.Group]; ok && column.Group != "" {
			if d.Repeats = !strings.HasSuffix(column.Name, "_names"); !d.Repeats {
				all[first].Repeats = true
			}
		}
		if column.Group != "" && !d.Repeats {
			said[column.Group] = len(all)
		}
		all = append(all, d)
	}
	return all
}
