package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/search"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/sinks"
)

const grepCodesHelp = `EXIT CODES:
   0    something was found
   1    nothing was found, or the search failed: then standard error says why
   2    wrong usage: the pattern, flags, an input that does not exist
   3    some archives failed or are partial: see standard error
   130  interrupted`

// grepOptions are the flags of grep.
type grepOptions struct {
	pattern *search.Pattern
	inputs  []string
	places  places
	context int
	most    int
	count   bool
	json    bool
	jobs    int
	limits  decode.Limits
}

func grepCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "grep",
		Usage:     "look for a pattern in the memory and the files of archives",
		ArgsUsage: "PATTERN INPUT...",
		Description: "PATTERN is a regular expression of RE2, over bytes: ^ and $ are those of lines, and a dot matches neither a line end nor a NUL. INPUT is as for export.\n" +
			"Memory of processes and shared objects, changed and deleted files, tmpfs, volumes, logs of containers, and what waits in pipes, sockets, queues and terminals\n" +
			"are searched. A line is: archive: container: where: text, escaped where it is not to be printed. A match of up to 2 KiB is found wherever it stands, but not\n" +
			"across mappings, nor across pages that the archive does not have. Nothing is written.\n\n" +
			"EXAMPLES:\n" +
			"   ckexport grep 'stratum\\+tcp://\\S+' /var/lib/kubelet/checkpoints\n" +
			"   ckexport grep -F -i -C 32 'authorization: bearer' web.tar\n" +
			"   ckexport grep --hex '6a 29 58 99 ?? ?? 5f' --json archives | jq .address",
		CustomHelpTemplate: cli.CommandHelpTemplate + "\n" + grepCodesHelp + "\n",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "fixed-strings", Aliases: []string{"F"}, Usage: "PATTERN is a text"},
			&cli.BoolFlag{Name: "ignore-case", Aliases: []string{"i"}, Usage: "upper and lower case are the same"},
			&cli.BoolFlag{Name: "hex", Usage: "PATTERN is bytes in hexadecimal, with ?? for any byte"},
			&cli.IntFlag{Name: "context", Aliases: []string{"C"}, Usage: "show `N` bytes in front of a match, and behind it"},
			&cli.IntFlag{Name: "max-count", Aliases: []string{"m"}, Usage: "show the first `N` matches of an archive, and count the others", Value: 10_000},
			&cli.BoolFlag{Name: "count", Aliases: []string{"c"}, Usage: "only count the matches of each checkpoint"},
			&cli.BoolFlag{Name: "json", Usage: "an object of JSON on each line"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "archives read at a time", Value: runtime.GOMAXPROCS(0), DefaultText: "the CPUs"},
		}, slices.Concat(placeFlags(), limitFlags(), sandboxFlags())...),
		Action: func(c *cli.Context) error {
			opts, err := readGrepFlags(c)
			if err != nil {
				return err
			}
			return grep(c.Context, opts, confinementOf(c, warnings(std)), std)
		},
	}
}

func readGrepFlags(c *cli.Context) (*grepOptions, error) {
	opts := &grepOptions{places: placesOf(c), context: c.Int("context"), most: c.Int("max-count"), count: c.Bool("count"), json: c.Bool("json"), jobs: c.Int("jobs")}
	switch {
	case c.NArg() < 2:
		return nil, &usageError{err: fmt.Errorf("want a pattern and an input, got %d arguments", c.NArg()), hint: "ckexport grep PATTERN INPUT..."}
	case opts.context < 0 || opts.context > search.MaxLength:
		return nil, usagef("--context %d: want 0 to %d", opts.context, search.MaxLength)
	case opts.most < 1:
		return nil, usagef("--max-count %d: want 1 or more", opts.most)
	case opts.jobs < 1:
		return nil, usagef("--jobs %d: want 1 or more", opts.jobs)
	}
	opts.inputs = c.Args().Slice()[1:]
	var err error
	opts.pattern, err = search.Parse(c.Args().First(), search.Syntax{Fixed: c.Bool("fixed-strings"), Hex: c.Bool("hex"), FoldCase: c.Bool("ignore-case")})
	if err != nil {
		return nil, &usageError{err: fmt.Errorf("pattern %q: %w", c.Args().First(), err), hint: "-F takes it as a text; --hex as bytes"}
	}
	opts.limits, err = readLimits(c)
	return opts, err
}

func grep(ctx context.Context, opts *grepOptions, box confinement, std streams) error {
	listing, err := source.List(ctx, providers("", opts.places), opts.inputs, std.in)
	if err != nil {
		return err
	}
	if err := box.to(sinks.Footprint{}, inputGrants(listing)...); err != nil {
		return err
	}
	found, err := listing.Look(ctx)
	if err != nil {
		return err
	}
	write := writeMatches
	switch {
	case opts.count && opts.json:
		write = writeCountJSON
	case opts.count:
		write = writeCount
	case opts.json:
		write = writeMatchesJSON
	}
	most := opts.most
	if opts.count {
		most = 0
	}
	out := bufio.NewWriter(std.out)
	summary, err := search.Run(ctx, search.Options{
		Archives: found.Archives, Pattern: opts.pattern, Context: opts.context, Most: most, Limits: opts.limits, Jobs: opts.jobs,
		OnCheckpoint: func(f *search.Found) error { return errors.Join(write(out, f), out.Flush()) },
	})
	if err != nil {
		return fmt.Errorf("searching: %w", err)
	}
	if summary.Hidden > 0 && !opts.count {
		fmt.Fprintf(std.err, "ckexport: %d more matches are not shown: --max-count\n", summary.Hidden)
	}
	tellArchives(summary.Bad, std)
	switch {
	case len(summary.Bad) > 0:
		return errBadArchives
	case summary.Matches == 0:
		return errNothing
	}
	return nil
}
