package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/queries"
)

func queriesCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "queries",
		Usage:     "list the queries that ship with ckexport, or show one whole",
		ArgsUsage: "[NAME|GROUP]",
		Flags:     []cli.Flag{&cli.BoolFlag{Name: "markdown", Usage: "print all of them as Markdown (docs/queries.md)"}},
		Action: func(c *cli.Context) error {
			if c.Bool("markdown") {
				if err := atMost(0, c.Args().Slice()); err != nil {
					return err
				}
				return queries.WriteMarkdown(std.out)
			}
			if c.NArg() == 0 {
				for i, g := range queries.Groups() {
					if i > 0 {
						fmt.Fprintln(std.out)
					}
					if err := listGroup(std.out, g); err != nil {
						return err
					}
				}
				return nil
			}
			for _, name := range c.Args().Slice() {
				if err := showQueries(std.out, name); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// showQueries shows a query, or lists those of a group.
func showQueries(out io.Writer, name string) error {
	for _, g := range queries.Groups() {
		if g.Name == name {
			return listGroup(out, g)
		}
	}
	q, ok := queries.Lookup(name)
	if !ok {
		return &usageError{err: fmt.Errorf("no query %q", name), hint: "ckexport queries lists them"}
	}
	return showQuery(out, q)
}

func listGroup(out io.Writer, g queries.Group) error {
	fmt.Fprintf(out, "%s: %s\n", g.Name, g.Doc)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, q := range queries.InGroup(g.Name) {
		severity := q.Severity
		if severity == "" {
			severity = "-"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", q.Name, severity, q.Question)
	}
	return w.Flush()
}

func showQuery(out io.Writer, q queries.Query) error {
	fmt.Fprintf(out, "%s: %s\n%s\n", q.Name, q.Title, q.Question)
	if about := q.About(); about != "" {
		fmt.Fprintf(out, "%s\n", about)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\ngroup\t%s\nasked by\t%s\n", q.Group, strings.Join(q.Audience, ", "))
	if q.IsDetection() {
		fmt.Fprintf(w, "severity\t%s\n", q.Severity)
	}
	for _, t := range q.Attack {
		fmt.Fprintf(w, "technique\t%s %s\t%s\n", t.ID, t.Name, t.URL())
	}
	fmt.Fprintf(w, "tables\t%s\n", strings.Join(q.Tables, ", "))
	if len(q.Uses) > 0 {
		fmt.Fprintf(w, "builds on\t%s\n", strings.Join(q.Uses, ", "))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(q.Params) > 0 {
		fmt.Fprintln(out, "\nparameters, as --param name=value:")
		for _, p := range q.Params {
			fmt.Fprintf(w, "  %s\t%s\t= %s\t%s\n", p.Name, p.Type, p.Default, p.Doc)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "\ncolumns:")
	for _, c := range q.Columns {
		fmt.Fprintf(w, "  %s\t%s\n", c.Name, c.Doc)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s\n", q.SQL)
	return err
}
