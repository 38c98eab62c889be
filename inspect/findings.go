package inspect

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/queries"
)

// Severities are those that a finding may have, the worst first.
var Severities = []string{"high", "medium", "low", "info"}

// Detections returns the queries whose rows are findings in one checkpoint, where
// archives are read without the content of memory.
func Detections() []queries.Query {
	return slices.DeleteFunc(slices.Clone(queries.All()), func(q queries.Query) bool {
		ofOne := slices.ContainsFunc(q.Columns, func(c queries.Column) bool { return c.Name == "checkpoint_id" })
		return !q.IsDetection() || !ofOne || q.Memory != "" || slices.Contains(q.Tables, "memory_matches")
	})
}

// find runs the detections, and adds what they find to the checkpoints.
func find(ctx context.Context, db *sql.DB, checkpoints map[string]*Checkpoint) error {
	detections := Detections()
	found := make([]map[string]*Finding, len(detections))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for i, q := range detections {
		group.Go(func() error {
			bound, err := q.Bind(nil)
			if err == nil {
				found[i], err = detect(ctx, db, q, bound)
			}
			if err != nil {
				return fmt.Errorf("running %s: %w", q.Name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, f := range found {
		for id, finding := range f {
			if c := checkpoints[id]; c != nil {
				c.Findings = append(c.Findings, *finding)
			}
		}
	}
	for _, c := range checkpoints {
		slices.SortFunc(c.Findings, func(a, b Finding) int {
			return cmp.Or(cmp.Compare(slices.Index(Severities, a.Severity), slices.Index(Severities, b.Severity)), cmp.Compare(a.Query, b.Query))
		})
	}
	return nil
}

// detect runs one, and returns what it finds by checkpoint.
func detect(ctx context.Context, db *sql.DB, q queries.Query, bound string) (map[string]*Finding, error) {
	found := map[string]*Finding{}
	err := eachRow(ctx, db, "SELECT checkpoint_id, * EXCLUDE checkpoint_id FROM ("+strings.TrimRight(bound, "; \n")+")", func(id string, row Row) {
		f := found[id]
		if f == nil {
			f = &Finding{Query: q.Name, Severity: q.Severity, Title: q.Title, About: about(row)}
			found[id] = f
		}
		f.Rows++
	})
	return found, err
}

// named are columns that say no more than which checkpoint it is.
var named = []string{"pod_namespace", "pod_name", "container_name", "image"}

// about returns the columns of a row that tell most, in short.
func about(row Row) string {
	var parts []string
	for _, c := range row {
		if text := row.Text(c.Name); !slices.Contains(named, c.Name) && text != "" && len(parts) < 4 {
			parts = append(parts, c.Name+"="+clip(text, 60))
		}
	}
	return strings.Join(parts, " ")
}

// clip cuts a text at a number of characters.
func clip(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
