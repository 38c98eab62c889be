package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/cmd/ckexport/internal/sandbox"
	"github.com/ckexport/ckexport/findings"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/sinks"
)

// judgeFlags are the flags of commands that tell which findings are new.
func judgeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "baseline", Usage: "findings that an earlier output, or a file of check --write-baseline, has are known: `OUT|FILE`"},
		&cli.StringFlag{Name: "allow", Usage: "findings that this `FILE` of YAML or JSON allows, with a reason, are acknowledged"},
	}
}

// judging is what the flags name. It may be nil, for none.
type judging struct {
	known    findings.Judge
	baseline *output // that is asked once the process is confined, nil for none
}

// openJudging reads the flags and their files.
func openJudging(c *cli.Context, std streams) (*judging, error) {
	baseline, allow := c.String("baseline"), c.String("allow")
	if baseline == "" && allow == "" {
		return nil, nil
	}
	j := &judging{}
	if allow != "" {
		if err := j.readAllow(c.Context, allow, std); err != nil {
			return nil, err
		}
	}
	if baseline != "" {
		if err := j.openBaseline(c, baseline); err != nil {
			return nil, err
		}
	}
	return j, nil
}

// readAllow reads the allow file, and says which entries count no more.
func (j *judging) readAllow(ctx context.Context, path string, std streams) error {
	file, err := openNamed(ctx, path)
	if err != nil {
		return &usageError{err: fmt.Errorf("--allow: %w", err)}
	}
	defer file.Close()
	valid, expired, err := findings.ReadAllow(file, time.Now())
	if err := cmp.Or(ctx.Err(), err); err != nil { // YAML's does not say that it is ctx's
		return &usageError{err: fmt.Errorf("--allow %q: %w", path, err)}
	}
	j.known.Allowed = valid
	for _, a := range expired {
		fmt.Fprintf(std.err, "ckexport: %s:%d: expired, and counts no more: %s\n", quotedPath(path), a.Line, plain.Cell(a.Reason()))
	}
	return nil
}

// openBaseline finds out what the baseline is: a file, which begins as JSON does, or an output.
func (j *judging) openBaseline(c *cli.Context, name string) error {
	if file, err := openNamed(c.Context, name); err == nil {
		defer file.Close()
		in := bufio.NewReader(file)
		if first, err := in.Peek(1); err == nil && first[0] == '{' {
			if j.known.Baseline, err = findings.ReadBaseline(in); err != nil {
				return &usageError{err: fmt.Errorf("--baseline %q: %w", name, err)}
			}
			return nil
		}
	}
	if err := c.Context.Err(); err != nil {
		return err
	}
	o, err := findOutput(c, name)
	if err != nil {
		return fmt.Errorf("--baseline: %w", err)
	}
	if o.format.OpenSQL == nil {
		return usagef("--baseline %q: this build has no DuckDB, so it takes files only", name)
	}
	j.baseline = o
	return nil
}

// grants grants what asking the baseline takes.
func (j *judging) grants(ctx context.Context) []sandbox.Grant {
	if j == nil || j.baseline == nil {
		return nil
	}
	footprint, err := j.baseline.format.Footprint(ctx, j.baseline.location)
	if err != nil {
		return nil // opening it tells
	}
	return outputGrants(footprint)
}

// judge asks the baseline, and returns what judges; nil if all is new.
func (j *judging) judge(ctx context.Context) (*findings.Judge, error) {
	if j == nil {
		return nil, nil
	}
	if j.baseline == nil {
		return &j.known, nil
	}
	db, err := j.baseline.format.OpenSQL(ctx, j.baseline.location, sinks.SQLOptions{Views: queries.Views()})
	if err != nil {
		return nil, fmt.Errorf("opening the baseline: %w", err)
	}
	defer db.Close()
	open, err := findings.Open(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("asking the baseline: %w", err)
	}
	found, err := findings.Gather(ctx, open, nil)
	if err != nil {
		return nil, fmt.Errorf("asking the baseline: %w", err)
	}
	j.known.Baseline = findings.NewBaseline(found)
	return &j.known, nil
}

// rowJudging judges the rows of one detection that is queried.
type rowJudging struct {
	query  queries.Query
	all    bool // rows that are not new are written too, with columns that say so
	known  *findings.Judge
	counts findings.Counts
}

// judgedQuery finds the detection that is queried.
func judgedQuery(c *cli.Context, to *results) (*rowJudging, error) {
	q, ok := queries.Lookup(c.Args().Get(c.NArg() - 1))
	if c.String("file") != "" || !ok || !q.IsDetection() {
		return nil, &usageError{err: errors.New("--baseline and --allow are about what a detection finds"), hint: "ckexport queries lists them: they have a severity"}
	}
	r := &rowJudging{query: q}
	switch to.format {
	case parquetFormat, bytesFormat:
		return nil, usagef("--format %s goes without --baseline and --allow", to.format)
	case "json", "jsonl", "csv":
		r.all = true
	}
	return r, nil
}

// begin asks the baseline.
func (r *rowJudging) begin(ctx context.Context, j *judging) (err error) {
	if r != nil {
		r.known, err = j.judge(ctx)
	}
	return err
}

// tell says how many rows are not new.
func (r *rowJudging) tell(std streams) error {
	if r == nil || r.counts.Passed() == "" {
		return nil
	}
	_, err := fmt.Fprintf(std.err, "%s: %d new, %s\n", r.query.Name, r.counts.New, r.counts.Passed())
	return err
}

// judge judges rows as they are read.
func (r *rowJudging) judge(rows resultRows) (resultRows, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	return &judgedRows{resultRows: rows, judging: r, names: names, judge: r.known.Of(r.query, names), values: make([]any, len(names))}, nil
}

// judgedRows are rows, but for those that are not shown.
type judgedRows struct {
	resultRows
	judging *rowJudging
	names   []string
	judge   *findings.RowJudge
	values  []any
	verdict findings.Verdict
	err     error
}

// Columns names the columns: behind those of the query, what is thought of the row.
func (j *judgedRows) Columns() ([]string, error) {
	if j.judging.all {
		return append(j.names[:len(j.names):len(j.names)], "known", "acknowledged"), nil
	}
	return j.names[:len(j.names):len(j.names)], nil
}

// Next goes to the next row that is shown.
func (j *judgedRows) Next() bool {
	for j.err == nil && j.resultRows.Next() {
		places := make([]any, len(j.values))
		for i := range places {
			places[i] = &j.values[i]
		}
		if j.err = j.resultRows.Scan(places...); j.err != nil {
			return false
		}
		if j.verdict, j.err = j.judge.Judge(j.values); j.err != nil {
			return false
		}
		j.judging.counts.Add(j.verdict)
		if j.judging.all || j.verdict.IsNew() {
			return true
		}
	}
	return false
}

// Scan copies the row.
func (j *judgedRows) Scan(to ...any) error {
	row := j.values
	if j.judging.all {
		row = append(row[:len(row):len(row)], j.verdict.Known, nilIf(j.verdict.Acknowledged == "", j.verdict.Acknowledged))
	}
	for i, v := range row {
		place, ok := to[i].(*any)
		if !ok {
			return fmt.Errorf("a place of the kind %T", to[i])
		}
		*place = v
	}
	return nil
}

// Err returns what ended the rows before their end.
func (j *judgedRows) Err() error { return errors.Join(j.err, j.resultRows.Err()) }
