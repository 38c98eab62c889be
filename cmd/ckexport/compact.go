package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/units"
)

func compactCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "compact",
		Usage:     "merge what many runs have added to an output, sorted by checkpoint",
		ArgsUsage: "OUT",
		Description: "Every run adds a file to each table of a dataset folder. This merges them into few large ones with the same rows, in one step: those who have\n" +
			"files open keep them. A DuckDB file is copied into a new one, which gives back space.",
		Flags: slices.Concat(storeFlags(), lockFlags(), sandboxFlags()),
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return &usageError{err: fmt.Errorf("want an output, got %d arguments", c.NArg()), hint: "ckexport compact fleet.parquet"}
			}
			_, done, err := rewrite(c, std, func(*schema.Run) sinks.Rewrite { return sinks.Rewrite{Compact: true} })
			if err != nil {
				return err
			}
			if !done.Changed {
				_, err = fmt.Fprintln(std.err, "nothing to do: it is compact already")
				return err
			}
			_, err = fmt.Fprintf(std.err, "%s of %s became %d of %s\n", units.Count(done.FilesBefore, "file"), units.Bytes(uint64(done.BytesBefore)), done.Files, units.Bytes(uint64(done.BytesSize)))
			return err
		},
	}
}

// rewrite changes the output that the first argument names.
func rewrite(c *cli.Context, std streams, what func(*schema.Run) sinks.Rewrite) (*schema.Run, *sinks.Rewritten, error) {
	output, err := findOutput(c, c.Args().First())
	if err != nil {
		return nil, nil, err
	}
	timeout, err := lockTimeout(c)
	if err != nil {
		return nil, nil, err
	}
	run, err := thisRun(time.Now(), nil)
	if err != nil {
		return nil, nil, err
	}
	box, change := confinementOf(c, warnings(std)), what(run)
	change.Begin = func(f sinks.Footprint) error { return box.to(f) }
	done, err := output.format.Rewrite(c.Context, output.location, sinks.Options{
		RunID: run.RunID, Version: run.ToolVersion, Views: queries.Views, LockTimeout: timeout,
		OnWait: func() { fmt.Fprintln(std.err, "another run writes to the output: waiting for its end") },
	}, change)
	switch {
	case err != nil && done != nil && done.Changed && !errors.As(err, new(*sinks.CommittedError)):
		return nil, nil, &sinks.CommittedError{Path: output.location, Err: err}
	case err != nil:
		return nil, nil, endedBy(c.Context, err)
	}
	return run, done, nil
}

// endedBy makes an error that the end of the context brought about one of it.
func endedBy(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	return err
}
