package report

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/sqltext"
)

const checkpointID = "checkpoint_id"

// gatherer asks an output.
type gatherer struct {
	db   *sql.DB
	opts Options
	has  map[string]bool // tables
	// found has what detections found in each checkpoint.
	found map[string]*findings
}

func newGatherer(ctx context.Context, db *sql.DB, opts Options) (*gatherer, error) {
	g := &gatherer{db: db, opts: opts, has: map[string]bool{}, found: map[string]*findings{}}
	err := g.read(ctx, "SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database()", func(_ []string, values []any) error {
		g.has[fmt.Sprint(values[0])] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking at the tables: %w", err)
	}
	return g, nil
}

// read runs SQL and calls each with the names of the columns and the values of
// every row; both are good until it returns. Without rows it is called once,
// with no values.
func (g *gatherer) read(ctx context.Context, query string, each func(names []string, values []any) error) error {
	rows, err := g.db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values, places := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		places[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		if err := each(names, values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// ask runs SQL and returns its rows as a table; or, where the output lacks one
// of the tables, a table that says so.
func (g *gatherer) ask(ctx context.Context, caption, query string, needs []string, rows int) (Table, error) {
	if missing := g.missing(needs); missing != "" {
		return Table{Caption: caption, Missing: missing}, nil
	}
	var b *tableBuilder
	err := g.read(ctx, query, func(names []string, values []any) error {
		if b == nil {
			b = newTable(caption, g.command(query), names, rows, tableBytes)
		}
		b.add(values)
		return nil
	})
	if err != nil {
		return Table{}, fmt.Errorf("%s: %w", strings.ToLower(caption), err)
	}
	if b == nil {
		return Table{Caption: caption}, nil
	}
	return b.table(), nil
}

// missing says which of the tables are not there, or nothing if all are.
func (g *gatherer) missing(needs []string) string {
	var list []string
	for _, t := range needs {
		if !g.has[t] {
			list = append(list, t)
		}
	}
	switch len(list) {
	case 0:
		return ""
	case 1:
		return "the output has no table " + list[0]
	}
	return "the output has no tables " + strings.Join(list, ", ")
}

// looksFor tells whether some archive was exported with a kind of content of
// memory. Where none was, that none is found says nothing.
func (g *gatherer) looksFor(ctx context.Context, kind string) (bool, error) {
	if kind == "" || !g.has["runs"] {
		return true, nil
	}
	var runs, with int64
	query := "SELECT count(*), count(*) FILTER (list_contains(memory, " + sqltext.Literal(kind) + ")) FROM runs"
	if err := g.db.QueryRowContext(ctx, query).Scan(&runs, &with); err != nil {
		return false, fmt.Errorf("looking at the runs: %w", err)
	}
	return runs == 0 || with > 0, nil
}

// command returns the command that runs a query, by its name or as SQL.
func (g *gatherer) command(query string) string {
	command := "ckexport query "
	for _, input := range g.opts.Inputs {
		if strings.HasPrefix(input, "-") { // or it would be taken for a flag
			input = "./" + input
		}
		command += shellWord(input) + " "
	}
	return command + shellWord(strings.Join(strings.Fields(query), " "))
}

var (
	plainWord   = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=-]+$`)
	notInQuotes = "\"$`\\!"
)

// shellWord quotes a word for a shell, where it must be.
func shellWord(s string) string {
	s = plain.Printable(s)
	switch {
	case plainWord.MatchString(s):
		return s
	case !strings.ContainsAny(s, notInQuotes):
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// column returns the place of a column, -1 if there is none.
func column(names []string, name string) int { return slices.Index(names, name) }
