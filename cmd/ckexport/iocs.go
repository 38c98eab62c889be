package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/indicators"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/units"
)

func iocsCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "iocs",
		Usage:     "look for indicators of compromise in all tables of outputs or archives",
		ArgsUsage: "OUT... FILE...",
		Description: askedHelp + "\n\nFILE has an indicator on each line: a SHA-256, an address or network of IPv4 or IPv6, a domain, a URL or a path, with a note behind it, or as CSV, where the\n" +
			"other columns are the note; - is standard input. They may be defanged (hxxp://, [.]). A domain means those below it too, and a URL what is below it.\n" +
			"Domains, URLs, addresses and paths are also found within command lines, variables, annotations and logs. What a run left out is not searched: tables that\n" +
			"OUT does not have, and what --redact replaced. The exit code is 0 with and without hits.\n\n" +
			"EXAMPLE:\n   ckexport iocs fleet.duckdb threat-feed.csv --format csv",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Usage: resultFormats, Value: "table"},
		}, askFlags()...),
		Action: func(c *cli.Context) error {
			if c.NArg() < 2 {
				return &usageError{err: fmt.Errorf("want an output and files of indicators, got %d arguments", c.NArg()), hint: "ckexport iocs fleet.duckdb indicators.txt"}
			}
			write, ok := resultWriters[c.String("format")]
			if !ok {
				return usagef("--format %q: want %s", c.String("format"), resultFormats)
			}
			inputs, lists, err := splitIndicators(c, c.Args().Slice())
			if err != nil {
				return err
			}
			set, err := readIndicators(c.Context, lists, std)
			if err != nil {
				return err
			}
			in, err := findInputs(c, inputs, std)
			if err != nil {
				return err
			}
			return ask(c, in, placesQuestion(), std, func(db *sql.DB) error {
				return searchIndicators(c.Context, db, set, func(r resultRows) error { return write(std.out, r) })
			})
		},
	}
}

// splitIndicators tells what is asked from the lists of indicators behind it: the
// first argument is asked, and so are others that are outputs, folders, archives or
// patterns.
func splitIndicators(c *cli.Context, args []string) (inputs, lists []string, err error) {
	n := 1
	for ; n < len(args); n++ {
		isAsked, err := looksAsked(c, args[n])
		if err != nil {
			return nil, nil, err
		}
		if !isAsked {
			break
		}
	}
	if n == len(args) {
		return nil, nil, &usageError{err: errors.New("no file of indicators"), hint: "ckexport iocs fleet.duckdb indicators.txt"}
	}
	return args[:n], args[n:], nil
}

// looksAsked tells whether an argument is an output or archives, rather than a list.
func looksAsked(c *cli.Context, arg string) (bool, error) {
	if names, err := expand(arg); err != nil || len(names) != 1 || names[0] != arg || strings.Contains(arg, "://") {
		return err == nil, err
	}
	if _, err := formats(placesOf(c)).At(c.Context, arg); err == nil {
		return true, nil
	}
	info, err := os.Stat(arg)
	if err != nil {
		return false, nil // reading it tells
	}
	return info.IsDir() || source.IsArchive(c.Context, arg), c.Context.Err()
}

// placesQuestion is about all tables in which an indicator can stand. Archives are not
// read for the content of memory, which an export does that names it.
func placesQuestion() question {
	q := question{}
	for _, t := range schema.Tables() {
		isPlace := slices.ContainsFunc(indicators.Places, func(p indicators.Place) bool { return p.Table == t.Name })
		if t.Name == "checkpoints" || isPlace {
			q.tables = append(q.tables, t)
		}
	}
	return q
}

// readIndicators reads the lists, and says what of them is not searched for.
func readIndicators(ctx context.Context, names []string, std streams) (*indicators.Set, error) {
	var all []indicators.Indicator
	for _, name := range names {
		in := io.NopCloser(std.in)
		if name != "-" {
			file, err := openNamed(ctx, name)
			if err != nil {
				return nil, &usageError{err: err}
			}
			in = file
		}
		list, skipped, err := indicators.Read(in)
		in.Close() //nolint:errcheck // it was only read
		if err != nil {
			return nil, &usageError{err: fmt.Errorf("%q: %w", name, err)}
		}
		all = append(all, list...)
		for i, s := range skipped {
			if i == maxCandidates {
				fmt.Fprintf(std.err, "ckexport: %s: and %s more\n", quotedPath(name), units.Count(len(skipped)-i, "line"))
				break
			}
			fmt.Fprintf(std.err, "ckexport: %s:%d: no indicator of a known kind: %s\n", quotedPath(name), s.Line, plain.Cell(s.Text[:min(len(s.Text), 80)]))
		}
	}
	if len(all) == 0 {
		return nil, usagef("%s: no indicators", strings.Join(names, ", "))
	}
	return indicators.NewSet(all), nil
}

func searchIndicators(ctx context.Context, db *sql.DB, set *indicators.Set, write func(resultRows) error) error {
	hits := &memoryRows{names: []string{"indicator", "kind", "note", "table_name", "row_key", "column_name", "value", "container_name", "checkpoint_id"}}
	if err := set.Search(ctx, db, func(h indicators.Hit) error {
		row := []any{h.Indicator.Text, string(h.Indicator.Kind), h.Indicator.Note, h.Place.Table, h.Key, h.Place.Column, h.Value, h.ContainerName, h.CheckpointID}
		for i, v := range row {
			row[i] = nilIf(v == "", v)
		}
		hits.rows = append(hits.rows, row)
		return nil
	}); err != nil {
		return err
	}
	return write(hits)
}
