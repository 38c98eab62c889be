package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/metrics"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/watch"
)

func watchCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "watch",
		Usage:     "export archives as they are written into folders, until it is told to end",
		ArgsUsage: "DIR...",
		Description: "Archives that have not changed for a while are exported in batches, each as a run of its own. A batch that fails is tried again;\n" +
			"it waits for another run that writes to the output for " + batchLockTimeout.String() + ", unless --lock-timeout says else.\n" +
			"SIGTERM, SIGINT or SIGHUP end it with exit code 0, after the batch at hand. Names that end in .partial, .part, .tmp or ~, or begin with a dot, are left until they are renamed.",
		Flags: append([]cli.Flag{
			&cli.DurationFlag{Name: "settle", Usage: "read an archive when it was not changed for `TIME`", Value: 5 * time.Second},
			&cli.DurationFlag{Name: "rescan", Usage: "look through the folders every `TIME`, also when nothing is heard of them", Value: 5 * time.Minute},
			&cli.DurationFlag{Name: "batch-interval", Usage: "begin a batch every `TIME` at most", Value: 30 * time.Second},
			&cli.DurationFlag{Name: "grace", Usage: "when told to end, let the batch at hand go on for `TIME`; then what was read of it is exported", Value: 20 * time.Second},
			&cli.StringFlag{Name: "metrics-listen", Usage: "serve /metrics, /healthz and /readyz at `ADDRESS`, such as :9464"},
		}, runFlags("info")...),
		Action: func(c *cli.Context) error {
			opts, err := watchFlags(c, std)
			if err != nil {
				return err
			}
			return watchFolders(c.Context, opts, std)
		},
	}
}

// watchOptions are the flags of watch.
type watchOptions struct {
	*exportOptions
	watch   watch.Options
	listen  string
	runArgs []string // flags for each run
}

// watchFlags reads and checks the flags, those of the runs too.
func watchFlags(c *cli.Context, std streams) (*watchOptions, error) {
	run, err := exportFlags(c, std)
	if err != nil {
		return nil, err
	}
	opts := &watchOptions{
		exportOptions: run, listen: c.String("metrics-listen"),
		watch: watch.Options{
			Folders: run.inputs, Settle: c.Duration("settle"), Rescan: c.Duration("rescan"), BatchInterval: c.Duration("batch-interval"),
			Grace: c.Duration("grace"), Log: run.log,
		},
	}
	for _, name := range []string{"settle", "batch-interval", "grace"} {
		if c.Duration(name) < 0 {
			return nil, usagef("--%s %v: want 0 or more", name, c.Duration(name))
		}
	}
	if opts.watch.Rescan < time.Second {
		return nil, usagef("--rescan %v: want 1s or more", opts.watch.Rescan)
	}
	for _, folder := range run.inputs {
		info, err := os.Stat(folder)
		if err != nil && !strings.Contains(folder, "://") {
			return nil, &source.InputError{Input: folder, Err: errors.Unwrap(err)} // which names the input
		}
		if err != nil || !info.IsDir() {
			return nil, usagef("input %q: watch takes folders of this machine", folder)
		}
	}
	opts.runArgs = flagsGiven(c, runFlags(""))
	if !c.IsSet("lock-timeout") {
		opts.runArgs = append(opts.runArgs, "--lock-timeout="+batchLockTimeout.String())
	}
	return opts, nil
}

// batchLockTimeout is how long a batch waits for another run that writes to the
// output, such as a compaction, where the flag does not say.
const batchLockTimeout = 5 * time.Minute

// flagsGiven returns those of the flags that are given, as arguments.
func flagsGiven(c *cli.Context, flags []cli.Flag) []string {
	var args []string
	for _, f := range flags {
		name := f.Names()[0]
		if !c.IsSet(name) {
			continue
		}
		values := []string{fmt.Sprint(c.Value(name))}
		if _, several := f.(*cli.StringSliceFlag); several {
			values = c.StringSlice(name)
		}
		for _, v := range values {
			args = append(args, "--"+name+"="+v)
		}
	}
	return args
}

func watchFolders(ctx context.Context, opts *watchOptions, std streams) error {
	format, err := formats(opts.places).For(opts.output)
	if err != nil {
		return err
	}
	if err := format.Check(ctx, opts.output); err != nil {
		return err
	}
	v, _ := versionOf()
	counted := metrics.New()
	counted.SetBuild(v)
	health := &health{silent: 2*opts.watch.Rescan + 5*time.Minute}
	batches := &batchRunner{opts: opts, metrics: counted, stderr: std.err}
	opts.watch.Providers = providers(opts.output, opts.places)
	opts.watch.Run = batches.run
	opts.watch.OnState = func(s watch.State) {
		health.note(s)
		counted.SetWatch(metrics.Watch{
			Waiting: s.Waiting, SetAside: s.SetAside, FailedBatches: s.FailedBatches, OldestWaiting: s.OldestWaiting, LastScan: s.LastScan,
		})
	}
	if opts.listen != "" {
		listener, err := net.Listen("tcp", opts.listen)
		if err != nil {
			return usagef("--metrics-listen: %v", err)
		}
		opts.log.Info("serving metrics", "address", listener.Addr().String())
		defer serveMetrics(listener, counted, health, opts.log)()
	}
	return watch.Watch(ctx, opts.watch)
}

// settledArchives keeps what a watch found settled of the archives that are there.
func settledArchives(found *source.Found, settled []watch.Archive) {
	versions := make(map[string]watch.Archive, len(settled))
	for _, a := range settled {
		versions[a.Name] = a
	}
	found.Archives = slices.DeleteFunc(found.Archives, func(item source.Item) bool {
		a, ok := versions[item.Name()]
		return !ok || !a.IsVersion(item.Version)
	})
	found.Ignored = nil
}
