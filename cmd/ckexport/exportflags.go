package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/units"
)

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
		if list != "" && len(names) == 0 {
			return nil, usagef("%s %q: it names no table", flag, list)
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
