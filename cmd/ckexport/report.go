package main

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/queries"
	fleetreport "github.com/ckexport/ckexport/report"
	"github.com/ckexport/ckexport/units"
)

func reportCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "report",
		Usage:     "make one page of outputs or archives: the fleet, what detections found, charts, and the checkpoints that matter most",
		ArgsUsage: "OUT... -o PAGE.html",
		Description: askedHelp + "\n\nThe page is one HTML file that fetches nothing and runs no script. Lists are cut, and say by which command the\n" +
			"rest is to be had, so that a page of 5,000 checkpoints is no larger than one of 50. It holds command lines and paths: it is made 0600.\n" +
			"An earlier report is replaced, any other file is not.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the page to `PAGE`, or to standard output for -"},
		}, slices.Concat(judgeFlags(), askFlags())...),
		Action: func(c *cli.Context) error {
			if c.NArg() < 1 || c.String("output") == "" {
				return &usageError{err: fmt.Errorf("want an output and -o PAGE, got %d arguments", c.NArg()), hint: "ckexport report fleet.duckdb -o report.html"}
			}
			return makeReport(c, c.String("output"), std)
		},
	}
}

func makeReport(c *cli.Context, path string, std streams) (err error) {
	in, err := findInputs(c, c.Args().Slice(), std)
	if err != nil {
		return err
	}
	if path != "-" {
		if err := in.mustBeOutside(c.Context, "-o", path); err != nil {
			return err
		}
	}
	known, err := openJudging(c, std)
	if err != nil {
		return err
	}
	page, err := openOwn(c.Context, "-o", path, fleetreport.Beginning, std)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, page.Close()) }()
	return ask(c, in, wholeQuestion(queries.Views()), std, func(db *sql.DB) error {
		judge, err := known.judge(c.Context)
		if err != nil {
			return err
		}
		version, _ := versionOf()
		r, err := fleetreport.Make(c.Context, db, fleetreport.Options{Inputs: in.args, Version: version, Now: time.Now(), Judge: judge})
		if err != nil {
			return fmt.Errorf("making the report: %w", err)
		}
		if err := r.Write(page); err != nil {
			return err
		}
		if err := page.commit(); err != nil {
			return err
		}
		_, err = fmt.Fprintf(std.err, "%s: %s; %d of %s found something\n", quotedPath(path), units.Count(r.Checkpoints, "checkpoint"), len(r.Detections), units.Count(r.Checks(), "detection"))
		return err
	}, append(known.grants(c.Context), page.grants()...)...)
}
