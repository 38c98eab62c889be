package compare

import (
	"context"
	"fmt"
	"slices"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sqltext"
	"github.com/ckexport/ckexport/units"
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
	only     [2]map[string]bool  // pids of processes that are on one side only
}

// Compare prepares a comparison.
func (o *Output) Compare(ctx context.Context, p Pair) (*Diff, error) {
	d := &Diff{Pair: p, output: o}
	for i, s := range p.sides() {
		var err error
		if d.problems[i], err = o.problems(ctx, s.checkpoint); err != nil {
			return nil, err
		}
		if d.only[i], err = o.pidsOnly(ctx, s.checkpoint, p.sides()[1-i].checkpoint); err != nil {
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
		if s.checkpoint.Status == schema.StatusPartial {
			add("%s is partial (%s): what is missing there may be unread rather than gone", s.name, units.Count(d.problems[i][""], "problem"))
		}
	}
}

// unread says whether rows of a table could not be read.
func (d *Diff) unread(table string) []string {
	var notes []string
	for i, s := range d.sides() {
		if n := d.problems[i][table]; n > 0 {
			notes = append(notes, fmt.Sprintf("%s: rows of this table may be missing: %s", s.name, units.Count(n, "problem")))
		}
	}
	return notes
}

// problems counts those of a checkpoint that cost something, by table.
func (o *Output) problems(ctx context.Context, c Checkpoint) (map[string]int64, error) {
	if !o.hasColumns("problems", "checkpoint_id", "severity", "table_name") {
		return nil, nil
	}
	rows, err := o.db.QueryContext(ctx, "SELECT coalesce(table_name, ''), count(*) FROM problems WHERE severity <> "+sqltext.Literal(string(schema.SeverityInfo))+" AND checkpoint_id = "+sqltext.Literal(c.ID)+" GROUP BY ROLLUP (table_name)")
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

// pidsOnly returns the processes of a checkpoint that another one lacks.
func (o *Output) pidsOnly(ctx context.Context, of, lacking Checkpoint) (map[string]bool, error) {
	if !o.hasColumns("processes", "checkpoint_id", "pid") {
		return nil, nil
	}
	rows, err := o.db.QueryContext(ctx, fmt.Sprintf("SELECT pid::VARCHAR FROM processes WHERE checkpoint_id = %s EXCEPT SELECT pid::VARCHAR FROM processes WHERE checkpoint_id = %s", sqltext.Literal(of.ID), sqltext.Literal(lacking.ID)))
	if err != nil {
		return nil, fmt.Errorf("comparing process ids: %w", err)
	}
	defer rows.Close()
	pids := map[string]bool{}
	for rows.Next() {
		var pid string
		if err := rows.Scan(&pid); err != nil {
			return nil, fmt.Errorf("comparing process ids: %w", err)
		}
		pids[pid] = true
	}
	return pids, rows.Err()
}

// isWithProcess tells whether a row came or went because its process did.
func (d *Diff) isWithProcess(c Change) bool {
	if c.Table == "processes" || c.Kind == Changed {
		return false
	}
	side := 0
	if c.Kind == Added {
		side = 1
	}
	return slices.ContainsFunc(c.Key, func(v Value) bool { return v.Column == "pid" && d.only[side][fmt.Sprint(v.Value)] })
}
