package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
)

func tablesCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "tables",
		Usage:     "print the data dictionary: all tables and views of tables, or the columns of one",
		ArgsUsage: "[NAME]",
		Flags:     []cli.Flag{&cli.BoolFlag{Name: "markdown", Usage: "print the whole dictionary as Markdown (docs/tables.md)"}},
		Action: func(c *cli.Context) error {
			if c.Bool("markdown") {
				if err := atMost(0, c.Args().Slice()); err != nil {
					return err
				}
				if err := schema.WriteDictionary(std.out); err != nil {
					return err
				}
				return queries.WriteFullViews(std.out)
			}
			if c.NArg() == 0 {
				return listTables(std)
			}
			for _, name := range c.Args().Slice() {
				if err := describe(std, name); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func listTables(std streams) error {
	w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	for _, t := range schema.Tables() {
		fmt.Fprintf(w, "%s\t%d columns\t%s\n", t.Name, len(t.Columns), t.Doc)
	}
	for _, v := range queries.FullViews() {
		fmt.Fprintf(w, "%s\t%d columns\t%s\n", v.Name(), len(v.Columns()), v.Doc())
	}
	return w.Flush()
}

// describe shows a table, or a view of one.
func describe(std streams, name string) error {
	if t, ok := schema.Lookup(name); ok {
		return describeTable(std, t)
	}
	v, ok := queries.LookupFull(name)
	if !ok {
		hint := "ckexport tables lists them"
		if similar := similarTable(name); similar != "" {
			hint = "did you mean " + similar + "?"
		}
		return &usageError{err: fmt.Errorf("no table %q", name), hint: hint}
	}
	fmt.Fprintf(std.out, "%s: %s\nview of: %s\n", v.Name(), v.Doc(), strings.Join(v.Tables(), ", "))
	return describeColumns(std, v.Columns())
}

func describeTable(std streams, t *schema.Table) error {
	fmt.Fprintf(std.out, "%s: %s\n", t.Name, t.Doc)
	if len(t.Key) > 0 {
		fmt.Fprintf(std.out, "key: %s\n", strings.Join(t.Key, ", "))
	}
	if t.Comparison != nil {
		fmt.Fprintf(std.out, "compared %s\n", strings.ReplaceAll(t.Comparison.String(), "`", ""))
	} else {
		fmt.Fprintf(std.out, "not compared: it %s\n", t.NotCompared)
	}
	return describeColumns(std, t.Columns)
}

func describeColumns(std streams, columns []schema.Column) error {
	w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	for _, c := range columns {
		null := "NOT NULL"
		if c.Nullable {
			null = ""
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", c.Name, c.SQLType(), null, c.Comment())
	}
	return w.Flush()
}
