package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/queries"
)

func queryCommand(std streams) *cli.Command {
	params := paramValues{}
	return &cli.Command{
		Name:      "query",
		Usage:     "run SQL, or a query that ships with ckexport, on outputs or archives",
		ArgsUsage: "OUT... 'SQL'|NAME",
		Description: askedHelp + "\n\nSQL is DuckDB's; the tables are those of ckexport tables. The queries that ship are views in it\n" +
			"(with _ for -), or, those with parameters, table macros: SELECT * FROM name(parameter := value). ckexport queries lists them.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Usage: resultFormats, Value: "table"},
			&cli.GenericFlag{Name: "param", Usage: "`NAME=VALUE` for a parameter of the query; may be given several times", Value: params},
		}, askFlags()...),
		Action: func(c *cli.Context) error {
			if c.NArg() < 2 {
				return &usageError{err: fmt.Errorf("want an output and a query, got %d arguments", c.NArg()), hint: "ckexport query fleet.duckdb listening-ports, or ckexport query ./archives listening-ports"}
			}
			last := c.NArg() - 1
			text, err := queryText(c.Args().Get(last), params)
			if err != nil {
				return err
			}
			write, ok := resultWriters[c.String("format")]
			if !ok {
				return usagef("--format %q: want %s", c.String("format"), resultFormats)
			}
			in, err := findInputs(c.Context, c.Args().Slice()[:last], placesOf(c), std)
			if err != nil {
				return err
			}
			return ask(c, in, questionOf(text), std, func(db *sql.DB) error {
				return query(c.Context, db, text, func(rows *sql.Rows) error { return write(std.out, rows) })
			})
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
