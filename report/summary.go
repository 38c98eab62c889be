package report

import (
	"context"
	"fmt"
	"time"

	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/units"
)

// Fleet is the summary.
type Fleet struct {
	Facts   []Fact
	Tables  []Table
	Missing string // why there are no facts of checkpoints
}

// Fact is a figure of the summary.
type Fact struct {
	Name, Value, Note string
	// Alarm is set where somebody should look at it.
	Alarm bool
}

func (g *gatherer) fleet(ctx context.Context) (Fleet, error) {
	var f Fleet
	for _, facts := range []func(context.Context) ([]Fact, error){g.checkpointFacts, g.archiveFacts, g.problemFacts} {
		more, err := facts(ctx)
		if err != nil {
			return f, err
		}
		f.Facts = append(f.Facts, more...)
	}
	f.Missing = g.db.Missing([]string{"checkpoints"})
	for _, t := range []struct {
		caption, query string
		rows           int
	}{
		{"Images", "fleet-overview", 15},
		{"Engines, kernels and CRIU", "platforms", 10},
		{"Archives that are not whole", "unreadable-archives", 15},
	} {
		table, err := g.named(ctx, t.caption, t.query, t.rows)
		if err != nil {
			return f, err
		}
		if table.Total > 0 || table.Missing != "" {
			f.Tables = append(f.Tables, table)
		}
	}
	problems, err := g.ask(ctx, "Problems", `SELECT severity, code, count(*) AS problems, count(DISTINCT checkpoint_id) AS checkpoints, any_value(message) AS example
FROM problems GROUP BY severity, code ORDER BY CASE severity WHEN 'error' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, problems DESC, code`, []string{"problems"}, 15)
	if err != nil {
		return f, err
	}
	if problems.Total > 0 || problems.Missing != "" {
		f.Tables = append(f.Tables, problems)
	}
	return f, nil
}

// named runs a query that ships, with its defaults.
func (g *gatherer) named(ctx context.Context, caption, name string, rows int) (Table, error) {
	q, ok := queries.Lookup(name)
	if !ok {
		return Table{}, fmt.Errorf("no query %q", name)
	}
	text, err := q.Bind(nil)
	if err != nil {
		return Table{}, err
	}
	t, err := g.ask(ctx, caption, text, q.Tables, rows)
	t.More = g.command(name)
	t.describe(docOf(q))
	return t, err
}

// docOf returns the documentation of a query's columns.
func docOf(q queries.Query) func(string) string {
	return func(name string) string {
		for _, c := range q.Columns {
			if c.Name == name {
				return c.Doc
			}
		}
		return ""
	}
}

func (g *gatherer) checkpointFacts(ctx context.Context) (facts []Fact, err error) {
	if !g.db.Has("checkpoints") {
		return nil, nil
	}
	var checkpoints, containers, images, namespaces, engines, partial, processes, sockets int64
	var memory float64
	var first, last *time.Time
	var names *string
	var frozen, longest *float64
	err = g.db.QueryRowContext(ctx, `SELECT count(*), count(DISTINCT container_id), count(DISTINCT image), count(DISTINCT pod_namespace), count(DISTINCT engine),
  count(*) FILTER (status <> 'ok'), coalesce(sum(process_count), 0)::BIGINT, coalesce(sum(socket_count), 0)::BIGINT, coalesce(sum(memory_pages_bytes), 0)::DOUBLE,
  min(coalesce(checkpointed_at, dumped_at)), max(coalesce(checkpointed_at, dumped_at)), string_agg(DISTINCT engine, ', ' ORDER BY engine), median(frozen_us)::DOUBLE / 1000, max(frozen_us)::DOUBLE / 1000
FROM checkpoints`).Scan(&checkpoints, &containers, &images, &namespaces, &engines, &partial, &processes, &sockets, &memory, &first, &last, &names, &frozen, &longest)
	if err != nil {
		return nil, fmt.Errorf("counting checkpoints: %w", err)
	}
	facts = []Fact{{Name: "Checkpoints", Value: number(checkpoints), Note: "all whole"}, {Name: "Containers", Value: number(containers)}, {Name: "Images", Value: number(images)}}
	switch {
	case partial > 0:
		facts[0].Note, facts[0].Alarm = number(partial)+" only in part", true
	case checkpoints == 0:
		facts[0].Note = ""
	}
	if namespaces > 0 {
		facts[1].Note = "in " + plural(namespaces, "namespace")
	}
	if names != nil {
		facts = append(facts, Fact{Name: "Engines", Value: number(engines), Note: text(*names)})
	}
	facts = append(facts, Fact{Name: "Processes", Value: number(processes), Note: plural(sockets, "socket")}, Fact{Name: "Saved memory", Value: units.Bytes(memory)})
	if frozen != nil {
		facts = append(facts, Fact{Name: "Frozen, median", Value: fmt.Sprintf("%.0f ms", *frozen), Note: fmt.Sprintf("at most %.0f ms", *longest)})
	}
	if first != nil {
		facts = append(facts, Fact{Name: "From", Value: first.UTC().Format(time.DateOnly), Note: first.UTC().Format("15:04:05") + " UTC"},
			Fact{Name: "To", Value: last.UTC().Format(time.DateOnly), Note: last.UTC().Format("15:04:05") + " UTC"})
	}
	return facts, nil
}

// archiveFacts counts archives as the last run that read each found it.
func (g *gatherer) archiveFacts(ctx context.Context) ([]Fact, error) {
	if !g.db.Has("archives") {
		return nil, nil
	}
	fact := Fact{Name: "Archives"}
	var total int64
	err := g.db.Read(ctx, `SELECT status, count(*) FROM (SELECT arg_max(status, started_at) AS status FROM archives GROUP BY source) GROUP BY status ORDER BY count(*) DESC, status`,
		func(_ []string, values []any) error {
			n, _ := values[1].(int64)
			status := text(values[0])
			total += n
			if fact.Note != "" {
				fact.Note += ", "
			}
			fact.Note += number(n) + " " + status
			fact.Alarm = fact.Alarm || status == "failed" || status == "partial"
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("counting archives: %w", err)
	}
	fact.Value = number(total)
	return []Fact{fact}, nil
}

func (g *gatherer) problemFacts(ctx context.Context) ([]Fact, error) {
	if !g.db.Has("problems") {
		return nil, nil
	}
	var total, severe, warnings int64
	err := g.db.QueryRowContext(ctx, "SELECT count(*), count(*) FILTER (severity = 'error'), count(*) FILTER (severity = 'warning') FROM problems").Scan(&total, &severe, &warnings)
	if err != nil {
		return nil, fmt.Errorf("counting problems: %w", err)
	}
	fact := Fact{Name: "Problems of reading", Value: number(total), Alarm: severe > 0}
	if total > 0 {
		fact.Note = plural(severe, "error") + ", " + plural(warnings, "warning")
	}
	return []Fact{fact}, nil
}
