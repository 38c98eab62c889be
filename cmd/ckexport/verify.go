package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/cmd/ckexport/internal/sandbox"
	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/units"
	"github.com/ckexport/ckexport/verify"
)

// errDamaged ends verify where it found damage; what, has been printed.
var errDamaged = errors.New("the output is damaged")

func verifyCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "check an output for damage, and compare it with archives",
		ArgsUsage: "OUT",
		Description: "Checks the files of the output against the checksums and row counts noted when they were written, the ledger against the\n" +
			"tables, keys, and references. With --against it reads archives again and compares their rows, and their SHA-256 where the\n" +
			"output has it. Prints a line for each finding; damage ends it with exit code 3, warnings and notes with 0.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Usage: "table or json", Value: "table"},
		}, againstFlags()...),
		Action: func(c *cli.Context) error {
			print, ok := map[string]func(io.Writer, *verify.Report) error{"table": printReport, "json": printReportJSON}[c.String("format")]
			if !ok {
				return usagef("--format %q: want table or json", c.String("format"))
			}
			if c.NArg() == 0 || c.NArg() > 1 && !c.IsSet("against") {
				return &usageError{err: fmt.Errorf("want an output, got %d arguments", c.NArg()), hint: "ckexport verify fleet.parquet, or ckexport verify fleet.parquet --against ./archives"}
			}
			output, err := findOutput(c, c.Args().First())
			if err != nil {
				return err
			}
			if err := output.mustBeReadable(); err != nil {
				return err
			}
			if !c.IsSet("against") {
				for _, flag := range []string{"temp-dir", "jobs", "redact", "redact-key-file"} {
					if c.IsSet(flag) {
						return usagef("--%s is of use with --against only", flag)
					}
				}
			}
			opts := verify.Options{Path: output.location, Format: output.format}
			if c.IsSet("against") {
				opts.Against, err = againstOptions(c, output, std)
			} else {
				err = output.confine(c.Context, confinementOf(c, warnings(std)))
			}
			if err != nil {
				return err
			}
			report, err := verify.Run(c.Context, opts)
			if err != nil {
				return err
			}
			if err := print(std.out, report); err != nil {
				return err
			}
			if !report.Whole {
				return errDamaged
			}
			return nil
		},
	}
}

// printReport prints the findings and a line that sums them up.
func printReport(out io.Writer, r *verify.Report) error {
	for _, f := range r.Findings {
		at := strings.TrimSpace(f.Table + " " + f.Place)
		if at == "" || strings.HasPrefix(f.Place, f.Table+"/") {
			at = cmp.Or(f.Place, "output")
		}
		if _, err := fmt.Fprintf(out, "%s: %s: %s: %s\n", f.Severity, f.Check, plain.Cell(at), plain.Cell(f.Message)); err != nil {
			return err
		}
	}
	counts := map[string]int{}
	for _, f := range r.Findings {
		counts[f.Severity]++
	}
	verdict := "whole"
	if !r.Whole {
		verdict = "damaged"
	}
	_, err := fmt.Fprintf(out, "%s: %s, %s, %s, %s, checked in %.2f s; %s of damage, %s, %s\n",
		verdict, units.Count(r.Tables, "table"), units.Count(r.Rows, "row"), units.Count(r.Files, "file"), units.Bytes(uint64(r.Bytes)), r.Seconds,
		units.Count(counts[sinks.Damage], "finding"), units.Count(counts[sinks.Warning], "warning"), units.Count(counts[sinks.Note], "note"))
	if err == nil && r.Compared != nil {
		_, err = fmt.Fprintln(out, r.Compared)
	}
	return err
}

func printReportJSON(out io.Writer, r *verify.Report) error {
	if r.Findings == nil {
		r.Findings = []sinks.Finding{} // an empty list rather than null
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

func againstFlags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		&cli.StringFlag{Name: "against", Usage: "read the archives of `INPUT...` again and compare; inputs are as of export"},
		&cli.StringFlag{Name: "temp-dir", Usage: "with --against, `FOLDER` for the rows of the archives while they are compared", DefaultText: "that of OUT"},
		&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "with --against, archives read at a time", Value: runtime.GOMAXPROCS(0), DefaultText: "the CPUs"},
	}, placeFlags(), redactionFlags(), sandboxFlags())
}

// againstOptions says what to compare an output with.
func againstOptions(c *cli.Context, output *output, std streams) (*verify.Against, error) {
	if output.format.OpenSQL == nil {
		return nil, usagef("this build has no DuckDB, so it cannot compare an output with archives")
	}
	if c.Int("jobs") < 1 {
		return nil, usagef("--jobs %d: want 1 or more", c.Int("jobs"))
	}
	if dir := c.String("temp-dir"); dir != "" {
		if info, err := os.Stat(dir); err != nil {
			return nil, usagef("--temp-dir: %v", err)
		} else if !info.IsDir() {
			return nil, usagef("--temp-dir %q: is not a folder", dir)
		}
	}
	listing, err := source.List(c.Context, providers(output.location, placesOf(c)), append([]string{c.String("against")}, c.Args().Tail()...), std.in)
	if err != nil {
		return nil, err
	}
	redacted, err := readRedactionFlags(c, output.location)
	if err != nil {
		return nil, err
	}
	redaction, err := redacted.open(true) // a key that is not there is not the output's
	if err != nil {
		return nil, err
	}
	archives := func(ctx context.Context, made string) ([]source.Item, error) {
		grants := slices.Concat(inputGrants(listing), grant(sandbox.All, made), grant(sandbox.Entries, filepath.Dir(made))) // it is removed in the end
		if err := output.confine(c.Context, confinementOf(c, warnings(std)), grants...); err != nil {
			return nil, err
		}
		found, err := listing.Look(ctx)
		if err != nil {
			return nil, err
		}
		return found.Archives, nil
	}
	run, err := thisRun(time.Now(), nil)
	if err != nil {
		return nil, err
	}
	return &verify.Against{
		Archives: archives, TempDir: c.String("temp-dir"), Format: formats(places{})[0],
		Run: pipeline.Options{Run: *run, Limits: decode.DefaultLimits(), PayloadLimit: pipeline.DefaultPayloadLimit, Redaction: redaction, Jobs: c.Int("jobs"), Log: slog.New(slog.DiscardHandler)},
	}, nil
}
