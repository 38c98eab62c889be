// Command ckbench measures ckexport: against checkpointctl, against bare
// decompression and bare writers, over few and many archives, over small and
// large ones. It makes the archives, runs all programs in turn, and writes
// docs/performance.md. make bench runs it.
//
//	suite.go     what is run over which workloads
//	programs.go  the programs that are compared
//	queries.go   questions to a large output
//	results.go   what was measured
//	goals.go     what is aimed at
//	report.go    the report; picture.go: its picture
//
// Baselines, comparisons within one process, and the making of archives are
// another program, the worker. Thus this one stays small: a process begins
// with the peak memory of the one that started it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/cmd/ckbench/workload"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := app().RunContext(ctx, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "ckbench:", err)
		os.Exit(1)
	}
}

func app() *cli.App {
	return &cli.App{
		Name: "ckbench", Usage: "measure ckexport", HideHelpCommand: true,
		Commands: []*cli.Command{
			runCommand(),
			reportCommand(),
		},
	}
}

func runCommand() *cli.Command {
	return &cli.Command{
		Name: "run", Usage: "run the suite and write its report",
		Flags: []cli.Flag{
			&cli.PathFlag{Name: "ckexport", Usage: "`PATH` of the binary", Value: "bin/ckexport"},
			&cli.PathFlag{Name: "worker", Usage: "`PATH` of the worker's binary", Value: "bin/ckbench-worker"},
			&cli.PathFlag{Name: "checkpointctl", Usage: "`PATH` of the peer's binary; left out where there is none", Value: "bin/checkpointctl"},
			&cli.PathFlag{Name: "originals", Usage: "`FOLDER` of real archives", Value: "testdata/archives"},
			&cli.PathFlag{Name: "work", Usage: "`FOLDER` for archives, which are kept; takes some 8 GiB", Value: "bin/bench"},
			&cli.PathFlag{Name: "outputs", Usage: "`FOLDER` for what programs write, 4 GiB; by default a RAM disk, or where there is none, that of archives"},
			&cli.PathFlag{Name: "report", Usage: "`FOLDER` for performance.md and performance.svg", Value: "docs"},
			&cli.IntFlag{Name: "reps", Usage: "runs of each program; the largest workloads get fewer", Value: 5},
			&cli.Uint64Flag{Name: "seed", Usage: "of what is made", Value: 1},
			&cli.BoolFlag{Name: "quick", Usage: "tiny workloads, to see that all of it works"},
		},
		Action: func(c *cli.Context) error {
			s := &suite{
				ckexport: c.Path("ckexport"), worker: c.Path("worker"), checkpointctl: c.Path("checkpointctl"), originals: c.Path("originals"), work: c.Path("work"), outputs: c.Path("outputs"),
				reps: c.Int("reps"), seed: c.Uint64("seed"), sizes: workload.Full, log: os.Stderr,
			}
			if c.Bool("quick") {
				s.sizes = workload.Quick
			}
			if err := s.run(c.Context); err != nil {
				return err
			}
			data, err := json.MarshalIndent(s.results, "", " ")
			if err != nil {
				return err
			}
			saved := filepath.Join(c.Path("work"), "results.json")
			if err := os.WriteFile(saved, data, 0o600); err != nil {
				return err
			}
			return writeReport(c.Path("report"), &s.results)
		},
	}
}

func reportCommand() *cli.Command {
	return &cli.Command{
		Name: "report", Usage: "write the report of earlier results anew", ArgsUsage: "RESULTS.json FOLDER",
		Action: func(c *cli.Context) error {
			data, err := os.ReadFile(c.Args().Get(0))
			if err != nil {
				return err
			}
			var results Results
			if err := json.Unmarshal(data, &results); err != nil {
				return err
			}
			return writeReport(c.Args().Get(1), &results)
		},
	}
}
