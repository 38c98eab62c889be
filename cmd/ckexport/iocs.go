package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/indicators"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/sinks"
)

func iocsCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "iocs",
		Usage:     "look for indicators of compromise in all tables of an output",
		ArgsUsage: "OUT FILE...",
		Description: "FILE has an indicator on each line: a SHA-256, an address or network of IPv4 or IPv6, a domain, a URL or a path, with a note behind it, or as CSV, where the\n" +
			"other columns are the note; - is standard input. They may be defanged (hxxp://, [.]). A domain means those below it too, and a URL what is below it.\n" +
			"Domains, URLs, addresses and paths are also found within command lines, variables, annotations and logs. What a run left out is not searched: tables that\n" +
			"OUT does not have, and what --redact replaced. The exit code is 0 with and without hits.\n\n" +
			"EXAMPLE:\n   ckexport iocs fleet.duckdb threat-feed.csv --format csv",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Usage: resultFormats, Value: "table"},
		}, slices.Concat(storeFlags(), sandboxFlags())...),
		Action: func(c *cli.Context) error {
			if c.NArg() < 2 {
				return &usageError{err: fmt.Errorf("want an output and files of indicators, got %d arguments", c.NArg()), hint: "ckexport iocs fleet.duckdb indicators.txt"}
			}
			write, ok := resultWriters[c.String("format")]
			if !ok {
				return usagef("--format %q: want %s", c.String("format"), resultFormats)
			}
			set, err := readIndicators(c.Args().Tail(), std)
			if err != nil {
				return err
			}
			db, err := askOutput(c, c.Args().First(), sinks.SQLOptions{})
			if err != nil {
				return err
			}
			defer db.Close()
			return searchIndicators(c.Context, db, set, func(r resultRows) error { return write(std.out, r) })
		},
	}
}

// readIndicators reads the lists, and says what of them is not searched for.
func readIndicators(names []string, std streams) (*indicators.Set, error) {
	var all []indicators.Indicator
	for _, name := range names {
		in := io.NopCloser(std.in)
		if name != "-" {
			file, err := os.Open(name)
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
				fmt.Fprintf(std.err, "ckexport: %s: and %d lines more\n", quotedPath(name), len(skipped)-i)
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
	hits := &hitRows{}
	if err := set.Search(ctx, db, func(h indicators.Hit) error {
		hits.list = append(hits.list, h)
		return nil
	}); err != nil {
		return err
	}
	return write(hits)
}

// hitRows are hits as the rows of a query.
type hitRows struct {
	list []indicators.Hit
	next int
}

// Columns names the columns.
func (h *hitRows) Columns() ([]string, error) {
	return []string{"indicator", "kind", "note", "table_name", "row_key", "column_name", "value", "container_name", "checkpoint_id"}, nil
}

// Next goes to the next row.
func (h *hitRows) Next() bool {
	h.next++
	return h.next <= len(h.list)
}

// Scan copies the row, NULL for what is empty.
func (h *hitRows) Scan(to ...any) error {
	hit := h.list[h.next-1]
	for i, text := range []string{
		hit.Indicator.Text, string(hit.Indicator.Kind), hit.Indicator.Note, hit.Place.Table, hit.Key, hit.Place.Column, hit.Value, hit.ContainerName, hit.CheckpointID,
	} {
		if place, ok := to[i].(*any); ok {
			if *place = any(text); text == "" {
				*place = nil
			}
		}
	}
	return nil
}

// Err is nil: all hits are there.
func (h *hitRows) Err() error { return nil }
