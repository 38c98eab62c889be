// Package compare tells two checkpoints of an output apart, table by table:
// what is only in one of them, and what differs. How rows of the two are found
// to be the same thing is said in schema (Comparison).
//
// The comparison is made by DuckDB, over the rows of the two checkpoints only,
// and passed on change by change: a difference may be large.
package compare

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sqltext"
)

// Output is an output opened for SQL.
type Output struct {
	db  *sql.DB
	has map[string]map[string]bool // columns by table
}

// Open looks at which tables and columns there are. The database remains the
// caller's to close.
func Open(ctx context.Context, db *sql.DB) (*Output, error) {
	o := &Output{db: db, has: map[string]map[string]bool{}}
	rows, err := db.QueryContext(ctx, "SELECT table_name, column_name FROM information_schema.columns WHERE table_catalog = current_database()")
	if err != nil {
		return nil, fmt.Errorf("looking at the tables: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return nil, fmt.Errorf("looking at the tables: %w", err)
		}
		if o.has[table] == nil {
			o.has[table] = map[string]bool{}
		}
		o.has[table][column] = true
	}
	return o, rows.Err()
}

// Pair is two checkpoints: what was, and what is.
type Pair struct{ Before, After Checkpoint }

// Counts says how many rows of a table differ.
type Counts struct {
	Table                              string
	Added, Removed, Changed, Unchanged int64
	// WithProcess are those of Added and Removed that came or went with their
	// process.
	WithProcess int64
	// Notes say what to know about the comparison of this table.
	Notes []string
}

// Differs tells whether there is any difference.
func (c Counts) Differs() bool { return c.Added+c.Removed+c.Changed > 0 }

// Kind is a kind of change.
type Kind string

const (
	Added   Kind = "added"
	Removed Kind = "removed"
	Changed Kind = "changed"
)

// Value is a value of a column.
type Value struct {
	Column string
	Value  any // as database/sql returns it; nil for NULL
}

// Difference is a column of which a thing has another value.
type Difference struct {
	Column        string
	Before, After any
	// Repeats is set where a column of the same fact says so already, such as
	// the number of a state beside its name.
	Repeats bool
}

// Change is one thing that came, went or differs.
type Change struct {
	Table string
	Kind  Kind
	// WithProcess is set where it came or went because its process did.
	WithProcess bool
	// Key names the thing; columns that are NULL are left out.
	Key []Value
	// Row has the other values of what came or went; NULL is left out.
	Row []Value
	// Differences has the columns of what differs.
	Differences []Difference
}

// Tables returns the tables that can be compared, with those that the output
// does not have; chosen leaves out others.
func (o *Output) Tables(chosen func(*schema.Table) bool) (there, missing []*schema.Table) {
	for _, t := range schema.Tables() {
		switch {
		case t.Comparison == nil || !chosen(t):
		case o.has[t.Name][schema.CheckpointID]:
			there = append(there, t)
		default:
			missing = append(missing, t)
		}
	}
	return there, missing
}

// Table compares a table, and passes each change on, in the order of the keys.
func (d *Diff) Table(ctx context.Context, t *schema.Table, each func(Change) error) (Counts, error) {
	counts := Counts{Table: t.Name}
	o, p := d.output, d.Pair
	c, err := o.comparisonOf(t)
	if err != nil {
		return counts, err
	}
	counts.Notes = append(c.notes, d.unread(t.Name)...)
	var before, after int64
	query := fmt.Sprintf("SELECT count(*) FILTER (checkpoint_id = %s), count(*) FILTER (checkpoint_id = %s) FROM %s WHERE checkpoint_id IN (%s, %s)",
		sqltext.Literal(p.Before.ID), sqltext.Literal(p.After.ID), sqltext.Identifier(t.Name), sqltext.Literal(p.Before.ID), sqltext.Literal(p.After.ID))
	if err := o.db.QueryRowContext(ctx, query).Scan(&before, &after); err != nil {
		return counts, fmt.Errorf("counting rows of %s: %w", t.Name, err)
	}
	if before+after == 0 {
		return counts, nil
	}
	for i, rows := range []int64{before, after} {
		if s := d.sides()[i]; rows == 0 && s.checkpoint.Status == schema.StatusPartial {
			counts.Notes = append(counts.Notes, s.name+" has no rows of this table, which may be unread as that checkpoint is partial")
		}
	}
	err = o.changes(ctx, c, p, func(change Change) error {
		switch change.Kind {
		case Added:
			counts.Added++
		case Removed:
			counts.Removed++
		default:
			counts.Changed++
		}
		if change.WithProcess = d.isWithProcess(change); change.WithProcess {
			counts.WithProcess++
		}
		return each(change)
	})
	if err != nil {
		return counts, fmt.Errorf("comparing %s: %w", t.Name, err)
	}
	counts.Unchanged = after - counts.Added - counts.Changed
	return counts, nil
}

// mapped returns what f makes of each.
func mapped(names []string, f func(string) string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = f(n)
	}
	return out
}

// hasColumns tells whether a table is there with these columns.
func (o *Output) hasColumns(table string, columns ...string) bool {
	return o.has[table] != nil && !slices.ContainsFunc(columns, func(c string) bool { return !o.has[table][c] })
}
