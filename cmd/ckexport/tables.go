package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/schema"
)

func tablesCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "tables",
		Usage:     "print the data dictionary: all tables, or the columns of one",
		ArgsUsage: "[NAME]",
		Flags:     []cli.Flag{&cli.BoolFlag{Name: "markdown", Usage: "print the whole dictionary as Markdown (docs/tables.md)"}},
		Action: func(c *cli.Context) error {
			if c.Bool("markdown") {
				return schema.WriteDictionary(std.out)
			}
			if c.NArg() == 0 {
				return listTables(std)
			}
			for _, name := range c.Args().Slice() {
				t, ok := schema.Lookup(name)
				if !ok {
					return &usageError{err: fmt.Errorf("no table %q", name), hint: "ckexport tables lists them"}
				}
				if err := describeTable(std, t); err != nil {
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
	return w.Flush()
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
	w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	for _, c := range t.Columns {
		null := "NOT NULL"
		if c.Nullable {
			null = ""
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", c.Name, c.SQLType(), null, c.Comment())
	}
	return w.Flush()
}
