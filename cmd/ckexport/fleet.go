package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/cmd/ckexport/internal/sandbox"
	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
)

// askFlags are the flags of commands that ask outputs or archives.
func askFlags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "archives read at a time", Value: runtime.GOMAXPROCS(0), DefaultText: "the CPUs"},
	}, placeFlags(), sandboxFlags())
}

// askedHelp tells what such commands take.
const askedHelp = "OUT is an output of any kind, or several, which then are one fleet; or archives, folders of them and patterns, as for export: they are exported\n" +
	"to memory, only what the question needs, and gone afterwards."

// payloadsAsked is how much of each content is kept of archives that are exported
// for a question only.
const payloadsAsked = 64 << 10

// asked is what a command asks, open for SQL.
type asked struct {
	db   *sql.DB
	ends []func() error   // what closes it, first things last
	bad  []schema.Archive // that could not be read whole
}

func (a *asked) close() error {
	var errs []error
	for _, end := range slices.Backward(a.ends) {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

// ask opens the inputs of a command for its question, for which the process is
// confined, and calls answer. In the end it says which archives could not be read
// whole; the error then is errBadArchives.
func ask(c *cli.Context, in *askedInputs, q question, std streams, answer func(*sql.DB) error, more ...sandbox.Grant) (err error) {
	if jobs := c.Int("jobs"); jobs < 1 {
		return usagef("--jobs %d: want 1 or more", jobs)
	}
	a := &asked{}
	defer func() { err = errors.Join(err, a.close()) }()
	box := confinementOf(c, slog.New(slog.DiscardHandler))
	if o := in.one(); o != nil {
		db, err := o.openSQL(c.Context, sinks.SQLOptions{Views: q.views, Named: q.named()}, box, more...)
		if err != nil {
			return err
		}
		a.db, a.ends = db, append(a.ends, db.Close)
	} else if err := a.open(c.Context, in, q, askOptions{jobs: c.Int("jobs"), box: box, grants: more, std: std}); err != nil {
		return err
	}
	err = answer(a.db)
	if err != nil && !errors.Is(err, errNewFindings) {
		return err
	}
	if len(a.bad) > 0 {
		tellArchives(a.bad, std)
		return errors.Join(err, errBadArchives)
	}
	return err
}

// askOptions says how inputs are opened.
type askOptions struct {
	jobs   int
	box    confinement
	grants []sandbox.Grant
	std    streams
}

// open makes one fleet of several outputs, and of archives.
func (a *asked) open(ctx context.Context, in *askedInputs, q question, opts askOptions) error {
	openFleet := duckdb.OpenFleet()
	if openFleet == nil {
		return &usageError{err: errors.New("this build has no DuckDB, so it can ask neither archives nor several outputs"), hint: "export archives with -o, and ask the output with another program"}
	}
	footprint, err := in.footprint(ctx)
	if err != nil {
		return err
	}
	options := sinks.FleetOptions{Tables: q.tables, Views: q.views, Often: q.often}
	grants := slices.Clone(opts.grants)
	if in.listing != nil {
		if q.scan {
			return &usageError{err: errors.New("memory_matches takes YARA rules, which are given to an export"), hint: "ckexport INPUT... -o scanned.duckdb --scan builtin"}
		}
		folder, err := newTempFolder()
		if err != nil {
			return err
		}
		a.ends = append(a.ends, folder.Close)
		options.Folder = folder.path
		grants = append(append(grants, folder.grants()...), inputGrants(in.listing)...)
	}
	fetched, err := in.fetchFolder()
	if err != nil {
		return err
	}
	a.ends = append(a.ends, fetched.Close)
	if err := opts.box.to(footprint, append(grants, fetched.grants()...)...); err != nil {
		return err
	}
	if options.Parts, err = in.parts(ctx, q, fetched); err != nil {
		return err
	}
	fleet, err := openFleet(ctx, options)
	if err != nil {
		return err
	}
	a.ends = append(a.ends, fleet.Close)
	archives, err := in.look(ctx)
	if err != nil {
		return err
	}
	if len(archives) == 0 {
		err = fleet.Commit(ctx)
	} else {
		err = a.export(ctx, archives, fleet, q, opts)
	}
	if err != nil {
		return err
	}
	a.db = fleet.SQL()
	return nil
}

// export reads archives into the fleet.
func (a *asked) export(ctx context.Context, archives []source.Item, fleet sinks.Fleet, q question, opts askOptions) error {
	run, err := thisRun(time.Now(), nil)
	if err != nil {
		return err
	}
	logs := schema.LogsOutline
	run.Logs, run.Memory = &logs, append([]string{}, q.memory...)
	defer governedHeap(ctx, 0, 0)()
	bar := newProgress(opts.std.err, false)
	bar.start(archives)
	summary, err := pipeline.Run(ctx, pipeline.Options{
		Archives: archives, Tables: q.decoded(), Sink: fleet, Run: *run, Raw: q.raw, Memory: q.memory,
		Limits: decode.DefaultLimits(), PayloadLimit: payloadsAsked, Jobs: opts.jobs, Log: slog.New(slog.DiscardHandler),
		OnArchive: func(r pipeline.Report) {
			bar.archive(r)
			if r.Status == schema.StatusPartial || r.Status == schema.StatusFailed {
				a.bad = append(a.bad, schema.Archive{Source: r.Archive.Name(), Status: r.Status, Error: &r.Error})
			}
		},
	})
	bar.finish()
	switch {
	case err != nil:
		return fmt.Errorf("reading the archives: %w", err)
	case summary.Interrupted:
		return errInterrupted
	}
	return nil
}

// footprint is what asking all outputs touches.
func (in *askedInputs) footprint(ctx context.Context) (sinks.Footprint, error) {
	var all sinks.Footprint
	for _, o := range in.outputs {
		touched, err := o.format.Footprint(ctx, o.location)
		if err != nil {
			return all, err
		}
		all.Read, all.Own = append(all.Read, touched.Read...), append(all.Own, touched.Own...)
		all.Network = all.Network || touched.Network
	}
	for _, paths := range []*[]string{&all.Read, &all.Own} {
		slices.Sort(*paths)
		*paths = slices.Compact(*paths)
	}
	return all, nil
}

// fetchFolder returns a folder for copies of what outputs have elsewhere; nil where all
// are files of this machine.
func (in *askedInputs) fetchFolder() (*tempFolder, error) {
	if !slices.ContainsFunc(in.outputs, func(o *output) bool { return o.format.Scheme != "" }) {
		return nil, nil
	}
	return newTempFolder()
}

// outputsAtATime is how many outputs are opened at a time: a store takes its time to
// answer.
const outputsAtATime = 8

// part returns an output as a part of a fleet, with copies in a folder of that name
// within one as fetchFolder returns it.
func (o *output) part(ctx context.Context, wanted []string, fetched *tempFolder, name string) (sinks.Part, error) {
	dir := ""
	if fetched != nil {
		dir = filepath.Join(fetched.path, name)
	}
	p, err := o.format.Part(ctx, o.location, wanted, dir)
	if err != nil {
		return p, cmp.Or(o.mustBeReadable(), err)
	}
	return p, nil
}

// parts returns the outputs as parts of a fleet, as part does.
func (in *askedInputs) parts(ctx context.Context, q question, fetched *tempFolder) ([]sinks.Part, error) {
	parts := make([]sinks.Part, len(in.outputs))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(outputsAtATime)
	for i, o := range in.outputs {
		group.Go(func() (err error) {
			parts[i], err = o.part(groupCtx, q.names(), fetched, strconv.Itoa(i))
			return err
		})
	}
	return parts, cmp.Or(ctx.Err(), group.Wait())
}
