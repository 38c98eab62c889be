package main

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/findings"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/units"
)

// checkFormats are the forms in which check writes findings.
var checkFormats = []string{"table", "json", "sarif"}

func checkCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "run all detections, and exit with 4 when something new is found: for cron and pipelines",
		ArgsUsage: "OUT...",
		Description: askedHelp + "\n\nA finding is new if --baseline does not have it and --allow does not acknowledge it. It is the same finding in another checkpoint of its\n" +
			"container, whatever its process ids, addresses and times; ckexport queries --markdown says by which columns. Detections that need the\n" +
			"content of memory run on outputs that have it, and on archives with --memory. What does not run is told.\n\n" +
			"An allow file:\n\n   allow:\n     - query: setuid-files-added\n       columns: {container_name: 'web-*', path: 're:/usr/bin/(su|sudo)'}   # globs, or re: and a regular expression; all must match\n" +
			"       reason: the image brings them\n       expires: 2027-06-30   # optional: the last day on which it counts, in UTC\n\n" +
			"EXAMPLES:\n   ckexport check fleet.duckdb --write-baseline known.json\n   ckexport check ./archives --baseline known.json --allow allow.yaml --format sarif -o findings.sarif",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "severity", Usage: "exit with 4 for new findings of this `SEVERITY` or a worse one: high, medium, low or info; the table lists these", Value: "high"},
			&cli.StringFlag{Name: "format", Usage: "table: what is new; json, sarif: all findings, also those that are known or acknowledged", Value: "table"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the findings to `FILE`, or to standard output for -"},
			&cli.StringFlag{Name: "write-baseline", Usage: "write what is found, but for what is acknowledged, to `FILE`, for --baseline of later checks"},
			memoryKindsFlag(),
		}, slices.Concat(judgeFlags(), askFlags())...),
		Action: func(c *cli.Context) error { return check(c, std) },
	}
}

// checkOptions are the flags of check beside those of every question.
type checkOptions struct {
	severity string
	format   string // empty where none is asked for: a table, or what fits better
	memory   []string
	sarif    findings.SARIFOptions
}

func readCheckFlags(c *cli.Context, in *askedInputs) (o checkOptions, err error) {
	if o.severity = c.String("severity"); c.IsSet("format") {
		o.format = c.String("format")
	}
	if o.memory, err = readMemoryKinds(c, schema.Tables()); err != nil {
		return o, err
	}
	if len(o.memory) > 0 && in.listing == nil {
		return o, usagef("--memory is about archives: outputs have what their exports named")
	}
	if o.format == "sarif" {
		o.sarif, err = sarifOptions(c)
	}
	return o, err
}

func check(c *cli.Context, std streams) (err error) {
	severity, format := c.String("severity"), c.String("format")
	switch {
	case c.NArg() == 0:
		return &usageError{err: errors.New("want an output or archives"), hint: "ckexport check fleet.duckdb"}
	case !slices.Contains(queries.Severities(), severity):
		return usagef("--severity %q: want high, medium, low or info", severity)
	case !slices.Contains(checkFormats, format):
		return usagef("--format %q: want table, json or sarif", format)
	}
	in, err := findInputs(c, c.Args().Slice(), std)
	if err != nil {
		return err
	}
	opts, err := readCheckFlags(c, in)
	if err != nil {
		return err
	}
	known, err := openJudging(c, std)
	if err != nil {
		return err
	}
	// Files are opened before the process is confined.
	to, err := openBesides(c, in, "-o", cmp.Or(c.String("output"), "-"), std)
	if err != nil {
		return err
	}
	baseline, err := openBesides(c, in, "--write-baseline", c.String("write-baseline"), std)
	if err != nil {
		return errors.Join(err, to.Close())
	}
	defer func() {
		if failed := errors.Join(to.Close(), baseline.Close()); failed != nil {
			err = failed // it weighs more than that something is new
		}
	}()
	q := detectionQuestion(queries.Detections(), []string{"runs"}).withMemory(opts.memory)
	return ask(c, in, q, std, func(db *sql.DB) error {
		found, err := runChecks(c.Context, db, known)
		if err != nil {
			return err
		}
		return opts.tell(found, to, baseline, std)
	}, slices.Concat(known.grants(c.Context), to.grants(), baseline.grants())...)
}

// tell writes what was found, the baseline first, which is nil for none. It fails with
// errNewFindings where something is new and severe enough.
func (o *checkOptions) tell(found *findings.Result, to, baseline *answerFile, std streams) error {
	if baseline != nil {
		if err := findings.NewBaseline(found).Write(baseline); err != nil {
			return fmt.Errorf("writing the baseline: %w", err)
		}
		if err := baseline.commit(); err != nil {
			return err
		}
	}
	if err := writeFindings(to.Writer, found, o.format, o.severity, o.sarif); err != nil {
		return err
	}
	if err := to.commit(); err != nil {
		return err
	}
	tellFindings(std.err, found)
	if len(found.NewFrom(o.severity)) > 0 {
		return errNewFindings
	}
	return nil
}

// openBesides opens a file that is written, which must not take the place of what is
// asked; nil if none is named.
func openBesides(c *cli.Context, in *askedInputs, flag, path string, std streams) (*answerFile, error) {
	if path == "" {
		return nil, nil
	}
	if path != "-" {
		if err := in.mustBeSpared(c.Context, flag, path); err != nil {
			return nil, err
		}
	}
	return openAnswer(c.Context, flag, path, std)
}

func runChecks(ctx context.Context, db *sql.DB, known *judging) (*findings.Result, error) {
	judge, err := known.judge(ctx)
	if err != nil {
		return nil, err
	}
	open, err := findings.Open(ctx, db)
	if err != nil {
		return nil, err
	}
	return findings.Gather(ctx, open, judge)
}

// sarifOptions says what a log of SARIF tells of the command.
func sarifOptions(c *cli.Context) (findings.SARIFOptions, error) {
	opts := findings.SARIFOptions{HasBaseline: c.String("baseline") != "", Asked: c.Args().First()}
	opts.Version, _ = versionOf()
	var err error
	if opts.Folder, err = os.Getwd(); err != nil {
		return opts, fmt.Errorf("finding the current folder: %w", err)
	}
	switch {
	case opts.Asked == "-": // a list of inputs, which lies nowhere
		opts.Asked = opts.Folder
	case !strings.Contains(opts.Asked, "://"):
		opts.Asked, err = filepath.Abs(opts.Asked)
	}
	return opts, err
}

func writeFindings(out io.Writer, found *findings.Result, format, severity string, sarif findings.SARIFOptions) error {
	switch format {
	case "sarif":
		var text bytes.Buffer
		if err := found.WriteSARIF(&text, sarif); err != nil {
			return err
		}
		_, err := out.Write(asciiControls(text.Bytes()))
		return err
	case "json":
		return writeFindingsJSON(out, found)
	}
	list := &memoryRows{names: []string{"severity", "query", "container", "finding", "rows", "checkpoints"}}
	for _, f := range found.NewFrom(severity) {
		list.rows = append(list.rows, []any{f.Query.Severity, f.Query.Name, f.Container, f.About(), int64(f.Rows), int64(len(f.Checkpoints))})
	}
	if len(list.rows) == 0 {
		return nil
	}
	if terminal := terminalOf(out); terminal != nil && format == "" {
		return writeFitting(out, terminal, list)
	}
	return writeTable(out, list)
}

// findingJSON is a finding as JSON.
type findingJSON struct {
	Severity     string         `json:"severity"`
	Query        string         `json:"query"`
	Title        string         `json:"title"`
	Attack       []string       `json:"attack"`
	Container    string         `json:"container"`
	Fingerprint  string         `json:"fingerprint"`
	IsNew        bool           `json:"new"`
	Known        bool           `json:"known"`
	Acknowledged *string        `json:"acknowledged"` // the reason
	Rows         int            `json:"rows"`
	Checkpoints  []string       `json:"checkpoint_ids"`
	Columns      map[string]any `json:"first_row"`
}

type notRunJSON struct {
	Query  string `json:"query"`
	Reason string `json:"reason"`
}

func writeFindingsJSON(out io.Writer, found *findings.Result) error {
	counts := found.Count()
	all := struct {
		New          int           `json:"new"`
		Known        int           `json:"known"`
		Acknowledged int           `json:"acknowledged"`
		Findings     []findingJSON `json:"findings"`
		NotRun       []notRunJSON  `json:"not_run"`
	}{counts.New, counts.Known, counts.Acknowledged, []findingJSON{}, []notRunJSON{}}
	for _, f := range found.Findings {
		object := findingJSON{
			Severity: f.Query.Severity, Query: f.Query.Name, Title: f.Query.Title, Attack: []string{}, Container: f.Container, Fingerprint: f.Fingerprint,
			IsNew: f.IsNew(), Known: f.Known, Rows: f.Rows, Checkpoints: append([]string{}, f.Checkpoints...), Columns: f.JSONColumns(),
		}
		for _, t := range f.Query.Attack {
			object.Attack = append(object.Attack, t.ID)
		}
		if f.Acknowledged != "" {
			object.Acknowledged = &f.Acknowledged
		}
		all.Findings = append(all.Findings, object)
	}
	for _, n := range found.NotRun {
		all.NotRun = append(all.NotRun, notRunJSON{n.Query.Name, n.Reason})
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", asciiControls(data))
	return err
}

// tellFindings sums up: what is new, what is not, and what did not run.
func tellFindings(out io.Writer, found *findings.Result) {
	counts := found.Count()
	bySeverity := map[string]int{}
	for _, f := range found.Findings {
		if f.IsNew() {
			bySeverity[f.Query.Severity]++
		}
	}
	text := fmt.Sprintf("%d new", counts.New)
	var parts []string
	for _, s := range queries.Severities() {
		if bySeverity[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", bySeverity[s], s))
		}
	}
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	if passed := counts.Passed(); passed != "" {
		text += ", " + passed
	}
	fmt.Fprintf(out, "%s; %d of %s ran\n", text, found.Ran, units.Count(found.Ran+len(found.NotRun), "detection"))
	byReason := map[string][]string{}
	var reasons []string
	for _, n := range found.NotRun {
		if byReason[n.Reason] == nil {
			reasons = append(reasons, n.Reason)
		}
		byReason[n.Reason] = append(byReason[n.Reason], n.Query.Name)
	}
	for _, r := range reasons {
		fmt.Fprintf(out, "not run, as %s: %s\n", plain.Cell(r), strings.Join(byReason[r], ", "))
	}
}
