package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/shards"
	"github.com/ckexport/ckexport/units"
)

func commitCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "commit",
		Usage:     "make a run visible whose shards are all done",
		ArgsUsage: "OUT",
		Description: "Puts what export --shard I/N --run NAME has staged into the output, in one step, and removes it from beside the output. Where several shards\n" +
			"have a checkpoint, it counts in the archive whose name comes first, as in one run over all. Exit code 1 names the shards that are not done.\n" +
			"Exit code 0 says that the run is visible, also where it was before, and whatever became of single archives: their shards told by exit code 3.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "run", Usage: "`NAME` of the run (required)"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "no summary, only errors"},
		}, slices.Concat(storeFlags(), lockFlags(), sandboxFlags())...),
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return &usageError{err: fmt.Errorf("want an output, got %d arguments", c.NArg()), hint: "ckexport commit fleet.parquet --run NAME"}
			}
			name, err := readRunName(c)
			if err != nil {
				return err
			}
			timeout, err := lockTimeout(c)
			if err != nil {
				return err
			}
			m := &committing{location: c.Args().First(), formats: formats(placesOf(c)), run: name, quiet: c.Bool("quiet"), lockTimeout: timeout, box: confinementOf(c, warnings(std)), std: std}
			return endedBy(c.Context, m.commit(c.Context))
		},
	}
}

// committing is the commit of a run in shards.
type committing struct {
	location    string
	formats     sinks.Formats
	run         string
	quiet       bool
	lockTimeout time.Duration
	box         confinement
	std         streams

	format sinks.Format
}

func (m *committing) commit(ctx context.Context) (err error) {
	if m.format, err = m.formats.For(m.location); err != nil {
		return err
	}
	if err := m.format.Check(ctx, m.location); err != nil {
		return err
	}
	if m.format.Staging == nil {
		return &sinks.RefusedError{Path: m.location, Reason: "outputs of this kind take no runs in shards"}
	}
	run, err := shards.Find(ctx, m.format, m.location, m.run)
	if missing := (*shards.MissingError)(nil); errors.As(err, &missing) {
		return m.orCommitted(ctx, missing)
	} else if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	summary, err := m.merge(ctx, run)
	if err != nil {
		return err
	}
	if err := run.Clear(ctx); err != nil {
		return &sinks.CommittedError{Path: m.location, Err: err}
	}
	if summary == nil {
		m.say("run %s is committed already", m.run)
		return nil
	}
	m.say("run %s is committed: %s of %s from %s", m.run, units.Count(summary.RowCount(), "row"), units.Count(summary.Checkpoints, "checkpoint"), units.Count(run.Shards(), "shard"))
	m.say("archives: %s", archivesText(summary))
	return nil
}

// merge commits the run, and returns nil where the output has it: that is looked at
// when nobody else can write there.
func (m *committing) merge(ctx context.Context, run *shards.Run) (*pipeline.Summary, error) {
	this, err := thisRun(time.Now(), nil)
	if err != nil {
		return nil, err
	}
	opts, err := run.Options()
	if err != nil {
		return nil, err
	}
	opts.RunID, opts.Version, opts.Views, opts.LockTimeout = this.RunID, this.ToolVersion, queries.Views, m.lockTimeout
	opts.OnWait = func() { m.say("another run writes to the output: waiting for its end") }
	sink, err := m.format.Open(ctx, m.location, opts)
	if err != nil {
		return nil, err
	}
	defer sink.Close() // after Commit there is nothing left to lose
	if err := m.box.to(sink.Footprint(), outputGrants(run.Footprint())...); err != nil {
		return nil, err
	}
	switch err := run.CheckOutput(ctx, m.format, m.location); {
	case errors.Is(err, shards.ErrCommitted) && opts.Overwrite:
		return nil, nil
	case errors.Is(err, shards.ErrCommitted): // the sink may have to put in order what a killed commit left
		return nil, sink.Commit(ctx)
	case err != nil:
		return nil, err
	}
	summary, err := pipeline.Merge(ctx, pipeline.MergeOptions{Run: run, Tables: opts.Tables, Sink: sink, Log: m.box.log})
	if err != nil {
		return nil, fmt.Errorf("output %q: %w", m.location, err)
	}
	if err := sink.Close(); err != nil {
		return nil, &sinks.CommittedError{Path: m.location, Err: err}
	}
	return summary, nil
}

// orCommitted settles what it means that shards are missing: where the output has
// the run, what was staged is gone with reason.
func (m *committing) orCommitted(ctx context.Context, missing *shards.MissingError) error {
	place, err := m.format.Staging(m.location, m.run)
	if err != nil {
		return err
	}
	if err := m.box.to(place.Footprint()); err != nil {
		return err
	}
	committed, err := shards.IsCommitted(ctx, m.format, m.location, m.run)
	switch {
	case err != nil:
		return err
	case !committed:
		return fmt.Errorf("output %q: %w", m.location, missing)
	}
	if err := place.Clear(ctx); err != nil {
		return err
	}
	m.say("run %s is committed already", m.run)
	return nil
}

// say tells what happened, unless nobody wants to know.
func (m *committing) say(format string, args ...any) {
	if !m.quiet {
		fmt.Fprintf(m.std.err, format+"\n", args...)
	}
}
