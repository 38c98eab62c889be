package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/queries"
)

func queryCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "query",
		Usage:     "run SQL, or a query that ships with ckexport, on an output",
		ArgsUsage: "OUT 'SQL'|NAME",
		Description: "OUT is an output of either kind. SQL is DuckDB's; the tables are those of ckexport tables, and the queries that ship are views\n" +
			"(with _ for -). ckexport queries lists these.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Usage: "table, csv, json or markdown", Value: "table"},
		}, sandboxFlags()...),
		Action: func(c *cli.Context) error {
			if c.NArg() != 2 {
				return &usageError{err: fmt.Errorf("want an output and a query, got %d arguments", c.NArg()), hint: "ckexport query fleet.duckdb listening-ports"}
			}
			text, err := queryText(c.Args().Get(1))
			if err != nil {
				return err
			}
			write, ok := resultWriters[c.String("format")]
			if !ok {
				return usagef("--format %q: want table, csv, json or markdown", c.String("format"))
			}
			if !c.Bool("no-sandbox") {
				grants, err := queryGrants(c.Args().First())
				if err != nil {
					return err
				}
				if err := confine(slog.New(slog.DiscardHandler), grants); err != nil {
					return err
				}
			}
			return query(c.Context, c.Args().First(), text, func(rows *sql.Rows) error { return write(std.out, rows) })
		},
	}
}

// queryText returns the SQL of a query by name, or the SQL itself.
func queryText(arg string) (string, error) {
	if q, ok := queries.Lookup(arg); ok {
		return q.SQL, nil
	}
	if strings.ContainsAny(strings.TrimSpace(arg), " \t\n(;") {
		return arg, nil
	}
	return "", &usageError{err: fmt.Errorf("no query %q", arg), hint: "ckexport queries lists them; anything else must be SQL"}
}

func query(ctx context.Context, output, text string, write func(*sql.Rows) error) error {
	db, err := openOutput(ctx, output, views())
	if err != nil {
		return err
	}
	defer db.Close()
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

func queriesCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:  "queries",
		Usage: "list the queries that ship with ckexport",
		Action: func(*cli.Context) error {
			w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
			for _, q := range queries.All() {
				fmt.Fprintf(w, "%s\t%s\n", q.Name, q.Question)
			}
			return w.Flush()
		},
	}
}
