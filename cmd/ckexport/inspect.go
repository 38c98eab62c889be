package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/ckexport/ckexport/inspect"
	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
)

// inspectFormats are the forms that inspect writes.
var inspectFormats = []string{"tree", "json", "markdown"}

func inspectCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "show what an archive is and holds: findings, processes, files, sockets, mounts",
		ArgsUsage: "ARCHIVE...",
		Description: "Without flags, a screenful: what the checkpoint is, findings with the worst first, and its processes. Flags choose sections; --all shows all\n" +
			"there is. ARCHIVE may also be a folder or pattern of archives, or an output. Detections that need the content of memory are not run.\n\n" +
			"EXAMPLES:\n   ckexport inspect web.tar\n   ckexport inspect web.tar --ps-tree-env --files\n   ckexport inspect web.tar --all --format json",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "everything"},
			&cli.BoolFlag{Name: "ps-tree", Usage: "the tree of processes"},
			&cli.BoolFlag{Name: "ps-tree-cmd", Usage: "the tree of processes with their command lines"},
			&cli.BoolFlag{Name: "ps-tree-env", Usage: "the tree of processes with their command lines and variables"},
			&cli.BoolFlag{Name: "files", Usage: "what processes have open"},
			&cli.BoolFlag{Name: "sockets", Usage: "sockets of processes"},
			&cli.BoolFlag{Name: "mounts", Usage: "mounts, of the specification and as they were"},
			&cli.BoolFlag{Name: "stats", Usage: "what the dump took"},
			&cli.BoolFlag{Name: "metadata", Usage: "annotations"},
			&cli.BoolFlag{Name: "problems", Usage: "what could not be read, or does not fit together"},
			&cli.BoolFlag{Name: "findings", Usage: "what detections find, the worst first"},
			&cli.StringFlag{Name: "format", Usage: "tree, json or markdown", Value: "tree"},
		}, askFlags()...),
		Action: func(c *cli.Context) error {
			format := c.String("format")
			if !slices.Contains(inspectFormats, format) {
				return usagef("--format %q: want tree, json or markdown", format)
			}
			if c.NArg() == 0 {
				return &usageError{err: errors.New("no archive"), hint: "ckexport inspect web.tar"}
			}
			in, err := findInputs(c, c.Args().Slice(), std)
			if err != nil {
				return err
			}
			sections := sectionsOf(c)
			return ask(c, in, inspectQuestion(sections), std, func(db *sql.DB) error {
				all, err := inspect.Gather(c.Context, db, sections)
				if err != nil {
					return err
				}
				switch format {
				case "json":
					return writeCheckpointsJSON(std.out, all)
				case "markdown":
					return inspect.WriteMarkdown(std.out, all, sections)
				}
				return inspect.WriteTree(std.out, all, sections, takesColours(std.out))
			})
		},
	}
}

// sectionsOf reads the flags.
func sectionsOf(c *cli.Context) inspect.Sections {
	if c.Bool("all") {
		return inspect.All()
	}
	s := inspect.Sections{
		Tree: c.Bool("ps-tree"), Commands: c.Bool("ps-tree-cmd"), Environment: c.Bool("ps-tree-env"), Files: c.Bool("files"), Sockets: c.Bool("sockets"),
		Mounts: c.Bool("mounts"), Statistics: c.Bool("stats"), Metadata: c.Bool("metadata"), Problems: c.Bool("problems"), Findings: c.Bool("findings"),
	}
	if s == (inspect.Sections{}) {
		return inspect.Screenful()
	}
	return s
}

// inspectQuestion is about the tables of the sections, and of detections.
func inspectQuestion(s inspect.Sections) question {
	if s.Findings {
		return detectionQuestion(inspect.Detections(), s.Tables())
	}
	return detectionQuestion(nil, s.Tables())
}

// detectionQuestion is about what detections need, and further tables. The content of
// memory is not asked.
func detectionQuestion(detections []queries.Query, tables []string) question {
	names := slices.Clone(tables)
	used := map[string]bool{} // views that they build on
	for _, d := range detections {
		names = append(names, d.Tables...)
		for _, v := range d.Views() {
			used[v] = true
		}
	}
	q := question{whole: true, views: viewsBelow(used)}
	for _, t := range schema.Tables() {
		if slices.Contains(names, t.Name) {
			q.tables = append(q.tables, t)
		}
	}
	return q
}

func writeCheckpointsJSON(out io.Writer, all []*inspect.Checkpoint) error {
	if all == nil {
		all = []*inspect.Checkpoint{}
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", asciiControls(data))
	return err
}

// takesColours tells whether what is written there is seen on a terminal, by someone
// who has not asked for no colours (no-color.org).
func takesColours(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd()))
}
