package main

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/compare"
	"github.com/ckexport/ckexport/schema"
)

func diffCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "diff",
		Usage:     "tell two checkpoints apart: what was added, removed and changed, table by table",
		ArgsUsage: "OUT... BEFORE AFTER | ARCHIVE ARCHIVE",
		Description: askedHelp + "\n\nTwo archives, or outputs, with one checkpoint each need no names of these. Else a checkpoint is named by its id or the first 6 or more digits of it, by its archive (name, with or without ending, or path), or by\n" +
			"namespace/pod/container@when: of the container what stands behind either slash is enough, or the beginning of its id; when is first, last, a\n" +
			"number (checkpoint_seq of view fleet), or a time in UTC or its beginning, such as 2026-11-23T14:50. A container's only checkpoint needs no when.\n" +
			"ckexport tables TABLE tells what is compared. The exit code is 0 with and without differences.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Usage: "text, json or markdown", Value: "text"},
			&cli.BoolFlag{Name: "summary", Usage: "only how many rows of each table differ"},
			&cli.StringFlag{Name: "tables", Usage: "compare only these `TABLES`, separated by commas"},
			&cli.StringFlag{Name: "exclude-tables", Usage: "compare all but these `TABLES`, separated by commas"},
			&cli.BoolFlag{Name: "memory", Usage: "compare the content of memory too, as far as it was exported with --memory"},
			&cli.IntFlag{Name: "limit", Usage: "show `N` changes of each table at most, 0 for all; JSON has all unless it is given", Value: 50},
		}, askFlags()...),
		Action: func(c *cli.Context) error {
			opts, err := diffFlags(c)
			if err != nil {
				return err
			}
			in, err := findInputs(c, opts.inputs, std)
			if err != nil {
				return err
			}
			return ask(c, in, wholeQuestion(nil).withMemory(opts.memory), std, func(db *sql.DB) error { return diff(c.Context, db, opts, std) })
		},
	}
}

// diffOptions is what the flags of diff say.
type diffOptions struct {
	inputs        []string
	before, after string
	memory        []string // kinds of content of memory that are compared
	tables        []*schema.Table
	format        string
	summary       bool
	limit         int // 0 for all
}

func diffFlags(c *cli.Context) (*diffOptions, error) {
	if c.NArg() < 2 {
		return nil, &usageError{err: fmt.Errorf("want an output and two checkpoints, or two archives, got %d arguments", c.NArg()), hint: "ckexport diff fleet.duckdb web@first web@last, or ckexport diff web-1.tar web-2.tar"}
	}
	args := c.Args().Slice()
	named := len(args) - 2
	opts := &diffOptions{inputs: args[:named], before: args[named], after: args[named+1], format: c.String("format"), summary: c.Bool("summary"), limit: c.Int("limit")}
	if !slices.Contains([]string{"text", "json", "markdown"}, opts.format) {
		return nil, usagef("--format %q: want text, json or markdown", opts.format)
	}
	if named == 0 { // each argument is an archive, and means the checkpoint that it has
		opts.inputs = args
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
	for _, t := range opts.tables {
		if t.Memory != "" && !slices.Contains(opts.memory, t.Memory) {
			opts.memory = append(opts.memory, t.Memory)
		}
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
	return &usageError{err: errors.New(b.String()), hint: "a checkpoint is named by its id, its archive, or namespace/pod/container@time; ckexport list OUT lists all"}
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
