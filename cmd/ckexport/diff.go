package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/compare"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

func diffCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "diff",
		Usage:     "tell two checkpoints of an output apart: what was added, removed and changed, table by table",
		ArgsUsage: "OUT BEFORE AFTER",
		Description: "A checkpoint is named by its id or the first 6 or more digits of it, by its archive (name, with or without ending, or path), or by\n" +
			"container@when: the container's name or the beginning of its id, and first, last, a number (checkpoint_seq of view fleet), or a time in\n" +
			"UTC or its beginning, such as 2026-11-23T14:50. ckexport tables TABLE tells what is compared. The exit code is 0 with and without differences.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Usage: "text, json or markdown", Value: "text"},
			&cli.BoolFlag{Name: "summary", Usage: "only how many rows of each table differ"},
			&cli.StringFlag{Name: "tables", Usage: "compare only these `TABLES`, separated by commas"},
			&cli.StringFlag{Name: "exclude-tables", Usage: "compare all but these `TABLES`, separated by commas"},
			&cli.BoolFlag{Name: "memory", Usage: "compare the content of memory too, as far as it was exported with --memory"},
			&cli.IntFlag{Name: "limit", Usage: "show `N` changes of each table at most, 0 for all; JSON has all unless it is given", Value: 50},
		}, slices.Concat(storeFlags(), sandboxFlags())...),
		Action: func(c *cli.Context) error {
			opts, err := diffFlags(c)
			if err != nil {
				return err
			}
			db, err := askOutput(c, c.Args().First(), sinks.SQLOptions{})
			if err != nil {
				return err
			}
			defer db.Close()
			return diff(c.Context, db, opts, std)
		},
	}
}

// diffOptions is what the flags of diff say.
type diffOptions struct {
	before, after string
	tables        []*schema.Table
	format        string
	summary       bool
	limit         int // 0 for all
}

func diffFlags(c *cli.Context) (*diffOptions, error) {
	if c.NArg() != 3 {
		return nil, &usageError{err: fmt.Errorf("want an output and two checkpoints, got %d arguments", c.NArg()), hint: "ckexport diff fleet.duckdb web@first web@last"}
	}
	opts := &diffOptions{before: c.Args().Get(1), after: c.Args().Get(2), format: c.String("format"), summary: c.Bool("summary"), limit: c.Int("limit")}
	if !slices.Contains([]string{"text", "json", "markdown"}, opts.format) {
		return nil, usagef("--format %q: want text, json or markdown", opts.format)
	}
	if opts.limit < 0 {
		return nil, usagef("--limit %d: want 0 or more", opts.limit)
	}
	if opts.format == "json" && !c.IsSet("limit") {
		opts.limit = 0
	}
	var err error
	if opts.tables, err = selectTables(c.String("tables"), c.String("exclude-tables")); err != nil {
		return nil, err
	}
	if !c.IsSet("tables") && !c.Bool("memory") { // of a process at work nearly all of it changes
		opts.tables = slices.DeleteFunc(opts.tables, func(t *schema.Table) bool { return t.Memory != "" })
	}
	if c.IsSet("tables") {
		for _, t := range opts.tables {
			if t.Comparison == nil {
				return nil, usagef("--tables: %s is not compared: it %s", t.Name, t.NotCompared)
			}
		}
	}
	return opts, nil
}

// maxCandidates bounds how many checkpoints a message about a name lists.
const maxCandidates = 20

// nameError turns a name that does not mean one checkpoint into a message that
// lists what it may mean.
func nameError(err error) error {
	var e *compare.NameError
	if !errors.As(err, &e) {
		return err
	}
	var b strings.Builder
	b.WriteString(e.Error())
	for i, c := range e.Candidates {
		if i == maxCandidates {
			fmt.Fprintf(&b, "\n... and %d more", len(e.Candidates)-i)
			break
		}
		b.WriteString("\n" + describeCheckpoint(c))
	}
	return &usageError{err: errors.New(b.String()), hint: "a checkpoint is named by its id, its archive, or container@time; ckexport query OUT fleet lists all"}
}

// describeCheckpoint names a checkpoint in all ways, on one line.
func describeCheckpoint(c compare.Checkpoint) string {
	parts := []string{quotedPath(c.ID), takenAt(c)}
	if name := c.Name(); name != c.ID {
		parts = append(parts, quotedPath(name))
	}
	if len(c.Archives) > 0 {
		parts = append(parts, quotedPath(c.Archives[0]))
	}
	return strings.Join(parts, "  ")
}

func takenAt(c compare.Checkpoint) string {
	if c.TakenAt.IsZero() {
		return "-"
	}
	return c.TakenAt.Format(time.RFC3339)
}
