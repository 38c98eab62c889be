package compare

import (
	"context"
	"fmt"
)

// sides are the names of the two checkpoints, in reports.
func (p Pair) sides() []side { return []side{{"before", p.Before}, {"after", p.After}} }

type side struct {
	name       string
	checkpoint Checkpoint
}

// Diff compares two checkpoints.
type Diff struct {
	Pair
	// Warnings say what to know before believing the differences.
	Warnings []string

	output   *Output
	problems [2]map[string]int64 // of each side, by table; "" are those of all
}

// Compare prepares a comparison.
func (o *Output) Compare(ctx context.Context, p Pair) (*Diff, error) {
	d := &Diff{Pair: p, output: o}
	for i, s := range p.sides() {
		var err error
		if d.problems[i], err = o.problems(ctx, s.checkpoint); err != nil {
			return nil, err
		}
	}
	d.warn()
	return d, nil
}

// warn notes what makes differences that are none: what is missing from a
// checkpoint that was not read in full may be there.
func (d *Diff) warn() {
	add := func(format string, args ...any) { d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...)) }
	if d.Before.ID == d.After.ID {
		add("both names mean the same checkpoint")
	}
	if d.Before.ContainerID != d.After.ContainerID {
		add("the checkpoints are of two containers")
	}
	if !d.Before.TakenAt.IsZero() && !d.After.TakenAt.IsZero() && d.Before.TakenAt.After(d.After.TakenAt) {
		add("the first checkpoint was taken after the second: what is called added was there earlier")
	}
	for i, s := range d.sides() {
		if s.checkpoint.DumpKind == "predump" {
			add("%s is a pre-dump: it holds memory only, and all else seems to be missing", s.name)
		}
		if s.checkpoint.Status == "partial" {
			add("%s is partial (%d problems): what is missing there may be unread rather than gone", s.name, d.problems[i][""])
		}
	}
}

// unread says whether rows of a table could not be read.
func (d *Diff) unread(table string) []string {
	var notes []string
	for i, s := range d.sides() {
		if n := d.problems[i][table]; n > 0 {
			notes = append(notes, fmt.Sprintf("%s: %d problems name this table, so that rows may be missing", s.name, n))
		}
	}
	return notes
}

// problems counts those of a checkpoint that cost something, by table.
func (o *Output) problems(ctx context.Context, c Checkpoint) (map[string]int64, error) {
	if !o.hasColumns("problems", "checkpoint_id", "severity", "table_name") {
		return nil, nil
	}
	rows, err := o.db.QueryContext(ctx, "SELECT coalesce(table_name, ''), count(*) FROM problems WHERE severity <> 'info' AND checkpoint_id = "+literal(c.ID)+" GROUP BY ROLLUP (table_name)")
	if err != nil {
		return nil, fmt.Errorf("counting problems: %w", err)
	}
	defer rows.Close()
	counts := map[string]int64{}
	for rows.Next() {
		var table string
		var n int64
		if err := rows.Scan(&table, &n); err != nil {
			return nil, fmt.Errorf("counting problems: %w", err)
		}
		counts[table] = max(counts[table], n) // the sum of all has no name either
	}
	return counts, rows.Err()
}
