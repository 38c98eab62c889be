package findings

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/queries"
)

// Finding is what a detection found: rows that are the same finding, in one
// checkpoint or several of a container.
type Finding struct {
	Query     queries.Query
	Container string // namespace/pod/container, as far as the rows name it
	Verdict
	Rows        int
	Checkpoints []string // ids, in order
	Columns     []Value  // of the first row
}

// Value is a column of a row.
type Value struct {
	Name  string
	Value any
}

// NotRun is a detection that says nothing, and why.
type NotRun struct {
	Query  queries.Query
	Reason string
}

// Result is what all detections found.
type Result struct {
	Findings []*Finding // by severity and detection
	NotRun   []NotRun
	Ran      int // detections
	// Archives are the paths and URLs of the archives that checkpoints came
	// from, by id, as far as the output tells.
	Archives map[string]string
}

// Gather runs all detections. The judge may be nil: then all is new.
func Gather(ctx context.Context, db *Database, judge *Judge) (*Result, error) {
	r := &Result{}
	for _, q := range queries.Detections() {
		reason, err := db.CannotRun(ctx, q)
		if err != nil {
			return nil, err
		}
		if reason != "" {
			r.NotRun = append(r.NotRun, NotRun{q, reason})
			continue
		}
		found, err := detect(ctx, db, q, judge)
		if err != nil {
			return nil, fmt.Errorf("running %s: %w", q.Name, err)
		}
		r.Findings, r.Ran = append(r.Findings, found...), r.Ran+1
	}
	var err error
	if r.Archives, err = archivesOf(ctx, db); err != nil {
		return nil, fmt.Errorf("reading where checkpoints came from: %w", err)
	}
	return r, nil
}

// archivesOf returns the archive of each checkpoint.
func archivesOf(ctx context.Context, db *Database) (map[string]string, error) {
	archives := map[string]string{}
	if !db.Has("checkpoints") {
		return archives, nil
	}
	err := db.Read(ctx, "SELECT checkpoint_id, source FROM checkpoints WHERE checkpoint_id IS NOT NULL AND source IS NOT NULL", func(_ []string, values []any) error {
		archives[fmt.Sprint(values[0])] = fmt.Sprint(values[1])
		return nil
	})
	return archives, err
}

// detect runs one detection.
func detect(ctx context.Context, db *Database, q queries.Query, judge *Judge) ([]*Finding, error) {
	bound, err := q.Bind(nil)
	if err != nil {
		return nil, err
	}
	var list []*Finding
	byVerdict := map[Verdict]*Finding{}
	var rows *RowJudge
	err = db.Read(ctx, bound, func(names []string, values []any) error {
		if rows == nil {
			rows = judge.Of(q, names)
		}
		v, err := rows.Judge(values)
		if err != nil {
			return err
		}
		f := byVerdict[v]
		if f == nil {
			f = &Finding{Query: q, Verdict: v, Container: container(names, values)}
			for i, name := range names {
				f.Columns = append(f.Columns, Value{name, values[i]})
			}
			byVerdict[v], list = f, append(list, f)
		}
		f.Rows++
		if at := slices.Index(names, "checkpoint_id"); at >= 0 {
			f.sawIn(plain.Text(values[at]))
		}
		return nil
	})
	for _, f := range list {
		slices.Sort(f.Checkpoints)
	}
	return list, err
}

// sawIn adds a checkpoint. Rows come in the order of checkpoints, within a container.
func (f *Finding) sawIn(id string) {
	if n := len(f.Checkpoints); n == 0 || f.Checkpoints[n-1] != id && !slices.Contains(f.Checkpoints, id) {
		f.Checkpoints = append(f.Checkpoints, id)
	}
}

// container returns namespace/pod/container, as far as a row names them.
func container(names []string, values []any) string {
	var parts []string
	for _, name := range containerColumns {
		if at := slices.Index(names, name); at >= 0 && values[at] != nil {
			parts = append(parts, plain.Text(values[at]))
		}
	}
	return strings.Join(parts, "/")
}

var containerColumns = []string{"pod_namespace", "pod_name", "container_name"}

// About tells what was found, in short: the columns that tell the finding from others.
func (f *Finding) About() string {
	var parts []string
	for _, c := range f.Columns {
		if slices.Contains(f.Query.Key, c.Name) && c.Value != nil {
			parts = append(parts, c.Name+"="+clip(plain.Text(c.Value)))
		}
	}
	return strings.Join(parts, " ")
}

// clip cuts a text that is longer than a line of a list should be.
func clip(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// Counts says how many findings are new, known and acknowledged.
type Counts struct{ New, Known, Acknowledged int }

// Add counts a verdict.
func (c *Counts) Add(v Verdict) {
	switch {
	case v.Acknowledged != "":
		c.Acknowledged++
	case v.Known:
		c.Known++
	default:
		c.New++
	}
}

// Passed says how many are acknowledged or known, or nothing.
func (c Counts) Passed() string {
	var parts []string
	if c.Acknowledged > 0 {
		parts = append(parts, fmt.Sprintf("%d acknowledged", c.Acknowledged))
	}
	if c.Known > 0 {
		parts = append(parts, fmt.Sprintf("%d known", c.Known))
	}
	return strings.Join(parts, ", ")
}

// Count counts the findings.
func (r *Result) Count() Counts {
	var c Counts
	for _, f := range r.Findings {
		c.Add(f.Verdict)
	}
	return c
}

// NewFrom returns the findings that are new and of that severity or a worse one.
func (r *Result) NewFrom(severity string) []*Finding {
	var list []*Finding
	least := slices.Index(queries.Severities(), severity)
	for _, f := range r.Findings {
		if f.IsNew() && slices.Index(queries.Severities(), f.Query.Severity) <= least {
			list = append(list, f)
		}
	}
	return list
}
