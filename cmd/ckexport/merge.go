package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/units"
)

func mergeCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "merge",
		Usage:     "add outputs to one",
		ArgsUsage: "OUT... -o ALL",
		Description: "Adds the rows of outputs of any kind, or patterns of them, to the output ALL, new or not, in one step. A checkpoint that several have, or ALL has\n" +
			"already, is there once. The ledger comes along: a later run into ALL does not read their archives again. All must have the same tables, and be\n" +
			"made with the same --redact policy and key, and the same --logs.\n\n" +
			"EXAMPLE:\n   ckexport merge 'nodes/*.parquet' -o fleet.duckdb",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "add to the output `ALL` (required)"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "only errors"},
		}, slices.Concat(lockFlags(), placeFlags(), sandboxFlags())...),
		Action: func(c *cli.Context) error {
			if c.NArg() < 1 || c.String("output") == "" {
				return &usageError{err: fmt.Errorf("want outputs and -o ALL, got %d arguments", c.NArg()), hint: "ckexport merge 'nodes/*.parquet' -o fleet.duckdb"}
			}
			in, err := findInputs(c, c.Args().Slice(), std)
			if err != nil {
				return err
			}
			if in.listing != nil {
				return &usageError{err: errors.New("merge takes outputs only, and some of these are archives"), hint: "ckexport INPUT... -o ALL exports archives"}
			}
			return merge(c, in, c.String("output"), std)
		},
	}
}

func merge(c *cli.Context, in *askedInputs, location string, std streams) (err error) {
	ctx := c.Context
	openFleet := duckdb.OpenFleet()
	if openFleet == nil {
		return usagef("this build has no DuckDB, so it cannot merge outputs")
	}
	like, err := in.agree(ctx)
	if err != nil {
		return err
	}
	timeout, err := lockTimeout(c)
	if err != nil {
		return err
	}
	format, err := formats(placesOf(c)).For(location)
	if err != nil {
		return err
	}
	run, err := thisRun(time.Now(), nil)
	if err != nil {
		return err
	}
	sink, err := format.Open(ctx, location, sinks.Options{
		Tables: like.tables, RunID: run.RunID, Version: run.ToolVersion, Views: queries.Views, Policy: like.Policy, LockTimeout: timeout,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	added, err := in.addTo(c, location, openFleet, sink, like, confinementOf(c, warnings(std)), run)
	if err != nil {
		return err
	}
	if err := sink.Commit(ctx); err != nil {
		return fmt.Errorf("output %q: committing: %w", location, err)
	}
	if err := sink.Close(); err != nil {
		return &sinks.CommittedError{Path: location, Err: err}
	}
	if !c.Bool("quiet") {
		fmt.Fprintf(std.err, "%s: %s, %s added from %s\n", quotedPath(location), units.Count(added.checkpoints, "checkpoint"), units.Count(added.rows, "row"), units.Count(len(in.outputs), "output"))
	}
	return nil
}

// likeAll is how all outputs that are merged were made.
type likeAll struct {
	sinks.Policy
	tables []*schema.Table
}

// agree checks that the outputs can be one: were made in the same way, with the same
// tables.
func (in *askedInputs) agree(ctx context.Context) (like likeAll, err error) {
	var first sinks.Description
	for i, o := range in.outputs {
		d, err := o.format.Describe(ctx, o.location)
		if err != nil {
			return like, err
		}
		slices.Sort(d.Tables)
		if i == 0 {
			first = d
		}
		differs := func(a, b string) error {
			return usagef("%q was made %s, %q %s: they can't be one output", in.outputs[0].location, a, o.location, b)
		}
		switch {
		case !slices.Contains(d.Tables, "archives"):
			return like, usagef("output %q: it is one table without its ledger; merge takes whole outputs", o.location)
		case d.Redaction != first.Redaction:
			return like, differs(redactedHow(first.Redaction), redactedHow(d.Redaction))
		case d.AllLogLines != first.AllLogLines:
			return like, differs(fmt.Sprintf("with all log lines: %t", first.AllLogLines), fmt.Sprintf("with all log lines: %t", d.AllLogLines))
		case !slices.Equal(d.Tables, first.Tables):
			return like, differs(tablesBut(first.Tables, d.Tables), tablesBut(d.Tables, first.Tables))
		}
	}
	like.Policy = first.Policy
	for _, t := range schema.Tables() {
		if slices.Contains(first.Tables, t.Name) {
			like.tables = append(like.tables, t)
		}
	}
	if len(like.tables) != len(first.Tables) {
		return like, usagef("output %q: made by another version of ckexport, with other tables", in.outputs[0].location)
	}
	return like, nil
}

// tablesBut tells what tables are there and not in others.
func tablesBut(there, others []string) string {
	only := slices.DeleteFunc(slices.Clone(there), func(t string) bool { return slices.Contains(others, t) })
	if len(only) == 0 {
		return "with fewer tables"
	}
	if more := len(only) - 3; more > 0 {
		only = append(only[:3], fmt.Sprintf("and %d more", more))
	}
	return "with tables " + strings.Join(only, ", ")
}

func redactedHow(policy string) string {
	if policy == "" {
		return "without --redact"
	}
	return "with --redact " + policy
}

// addition is what a merge adds.
type addition struct{ checkpoints, rows int }

// addTo writes the rows that the output at location lacks to its sink.
func (in *askedInputs) addTo(c *cli.Context, location string, open sinks.OpenFleet, sink sinks.Sink, like likeAll, box confinement, run *schema.Run) (added addition, err error) {
	ctx := c.Context
	there, err := findOutput(c, location)
	isThere := err == nil
	if isThere { // and not only its name
		isThere, _ = there.format.Recognise(ctx, location)
	}
	all := *in
	if isThere {
		all.outputs = append([]*output{there}, in.outputs...)
	}
	footprint, err := all.footprint(ctx)
	if err != nil {
		return added, err
	}
	fetched, err := all.fetchFolder()
	if err != nil {
		return added, err
	}
	defer func() { err = errors.Join(err, fetched.Close()) }()
	if err := box.to(sink.Footprint(), append(outputGrants(footprint), fetched.grants()...)...); err != nil {
		return added, err
	}
	parts, err := in.parts(ctx, question{tables: like.tables}, fetched)
	if err != nil {
		return added, err
	}
	if isThere {
		first, err := there.part(ctx, telling(like.tables), fetched, "there")
		if err != nil {
			return added, err
		}
		parts = slices.Insert(parts, 0, first)
	}
	fleet, err := open(ctx, sinks.FleetOptions{Parts: parts, Tables: like.tables, Added: isThere})
	if err != nil {
		return added, err
	}
	defer func() { err = errors.Join(err, fleet.Close()) }() // a database is open for reading until then
	if err := fleet.Commit(ctx); err != nil {
		return added, err
	}
	for _, t := range like.tables {
		if err := fleet.Rows(ctx, t, func(rows arrow.RecordBatch) error {
			added.rows += int(rows.NumRows())
			if t.Name == "checkpoints" {
				added.checkpoints += int(rows.NumRows())
			}
			return sink.Write(ctx, t, rows)
		}); err != nil {
			return added, fmt.Errorf("table %s: %w", t.Name, cmp.Or(ctx.Err(), err))
		}
	}
	return added, writeRun(ctx, sink, run, like.tables)
}

// telling returns the tables that tell which rows of others an output has already: its
// checkpoints, and the tables whose rows are not those of checkpoints.
func telling(tables []*schema.Table) []string {
	var names []string
	for _, t := range tables {
		if t.Name == "checkpoints" || t.Scope != schema.ScopeCheckpoint {
			names = append(names, t.Name)
		}
	}
	return names
}

// writeRun adds the row of the run that merges, where there is such a table.
func writeRun(ctx context.Context, sink sinks.Sink, run *schema.Run, tables []*schema.Table) error {
	for _, t := range tables {
		if t.Name != "runs" {
			continue
		}
		run.FinishedAt = time.Now().UTC()
		b := t.NewBuilder()
		b.Append(&schema.Rows{Runs: []schema.Run{*run}})
		batch := b.LastBatch()
		defer batch.Release()
		return sink.Write(ctx, t, batch)
	}
	return nil
}
