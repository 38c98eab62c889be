package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

func queryCommand(std streams) *cli.Command {
	params := paramValues{}
	return &cli.Command{
		Name:      "query",
		Usage:     "run SQL, or a query that ships with ckexport, on an output",
		ArgsUsage: "OUT 'SQL'|NAME",
		Description: "OUT is an output of any kind. SQL is DuckDB's; the tables are those of ckexport tables. The queries that ship are views in it\n" +
			"(with _ for -), or, those with parameters, table macros: SELECT * FROM name(parameter := value). ckexport queries lists them.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Usage: resultFormats, Value: "table"},
			&cli.GenericFlag{Name: "param", Usage: "`NAME=VALUE` for a parameter of the query; may be given several times", Value: params},
		}, slices.Concat(storeFlags(), sandboxFlags())...),
		Action: func(c *cli.Context) error {
			if c.NArg() != 2 {
				return &usageError{err: fmt.Errorf("want an output and a query, got %d arguments", c.NArg()), hint: "ckexport query fleet.duckdb listening-ports"}
			}
			text, err := queryText(c.Args().Get(1), params)
			if err != nil {
				return err
			}
			write, ok := resultWriters[c.String("format")]
			if !ok {
				return usagef("--format %q: want %s", c.String("format"), resultFormats)
			}
			db, err := askOutput(c, c.Args().First(), namedIn(text))
			if err != nil {
				return err
			}
			defer db.Close()
			return query(c.Context, db, text, func(rows *sql.Rows) error { return write(std.out, rows) })
		},
	}
}

// paramValues takes --param name=value; a value may have commas.
type paramValues map[string]string

// Set takes one of the flags.
func (p paramValues) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return fmt.Errorf("%q: want name=value", text)
	}
	if _, twice := p[name]; twice {
		return fmt.Errorf("%q is given twice", name)
	}
	p[name] = value
	return nil
}

// String returns what was given.
func (p paramValues) String() string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		list = append(list, name+"="+p[name])
	}
	return strings.Join(list, " ")
}

// queryText returns the SQL of a query by name, with values for its
// parameters, or the SQL itself.
func queryText(arg string, params map[string]string) (string, error) {
	if q, ok := queries.Lookup(arg); ok {
		text, err := q.Bind(params)
		if err != nil {
			return "", &usageError{err: err, hint: "ckexport queries " + q.Name + " shows its parameters"}
		}
		return text, nil
	}
	if !strings.ContainsAny(strings.TrimSpace(arg), " \t\n(;") {
		return "", &usageError{err: fmt.Errorf("no query %q", arg), hint: "ckexport queries lists them; anything else must be SQL"}
	}
	if len(params) > 0 {
		return "", &usageError{err: errors.New("--param is for queries that have a name"), hint: "in SQL, write the value, or SELECT * FROM name(parameter := value)"}
	}
	return arg, nil
}

// looksAround finds SQL that asks what views there are, or makes up their names.
var looksAround = regexp.MustCompile(`(?i)\b(show|describe|pragma|information_schema|duckdb_|sqlite_master|query)`)

// namedIn returns what SQL names: views, and tables of its own and of these. Names
// that only occur in it do no harm.
func namedIn(text string) sinks.SQLOptions {
	opts := sinks.SQLOptions{Views: viewsIn(text)}
	if looksAround.MatchString(text) {
		return opts
	}
	text, opts.Named = strings.ToLower(text), []string{}
	for _, t := range schema.Tables() {
		isNeeded := func(v sinks.View) bool { return slices.Contains(v.Tables, t.Name) }
		if strings.Contains(text, t.Name) || slices.ContainsFunc(opts.Views, isNeeded) {
			opts.Named = append(opts.Named, t.Name)
		}
	}
	return opts
}

// viewsIn returns the views whose names occur in SQL, and those they build on:
// in a dataset, every view that is made costs time.
func viewsIn(text string) []sinks.View {
	all := views()
	if looksAround.MatchString(text) {
		return all
	}
	text = strings.ToLower(text)
	var list []sinks.View
	for _, v := range slices.Backward(all) { // a view builds on those before it
		if strings.Contains(text, v.Name) {
			list = append(list, v)
			text += " " + v.SQL
		}
	}
	slices.Reverse(list)
	return list
}

func query(ctx context.Context, db *sql.DB, text string, write func(*sql.Rows) error) error {
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return fmt.Errorf("running the query: %w", err)
	}
	defer rows.Close()
	if err := write(rows); err != nil {
		return err
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("running the query: %w", err)
	}
	return nil
}
