package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
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
				if opts.metrics, err = openRunMetrics(c.String("metrics-file")); err != nil {
					return err
				}
			}
			return opts.metrics.ended(opts.shardEnded(export(c.Context, opts, std), std))
		},
	}
}

// What --compact may be.
const (
	compactAuto  = "auto"
	compactNever = "never"
)

// runFlags are the flags of whatever exports: export, and watch, which hands them
// to its runs.
func runFlags(logLevel string) []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "output `PATH`, .parquet, .duckdb or .iceberg, s3://BUCKET/NAME with .parquet or .iceberg, or iceberg://NAMESPACE (required)"},
		&cli.StringFlag{Name: "tables", Usage: "export only these `TABLES`, separated by commas"},
		&cli.StringFlag{Name: "exclude-tables", Usage: "export all but these `TABLES`, separated by commas"},
		&cli.StringFlag{Name: "logs", Usage: "lines of CRIU's dump.log and restore.log in log_lines: outline for those that warn, fail or tell a fact (log_phases tells of the rest), or all", Value: schema.LogsOutline},
		&cli.StringSliceFlag{Name: "label", Usage: "`KEY=VALUE` for checkpoints.labels; may be given several times"},
		&cli.BoolFlag{Name: "payloads", Usage: "export what waits in pipes, sockets, TCP and message queues and terminals, deleted files and BPF maps: it may be secret"},
		&cli.StringFlag{Name: "payload-limit", Usage: "with --payloads, export the first `SIZE` bytes of each; KiB, MiB, GiB and TiB may follow the number", Value: units.Size(pipeline.DefaultPayloadLimit)},
		&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "archives read at a time", Value: runtime.GOMAXPROCS(0), DefaultText: "the CPUs"},
		memoryFlag(),
		&cli.StringFlag{Name: "compact", Usage: "auto joins small files of a .parquet dataset that has many of them; never leaves what earlier runs wrote as it is", Value: compactAuto},
		&cli.BoolFlag{Name: "raw", Usage: "keep every message of every image as JSON too, in image_entries"},
		&cli.BoolFlag{Name: "sha256", Usage: "keep the SHA-256 of every archive, in archives and runs; plain archives are then read whole"},
		metricsFileFlag(),
		&cli.StringFlag{Name: "log-level", Usage: "debug, info, warn or error", Value: logLevel},
		&cli.StringFlag{Name: "log-format", Usage: "text or json", Value: "text"},
		memoryKindsFlag(),
		scanFlag(),
	}, slices.Concat(placeFlags(), lockFlags(), limitFlags(), redactionFlags(), sandboxFlags())...)
}

// exportFlags reads and checks the flags.
func exportFlags(c *cli.Context, std streams) (*exportOptions, error) {
	opts := &exportOptions{
		inputs: c.Args().Slice(), places: placesOf(c), output: c.String("output"), jobs: c.Int("jobs"), overwrite: c.Bool("overwrite"), refresh: c.Bool("refresh"),
		dryRun: c.Bool("dry-run"), raw: c.Bool("raw"), sha256: c.Bool("sha256"), quiet: c.Bool("quiet"), summaryJSON: c.String("summary-json"),
		noSandbox: c.Bool("no-sandbox"), settled: c.Bool("settled"), labels: map[string]string{},
	}
	if len(opts.inputs) == 0 {
		return nil, &usageError{err: errors.New("no input"), hint: "ckexport " + c.Command.Name + " ./archives -o fleet.parquet"}
	}
	if opts.output == "" {
		return nil, &usageError{err: errors.New("no output"), hint: "name one with -o, for example: -o fleet.parquet"}
	}
	if opts.refresh && (opts.overwrite || c.IsSet("shard")) {
		return nil, usagef("--refresh goes without --overwrite and --shard")
	}
	if opts.jobs < 1 {
		return nil, usagef("--jobs %d: want 1 or more", opts.jobs)
	}
	for _, l := range c.StringSlice("label") {
		key, value, ok := strings.Cut(l, "=")
		if !ok || key == "" {
			return nil, usagef("--label %q: want key=value", l)
		}
		opts.labels[key] = value
	}
	var err error
	if opts.lockTimeout, err = lockTimeout(c); err != nil {
		return nil, err
	}
	if opts.shard, err = readShard(c); err != nil {
		return nil, err
	}
	limit, err := units.Parse(c.String("payload-limit"))
	switch {
	case err != nil:
		return nil, usagef("--payload-limit: %v", err)
	case c.Bool("payloads"):
		opts.payloads = limit
	case c.IsSet("payload-limit"):
		return nil, usagef("--payload-limit is of use with --payloads only")
	}
	if opts.tables, err = selectTables(c.String("tables"), c.String("exclude-tables")); err != nil {
		return nil, err
	}
	if opts.compact = c.String("compact"); opts.compact != compactAuto && opts.compact != compactNever {
		return nil, usagef("--compact %q: want %s or %s", opts.compact, compactAuto, compactNever)
	}
	if opts.logs, err = readLogsFlag(c, opts.tables); err != nil {
		return nil, err
	}
	if opts.memory, err = readMemoryKinds(c, opts.tables); err != nil {
		return nil, err
	}
	if opts.rules, err = readScanRules(c, opts.tables); err != nil {
		return nil, err
	}
	if opts.limits, err = readLimits(c); err != nil {
		return nil, err
	}
	if err = readMemoryLimit(c, opts); err != nil {
		return nil, err
	}
	if opts.redaction, err = readRedactionFlags(c, opts.output); err != nil {
		return nil, err
	}
	opts.bar = newProgress(std.err, opts.quiet)
	opts.log, err = newLogger(c.String("log-level"), c.String("log-format"), opts.bar)
	return opts, err
}

// readLogsFlag returns which lines of CRIU's logs are asked for.
func readLogsFlag(c *cli.Context, tables []*schema.Table) (string, error) {
	logs := c.String("logs")
	if logs != schema.LogsOutline && logs != schema.LogsAll {
		return "", usagef("--logs %q: want %s or %s", logs, schema.LogsOutline, schema.LogsAll)
	}
	if c.IsSet("logs") && !slices.ContainsFunc(tables, func(t *schema.Table) bool { return t.Name == "log_lines" }) {
		return "", usagef("--logs is of use with the table log_lines only")
	}
	return logs, nil
}

// selectTables returns the tables that --tables and --exclude-tables leave.
func selectTables(only, except string) ([]*schema.Table, error) {
	split := func(flag, list string) ([]string, error) {
		var names []string
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			if _, ok := schema.Lookup(name); !ok {
				hint := "ckexport tables lists them"
				if similar := similarTable(name); slices.Contains(tableNames(), similar) {
					hint = "did you mean " + similar + "?"
				}
				return nil, &usageError{err: fmt.Errorf("%s: no table %q", flag, name), hint: hint}
			}
			names = append(names, name)
		}
		return names, nil
	}
	wanted, err := split("--tables", only)
	if err != nil {
		return nil, err
	}
	unwanted, err := split("--exclude-tables", except)
	if err != nil {
		return nil, err
	}
	var tables []*schema.Table
	for _, t := range schema.Tables() {
		if (len(wanted) == 0 || slices.Contains(wanted, t.Name)) && !slices.Contains(unwanted, t.Name) {
			tables = append(tables, t)
		}
	}
	if len(tables) == 0 {
		return nil, usagef("--tables and --exclude-tables leave no table")
	}
	return tables, nil
}

func newLogger(level, format string, out io.Writer) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usagef("--log-level %q: want debug, info, warn or error", level)
	}
	options := &slog.HandlerOptions{Level: l, ReplaceAttr: printableAttr}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(out, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(out, options)), nil
	}
	return nil, usagef("--log-format %q: want text or json", format)
}

// printableAttr escapes what a log line says, where it could steer a terminal:
// the handlers escape less, that of JSON no controls beyond ASCII.
func printableAttr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString, slog.KindAny:
		a.Value = slog.StringValue(plain.Printable(a.Value.String()))
	}
	return a
}

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
	summaryTo, err := openSummary(opts, std)
	if err != nil {
		return err
	}
	defer summaryTo.Close() // what it would tell, writing has told
	redaction, err := opts.redaction.open(opts.dryRun)
	if err != nil {
		return err
	}
	run, err := thisRun(time.Now(), opts.labels)
	if err != nil {
		return err
	}
	if opts.shard != nil {
		run.RunID = opts.shard.RunID()
	}
	if redaction != nil {
		text := redaction.String()
		run.Redaction = &text
	}
	run.Logs, run.Memory, run.ScanRules = &opts.logs, opts.memory, opts.rules.names
	if opts.payloads > 0 {
		limit := uint64(opts.payloads)
		run.PayloadLimit = &limit
	}
	sink, err := opts.openSink(ctx, format, run, sinks.Options{
		Tables: opts.tables, Overwrite: opts.overwrite, RunID: run.RunID, Version: run.ToolVersion, Views: queries.Views,
		Policy:    sinks.Policy{Redaction: redaction.String(), AllLogLines: opts.logs == schema.LogsAll},
		KeepParts: opts.compact == compactNever, LockTimeout: opts.lockTimeout, OnWait: opts.sayWaiting, MemoryBytes: opts.memoryLimit,
	})
	if err != nil {
		return err
	}
	defer sink.Close() // after Commit there is nothing left to lose
	box := confinement{off: opts.noSandbox, log: opts.log}
	grants := slices.Concat(inputGrants(listing), opts.metrics.grants())
	if r, ok := sink.(*refreshing); ok {
		more, err := r.grants()
		if err != nil {
			return err
		}
		grants = append(grants, more...)
	}
	if err := box.to(sink.Footprint(), grants...); err != nil {
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
		opts.log.Debug("ignored: neither named nor looks like an archive", "file", name)
	}
	if opts.dryRun {
		return dryRun(ctx, opts, std, sink, found)
	}
	if len(found.Archives) == 0 && !opts.settled && opts.shard == nil {
		return nothingFound(opts, std, run, found, summaryTo)
	}
	defer governedHeap(ctx, opts.memoryLimit)()
	known := map[string]bool{}
	opts.bar.start(found.Archives)
	summary, err := pipeline.Run(ctx, pipeline.Options{
		Archives: found.Archives, Tables: opts.tables, Sink: sink, Run: *run, Raw: opts.raw, SHA256: opts.sha256, AllLogLines: opts.logs == schema.LogsAll,
		Memory: opts.memory, Rules: opts.rules.compiled, Limits: opts.limits, PayloadLimit: opts.payloads, Redaction: redaction, Jobs: opts.jobs, Log: opts.log, Replaces: opts.overwrite, OnArchive: knownArchives(known, opts.bar.archive),
	})
	opts.bar.finish()
	if err != nil {
		return fmt.Errorf("output %q: %w", opts.output, err)
	}
	visibleIn := opts.output
	if opts.shard != nil {
		visibleIn = "" // until ckexport commit
	}
	opts.metrics.committed(summary, visibleIn)
	if err := sink.Close(); err != nil {
		return &sinks.CommittedError{Path: opts.output, Err: err}
	}
	if opts.shard == nil {
		opts.warnOfKnown(ctx, format, known)
	}
	if err := report(opts, std, summary, found, summaryTo); err != nil {
		return committedError(visibleIn, err)
	}
	switch {
	case summary.Interrupted:
		return errInterrupted
	case summary.Bad():
		return errBadArchives
	}
	return nil
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
func dryRun(ctx context.Context, opts *exportOptions, std streams, sink sinks.Sink, found *source.Found) error {
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
