package report

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/findings"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/queries"
)

// Detection is a query whose rows are findings, with what it found.
type Detection struct {
	queries.Query
	Table       Table
	Checkpoints int    // that the rows tell of; 0 where they tell of several at once
	Most        string // images and containers with the most rows, where not all rows are shown
	Reason      string // why it did not run
	Counts      findings.Counts
}

// Passed says how many rows are acknowledged or known, which are not shown.
func (d Detection) Passed() string { return d.Counts.Passed() }

// finding says that a detection has rows of a checkpoint.
type finding struct {
	Name, Title, Severity string
	Rows                  int
}

// found is what was found in a checkpoint, the worst first.
type found struct {
	list   []finding
	counts [4]int // detections, by severity
}

// detect runs every query that has a severity.
func (g *gatherer) detect(ctx context.Context, r *Report) error {
	for _, q := range queries.Detections() {
		d, err := g.detection(ctx, q)
		if err != nil {
			return fmt.Errorf("running %s: %w", q.Name, err)
		}
		switch {
		case d.Reason != "":
			r.NotRun = append(r.NotRun, d)
		case d.Table.Total > 0:
			r.Detections = append(r.Detections, d)
		case d.Passed() != "":
			r.Passed = append(r.Passed, d)
		default:
			r.Clean = append(r.Clean, d)
		}
	}
	return nil
}

// detection runs one query. That the output lacks what it needs, as one of an older
// version may, is told on the page. Where the output can't be read there is none: what
// was not found would look as if it were not there.
func (g *gatherer) detection(ctx context.Context, q queries.Query) (Detection, error) {
	d := Detection{Query: q}
	var err error
	if d.Reason, err = g.db.CannotRun(ctx, q); err != nil || d.Reason != "" {
		return d, err
	}
	bound, err := q.Bind(nil)
	if err != nil {
		return d, err
	}
	var judge *findings.RowJudge
	var b *tableBuilder
	rows := map[string]int{} // by checkpoint
	images, containers := map[string]int{}, map[string]int{}
	err = g.db.Read(ctx, bound, func(names []string, values []any) error {
		if b == nil {
			judge = g.opts.Judge.Of(q, names)
			b = newTable(q.Title, g.command(q.Name), names, detectionRows, tableBytes)
		}
		verdict, err := judge.Judge(values)
		if err != nil {
			return err
		}
		d.Counts.Add(verdict)
		if !verdict.IsNew() {
			return nil
		}
		b.add(values)
		for name, counts := range map[string]map[string]int{checkpointID: rows, "image": images, "container_name": containers} {
			if at := column(names, name); at >= 0 {
				if v, ok := values[at].(string); ok {
					counts[v]++
				}
			}
		}
		return nil
	})
	switch {
	case ctx.Err() != nil:
		return d, ctx.Err()
	case err != nil && !findings.Lacks(err):
		return d, err
	case err != nil:
		first, _, _ := strings.Cut(err.Error(), "\n")
		d.Reason = clip(plain.Cell(first))
		return d, nil
	case b == nil:
		return d, nil
	}
	d.Table = b.table()
	d.Table.describe(docOf(q))
	d.Checkpoints = len(rows)
	if d.Table.Left() > 0 {
		d.Most = strings.Join(slices.Concat(most("image", images), most("container", containers)), "; ")
	}
	g.remember(q, rows)
	return d, nil
}

// most tells which few names occur most, and how many others there are.
func most(noun string, counts map[string]int) []string {
	const shown = 3
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	if len(names) == 0 {
		return nil
	}
	of := plural(int64(len(names)), noun)
	if len(names) > shown && counts[names[0]] == counts[names[len(names)-1]] {
		return []string{of + ", " + plural(int64(counts[names[0]]), "row") + " each"}
	}
	var parts []string
	for _, n := range names[:min(len(names), shown)] {
		parts = append(parts, fmt.Sprintf("%s (%s)", text(n), number(int64(counts[n]))))
	}
	if left := len(names) - shown; left > 0 {
		parts = append(parts, number(int64(left))+" more")
	}
	return []string{of + ": " + strings.Join(parts, ", ")}
}

// remember keeps what was found, by checkpoint.
func (g *gatherer) remember(q queries.Query, rows map[string]int) {
	for id, n := range rows {
		f := g.found[id]
		if f == nil {
			f = &found{}
			g.found[id] = f
		}
		f.list = append(f.list, finding{Name: q.Name, Title: q.Title, Severity: q.Severity, Rows: n})
		f.counts[slices.Index(queries.Severities(), q.Severity)]++
	}
}
