// Command worker does ckbench's work that is not to be in its own process:
// it makes archives, measures baselines, and compares within one process.
//
//	baselines.go  what no exporter can be faster than
//	content.go    the same for what reads all changed files, or all of memory
//	encode.go     Parquet encoding, against arrow-go's writer
//	database.go   loading into DuckDB, against its own
//	query.go      queries over an output
//	profile.go    what the stages of an export take
//
// Its answers are JSON on standard output.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/cmd/ckbench/measure"
	"github.com/ckexport/ckexport/cmd/ckbench/workload"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := app().RunContext(ctx, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "ckbench-worker:", err)
		os.Exit(1)
	}
}

func app() *cli.App {
	return &cli.App{
		Name: "ckbench-worker", Usage: "do a part of what ckbench measures", HideHelpCommand: true,
		Commands: []*cli.Command{
			makeCommand(),
			baselineCommand("read", "read archives", readOnly),
			baselineCommand("decompress", "decompress archives to nothing, on one goroutine", decompress(1)),
			baselineCommand("decompress-async", "decompress archives to nothing, zstd as its library does by default", decompress(0)),
			baselineCommand("hash-files", "decompress archives, and hash each changed file", hashFiles),
			baselineCommand("hash-pages", "decompress archives, and hash each 4 KiB", hashPages),
			baselineCommand("scan", "decompress archives, and scan them with libyara", scanBlocks),
			baselineCommand("images", "decode the main images of archives", mainImages),
			comparisonCommand("encode", "encode rows as Parquet, with ckexport and with arrow-go alone", compareEncoding),
			comparisonCommand("load", "load rows into DuckDB, with ckexport and with DuckDB alone", compareLoading),
			{
				Name: "profile", Usage: "export archives to Parquet, and tell what its stages took", ArgsUsage: "FOLDER",
				Flags: []cli.Flag{scratchFlag()},
				Action: func(c *cli.Context) error {
					s, err := profileInScratch(c.Context, c.Args().First(), c.Path("scratch"))
					if err != nil {
						return err
					}
					return json.NewEncoder(os.Stdout).Encode(s)
				},
			},
			{
				Name: "query", Usage: "run a query over an output", ArgsUsage: "OUT SQL",
				Action: func(c *cli.Context) error {
					r, err := runQuery(c.Context, c.Args().Get(0), c.Args().Get(1))
					if err != nil {
						return err
					}
					return json.NewEncoder(os.Stdout).Encode(r)
				},
			},
		},
	}
}

func makeCommand() *cli.Command {
	return &cli.Command{
		Name: "make", Usage: "make the archives of a workload, unless they are there", ArgsUsage: "NAME",
		Flags: []cli.Flag{
			&cli.PathFlag{Name: "originals", Usage: "`FOLDER` of real archives", Value: "testdata/archives"},
			&cli.PathFlag{Name: "work", Usage: "`FOLDER` to make it in", Value: "bin/bench"},
			&cli.Uint64Flag{Name: "seed", Usage: "of what is made", Value: 1},
		},
		Action: func(c *cli.Context) error {
			for _, w := range slices.Concat(workload.Full.All(), workload.Quick.All()) {
				if w.Name == c.Args().First() {
					dir, err := w.Make(c.Context, c.Path("originals"), c.Path("work"), c.Uint64("seed"))
					fmt.Println(dir)
					return err
				}
			}
			return fmt.Errorf("no workload %q", c.Args().First())
		},
	}
}

func baselineCommand(name, usage string, do baseline) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, ArgsUsage: "FOLDER",
		Action: func(c *cli.Context) error {
			files, err := workload.Files(c.Args().First())
			if err != nil {
				return err
			}
			return do(c.Context, files)
		},
	}
}

func comparisonCommand(name, usage string, do func(ctx context.Context, dir, scratch string, reps int) (*measure.Comparison, error)) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, ArgsUsage: "FOLDER",
		Flags: []cli.Flag{&cli.IntFlag{Name: "reps", Value: 5}, scratchFlag()},
		Action: func(c *cli.Context) (err error) {
			scratch, err := os.MkdirTemp(c.Path("scratch"), "ckbench-")
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
			r, err := do(c.Context, c.Args().First(), scratch, c.Int("reps"))
			if err != nil {
				return err
			}
			return json.NewEncoder(os.Stdout).Encode(r)
		},
	}
}

func scratchFlag() cli.Flag {
	return &cli.PathFlag{Name: "scratch", Usage: "`FOLDER` for what is written"}
}
