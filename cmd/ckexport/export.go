package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/cmd/ckexport/internal/sandbox"
	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/redact"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/units"
	"github.com/ckexport/ckexport/watch"
)

// exportOptions are the flags of export.
type exportOptions struct {
	inputs      []string
	places      places
	output      string
	tables      []*schema.Table
	labels      map[string]string
	payloads    int64 // bytes of each content that are exported, 0 for none
	jobs        int
	lockTimeout time.Duration
	shard       *sinks.Shard // nil for a run that is not split
	overwrite   bool
	refresh     bool // read known archives again
	dryRun      bool
	quiet       bool
	raw         bool
	sha256      bool
	noSandbox   bool
	memoryLimit int64 // bytes, 0 for none
	limits      decode.Limits
	summaryJSON string
	redaction   redactionOptions
	compact     string   // compactAuto or compactNever
	logs        string   // lines of CRIU's logs: schema.LogsOutline or LogsAll
	memory      []string // kinds of content of memory
	rules       scanRules
	log         *slog.Logger
	bar         *progress
	metrics     *runMetrics
	settled     bool // export only what standard input lists, see readSettled
}

func exportCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "export archives to an output (the default command)",
		ArgsUsage: "INPUT...",
		Description: "INPUT is an archive, a folder of archives, an unpacked archive, a folder of CRIU images, a pattern, or - for a list of them\n" +
			"on standard input; s3://BUCKET/PREFIX, the key of an object or a pattern of keys; oci://REGISTRY/REPOSITORY, with :TAG or @DIGEST for one image. OUT ends in .parquet (a dataset folder; with one table in --tables, a file), .duckdb or .iceberg (a folder of tables);\n" +
			"s3://BUCKET/NAME.parquet and s3://BUCKET/NAME.iceberg are such outputs in an object store; iceberg://NAMESPACE are tables in the catalog that --catalog FILE tells of.",
		CustomHelpTemplate: cli.CommandHelpTemplate + "\n" + exitCodesHelp + "\n",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "overwrite", Usage: "replace an existing output of ckexport instead of adding to it"},
			&cli.BoolFlag{Name: "refresh", Usage: "read archives that the output knows again, and replace their rows: for --payloads, --memory, --scan and --sha256 to take effect on them"},
			&cli.BoolFlag{Name: "dry-run", Usage: "list what would be read, and write nothing"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "no progress and no summary, only errors"},
			&cli.StringFlag{Name: "summary-json", Usage: "write the summary as one JSON object to `PATH`, or to standard output for -"},
			&cli.BoolFlag{Name: "settled", Hidden: true, Usage: "of the archives in the folders, read those that standard input lists: a batch of ckexport watch"},
		}, slices.Concat(shardFlags(), runFlags("warn"))...),
		Action: func(c *cli.Context) error {
			opts, err := exportFlags(c, std)
			if err != nil {
				return err
			}
			if !opts.dryRun {
				if opts.metrics, err = openRunMetrics(c.String("metrics-file"), std); err != nil {
					return err
				}
			}
			return opts.metrics.ended(opts.shardEnded(export(c.Context, opts, std), std))
		},
	}
}

// export refuses what cannot be done first, then opens the files that the process has
// no right to once it is confined, and looks at archives only after that.
func export(ctx context.Context, opts *exportOptions, std streams) error {
	format, err := formats(opts.places).For(opts.output)
	if err != nil {
		return err
	}
	if err := format.Check(ctx, opts.output); err != nil {
		return err
	}
	listing, err := source.List(ctx, providers(opts.output, opts.places), opts.inputs, std.in)
	if err != nil {
		return err
	}
	if opts.shard != nil {
		listing.Shard(opts.shard.Index, opts.shard.Of)
	}
	var settled []watch.Archive
	if opts.settled {
		if settled, err = readSettled(std.in); err != nil {
			return err
		}
	}
	summaryTo, err := openSummary(ctx, opts, std)
	if err != nil {
		return err
	}
	defer summaryTo.Close() // what it would tell, writing has told
	redaction, err := opts.redaction.open(opts.dryRun)
	if err != nil {
		return err
	}
	run, err := opts.runRow(redaction)
	if err != nil {
		return err
	}
	sink, err := opts.openSink(ctx, format, run, opts.sinkOptions(run, redaction))
	if err != nil {
		return err
	}
	defer sink.Close() // after Commit there is nothing left to lose
	if err := opts.confine(ctx, listing, sink, summaryTo.grants()...); err != nil {
		return err
	}
	found, err := listing.Look(ctx)
	if err != nil {
		return err
	}
	if opts.settled {
		settledArchives(found, settled)
	}
	for _, name := range found.Ignored {
		opts.log.Debug("ignored: neither named nor looks like an archive, or no file", "file", name)
	}
	if opts.dryRun {
		return dryRun(ctx, std, sink, found)
	}
	if len(found.Archives) == 0 && !opts.settled && opts.shard == nil {
		return nothingFound(opts, std, run, found, summaryTo)
	}
	defer governedHeap(ctx, opts.memoryLimit, format.OutsideHeap)()
	known := map[string]bool{}
	summary, err := opts.exportArchives(ctx, found.Archives, sink, run, redaction, known)
	if err != nil {
		return err
	}
	if opts.shard == nil {
		opts.warnOfKnown(ctx, format, known)
	}
	if err := report(opts, std, summary, found, summaryTo); err != nil {
		return committedError(opts.visibleIn(), err)
	}
	switch {
	case summary.Interrupted:
		return errInterrupted
	case summary.Bad():
		return errBadArchives
	}
	return nil
}

// runRow makes the row of the run.
func (o *exportOptions) runRow(redaction *redact.Redaction) (*schema.Run, error) {
	run, err := thisRun(time.Now(), o.labels)
	if err != nil {
		return nil, err
	}
	if o.shard != nil {
		run.RunID = o.shard.RunID()
	}
	if redaction != nil {
		text := redaction.String()
		run.Redaction = &text
	}
	run.Logs, run.Memory, run.ScanRules = &o.logs, o.memory, o.rules.names
	if o.payloads > 0 {
		limit := uint64(o.payloads)
		run.PayloadLimit = &limit
	}
	return run, nil
}

// sinkOptions says how the output is opened.
func (o *exportOptions) sinkOptions(run *schema.Run, redaction *redact.Redaction) sinks.Options {
	return sinks.Options{
		Tables: o.tables, Overwrite: o.overwrite, RunID: run.RunID, Version: run.ToolVersion, Views: queries.Views,
		Policy:    sinks.Policy{Redaction: redaction.String(), AllLogLines: o.logs == schema.LogsAll},
		KeepParts: o.compact == compactNever, LockTimeout: o.lockTimeout, OnWait: o.sayWaiting, MemoryBytes: o.memoryLimit,
	}
}

// confine leaves the process what reading the inputs and writing the output take.
func (o *exportOptions) confine(ctx context.Context, listing *source.Listing, sink sinks.Sink, more ...sandbox.Grant) error {
	grants := slices.Concat(inputGrants(listing), o.metrics.grants(), more)
	if r, ok := sink.(*refreshing); ok {
		rewriting, err := r.grants(ctx)
		if err != nil {
			return err
		}
		grants = append(grants, rewriting...)
	}
	return confinement{off: o.noSandbox, log: o.log}.to(sink.Footprint(), grants...)
}

// exportArchives runs the pipeline, until what it wrote is there. It adds the archives
// that the output knew to known.
func (o *exportOptions) exportArchives(ctx context.Context, archives []source.Item, sink sinks.Sink, run *schema.Run, redaction *redact.Redaction, known map[string]bool) (*pipeline.Summary, error) {
	o.bar.start(archives)
	summary, err := pipeline.Run(ctx, pipeline.Options{
		Archives: archives, Tables: o.tables, Sink: sink, Run: *run, Raw: o.raw, SHA256: o.sha256, AllLogLines: o.logs == schema.LogsAll,
		Memory: o.memory, Rules: o.rules.compiled, Limits: o.limits, PayloadLimit: o.payloads, Redaction: redaction, Jobs: o.jobs, Log: o.log, Replaces: o.overwrite, OnArchive: knownArchives(known, o.bar.archive),
	})
	o.bar.finish()
	if err != nil {
		return nil, fmt.Errorf("output %q: %w", o.output, err)
	}
	o.metrics.committed(summary, o.visibleIn())
	if err := sink.Close(); err != nil {
		return nil, &sinks.CommittedError{Path: o.output, Err: err}
	}
	return summary, nil
}

// visibleIn is the output that has the rows of the run when that is done; those of a
// shard are in none until ckexport commit.
func (o *exportOptions) visibleIn() string {
	if o.shard != nil {
		return ""
	}
	return o.output
}

// committedError tells of an error that the output has all rows of the run
// nevertheless; an empty one has not.
func committedError(output string, err error) error {
	if output == "" {
		return err
	}
	return &sinks.CommittedError{Path: output, Err: err}
}

// dryRun lists the archives and whether they would be read.
func dryRun(ctx context.Context, std streams, sink sinks.Sink, found *source.Found) error {
	ledger, err := sink.Ledger(ctx)
	if err != nil {
		return err
	}
	for _, a := range found.Archives {
		state := "new"
		if pipeline.IsKnown(ledger, a) {
			state = "known"
		}
		if _, err := fmt.Fprintf(std.out, "%-5s  %10s  %s\n", state, units.Bytes(uint64(a.Version.Size)), quotedPath(a.Name())); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(std.out, "%s, %s ignored\n", units.Count(len(found.Archives), "archive"), units.Count(len(found.Ignored), "other file"))
	return err
}

// quotedPath returns a path as it is, quoted where it could mislead.
func quotedPath(path string) string {
	if plain.Printable(path) == path && !strings.ContainsAny(path, "\n\t") {
		return path
	}
	return fmt.Sprintf("%q", path)
}
