package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/extract"
	"github.com/ckexport/ckexport/sinks"
)

const extractCodesHelp = `EXIT CODES:
   0    everything that was found is written
   1    nothing was found, or the extraction failed; files that have a name are whole
   2    wrong usage: flags, an input or a checkpoint that does not exist, a folder that is not empty
   3    written, but some archives failed or are partial: see standard error
   130  interrupted; files that have a name are whole`

// extractOptions are the flags of extract.
type extractOptions struct {
	inputs     []string
	places     places
	folder     string // empty for standard output
	selection  extract.Selection
	checkpoint string // as the user names it, empty for all
	limits     decode.Limits
	jobs       int
	quiet      bool
}

// textList takes a flag several times; unlike cli's own, values may have commas.
type textList []string

// Set takes one of the flags.
func (l *textList) Set(text string) error {
	*l = append(*l, text)
	return nil
}

// String returns what was given.
func (l *textList) String() string { return strings.Join(*l, " ") }

func extractCommand(std streams) *cli.Command {
	var files, memory, cores, payloads textList
	return &cli.Command{
		Name:      "extract",
		Usage:     "take files, memory, core dumps and what waits in pipes and sockets out of archives",
		ArgsUsage: "INPUT... -o DIR",
		Description: "INPUT is as for export, or an output, whose archives are read again: they must be where they were, and what they were.\n" +
			"DIR is a new folder, or an empty one. Its files have names of their own, NUMBER-SHA256 (the first 16 digits), are for their owner only and never\n" +
			"executable; manifest.jsonl has a line for each thing: what it is, path, owner, mode, times, SHA-256, and what of it is absent. Links and devices\n" +
			"stand in the manifest only. -o - writes the one thing that is found to standard output.\n\n" +
			"What is extracted is secret, and may be hostile.\n\n" +
			"EXAMPLES:\n" +
			"   ckexport extract web.tar --file /etc/passwd --file '/tmp/**' -o out\n" +
			"   ckexport extract fleet.duckdb --checkpoint web@last --core 1 -o out && gdb -c out/*.core\n" +
			"   ckexport extract web.tar --memory 1:7f2b4c000000-7f2b4c021000 -o - | strings",
		CustomHelpTemplate: cli.CommandHelpTemplate + "\n" + extractCodesHelp + "\n",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to the folder `DIR`, or - for standard output (required)"},
			&cli.StringFlag{Name: "checkpoint", Usage: "only from this `CHECKPOINT`, named as for diff"},
			&cli.GenericFlag{Name: "file", Usage: "files whose path in the container matches `GLOB`: changed files, tmpfs, volumes, /dev/shm, deleted files, memfds (/memfd:NAME); ** is any number of folders, and without / in front any folder will do", Value: &files},
			&cli.GenericFlag{Name: "memory", Usage: "memory of process `PID[:FROM-TO]`, or of all, mapping by mapping; a map beside it tells what is where, and what is absent", Value: &memory},
			&cli.GenericFlag{Name: "core", Usage: "core dump of process `PID`, or of all, for gdb and others; x86_64 and aarch64", Value: &cores},
			&cli.GenericFlag{Name: "payload", Usage: "what waits to be read in `KIND`: pipe, socket, or fd (terminals, BPF maps)", Value: &payloads},
			&cli.BoolFlag{Name: "log", Usage: "logs of the container and of CRIU, as they stand"},
			&cli.BoolFlag{Name: "images", Usage: "CRIU's images, as they stand"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "archives read at a time", Value: runtime.GOMAXPROCS(0), DefaultText: "the CPUs"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "only errors"},
		}, slices.Concat(placeFlags(), limitFlags(), sandboxFlags())...),
		Action: func(c *cli.Context) error {
			opts := &extractOptions{
				places: placesOf(c),
				inputs: c.Args().Slice(), folder: c.String("output"), checkpoint: c.String("checkpoint"), jobs: c.Int("jobs"), quiet: c.Bool("quiet"),
				selection: extract.Selection{Logs: c.Bool("log"), Images: c.Bool("images")},
			}
			if err := opts.read(c, files, memory, cores, payloads); err != nil {
				return err
			}
			return extractContents(c.Context, opts, confinementOf(c, warnings(std)), std)
		},
	}
}

// read checks the flags.
func (opts *extractOptions) read(c *cli.Context, files, memory, cores, payloads textList) error {
	switch {
	case len(opts.inputs) == 0:
		return &usageError{err: errors.New("no input"), hint: "ckexport extract INPUT... --file GLOB -o DIR"}
	case opts.folder == "":
		return &usageError{err: errors.New("no output"), hint: "name a folder with -o, or - for standard output"}
	case opts.jobs < 1:
		return usagef("--jobs %d: want 1 or more", opts.jobs)
	}
	s := &opts.selection
	for _, err := range []error{
		parseAll(&s.Files, "file", files, extract.ParseGlob), parseAll(&s.Memory, "memory", memory, extract.ParseRegion),
		parseAll(&s.Cores, "core", cores, extract.ParseProcesses), parseAll(&s.Payloads, "payload", payloads, extract.ParsePayload),
	} {
		if err != nil {
			return err
		}
	}
	if s.IsEmpty() {
		return &usageError{err: errors.New("nothing to extract is named"), hint: "--file GLOB, --memory PID[:FROM-TO], --core PID, --payload " + strings.Join(extract.PayloadNames(), "|") + ", --log, --images"}
	}
	var err error
	opts.limits, err = readLimits(c)
	return err
}

// parseAll reads the values of a flag, each once.
func parseAll[T any](to *[]T, flag string, texts []string, parse func(string) (T, error)) error {
	slices.Sort(texts)
	for _, text := range slices.Compact(texts) {
		value, err := parse(text)
		if err != nil {
			return usagef("--%s %v", flag, err)
		}
		*to = append(*to, value)
	}
	return nil
}

func extractContents(ctx context.Context, opts *extractOptions, box confinement, std streams) error {
	from, err := findArchives(ctx, opts, std)
	if err != nil {
		return err
	}
	to, err := openExtraction(opts.folder)
	if err != nil {
		return err
	}
	defer to.close()
	if err := box.to(sinks.Footprint{}, append(inputGrants(from.listing), to.grants()...)...); err != nil {
		return err
	}
	archives, err := from.look(ctx, opts)
	if err != nil {
		return err
	}
	summary, err := extract.Run(ctx, extract.Options{
		Archives: archives, Selection: opts.selection, Wanted: from.wanted, Limits: opts.limits, Jobs: opts.jobs, To: to.folder,
		OnItem: func(i extract.Item) { to.show(i, opts, std) },
	})
	if err != nil {
		return fmt.Errorf("extracting to %q: %w", to.name, err)
	}
	gone := from.tellGone(summary.Checkpoints, std)
	err = to.finish(summary, opts, std)
	if gone && (err == nil || errors.Is(err, errNothing)) {
		return errBadArchives
	}
	return err
}
