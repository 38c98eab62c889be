package main

import (
	"database/sql"
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/inspect"
)

func listCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "list",
		Usage:     "list checkpoints, a line each, with their problems and worst finding",
		ArgsUsage: "INPUT...",
		Description: askedHelp + "\n\nA checkpoint is named namespace/pod/container. Problems are those of severity error and warning; the finding is the worst of the detections,\n" +
			"but for those that need the content of memory, with how many others there are. ckexport inspect shows one of them.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Usage: resultFormats, Value: "table"},
		}, askFlags()...),
		Action: func(c *cli.Context) error {
			write, ok := resultWriters[c.String("format")]
			if !ok {
				return usagef("--format %q: want %s", c.String("format"), resultFormats)
			}
			if c.NArg() == 0 {
				return &usageError{err: errors.New("no input"), hint: "ckexport list ./archives"}
			}
			in, err := findInputs(c, c.Args().Slice(), std)
			if err != nil {
				return err
			}
			sections := inspect.Sections{Problems: true, Findings: true}
			return ask(c, in, inspectQuestion(sections), std, func(db *sql.DB) error {
				all, err := inspect.Gather(c.Context, db, sections)
				if err != nil {
					return err
				}
				if terminal := terminalOf(std.out); terminal != nil && !c.IsSet("format") {
					return writeFitting(std.out, terminal, listed(all))
				}
				return write(std.out, listed(all))
			})
		},
	}
}

// listed returns a row for each checkpoint.
func listed(all []*inspect.Checkpoint) resultRows {
	list := &memoryRows{names: []string{"name", "taken_at", "engine", "kind", "mib", "processes", "status", "problems", "findings", "worst", "archive", "checkpoint_id"}}
	for _, c := range all {
		f := c.Facts
		taken := f.Get("checkpointed_at")
		if taken == nil {
			taken = f.Get("dumped_at")
		}
		var size any
		if n, ok := f.Get("checkpoint_bytes").(uint64); ok {
			size = float64(n*100>>20) / 100
		}
		problems := 0
		for _, p := range c.Problems {
			if p.Text("severity") != "info" {
				problems++
			}
		}
		var worst any
		if w := c.Worst(); w != nil {
			worst = w.Severity + ": " + w.Query
		}
		list.rows = append(list.rows, []any{c.Name, taken, f.Get("engine"), f.Get("dump_kind"), size, f.Get("process_count"), f.Get("status"), int64(problems), int64(len(c.Findings)), worst, f.Get("archive_name"), c.ID})
	}
	return list
}
