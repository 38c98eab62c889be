package main

import (
	"bufio"
	"context"
	"database/sql"
	"slices"

	"github.com/ckexport/ckexport/compare"
	"github.com/ckexport/ckexport/schema"
)

// folded names tables of which a reader wants no row for each process that
// came or went: what a program starts with is much the same for all.
var folded = []string{"threads", "credentials", "environment", "resource_limits", "process_namespaces", "signal_handlers", "timers", "auxiliary_vectors", "tls_descriptors", "memory_mappings", "memory_elf_headers", "memory_pages", "memory_strings"}

// folds tells whether a change is counted, and not shown. JSON is for programs,
// which choose themselves.
func (opts *diffOptions) folds(c compare.Change) bool {
	return c.WithProcess && opts.format != "json" && slices.Contains(folded, c.Table)
}

// diffWriter writes a comparison in some format, as it comes. Errors of
// writing are kept by the bufio.Writer until it is flushed.
type diffWriter interface {
	begin(*compare.Diff)
	change(compare.Change) // that is to be shown
	table(compare.Counts)  // after its changes
	end(total []compare.Counts, missing []*schema.Table)
}

func newDiffWriter(out *bufio.Writer, opts *diffOptions) diffWriter {
	switch opts.format {
	case "json":
		return &jsonDiff{out: out, summary: opts.summary}
	case "markdown":
		return &markdownDiff{out: out, summary: opts.summary}
	}
	return &textDiff{out: out, summary: opts.summary}
}

func diff(ctx context.Context, db *sql.DB, opts *diffOptions, std streams) error {
	output, err := compare.Open(ctx, db)
	if err != nil {
		return err
	}
	pair, err := findPair(ctx, output, opts)
	if err != nil {
		return err
	}
	d, err := output.Compare(ctx, pair)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(std.out)
	if err := writeDiff(ctx, output, d, opts, newDiffWriter(out, opts)); err != nil {
		return err
	}
	return out.Flush()
}

func findPair(ctx context.Context, output *compare.Output, opts *diffOptions) (pair compare.Pair, err error) {
	all, err := output.Checkpoints(ctx)
	if err != nil {
		return pair, err
	}
	if pair.Before, err = compare.Find(all, opts.before); err != nil {
		return pair, nameError(err)
	}
	if pair.After, err = compare.Find(all, opts.after); err != nil {
		return pair, nameError(err)
	}
	return pair, nil
}

func writeDiff(ctx context.Context, output *compare.Output, d *compare.Diff, opts *diffOptions, w diffWriter) error {
	tables, missing := output.Tables(func(t *schema.Table) bool { return slices.Contains(opts.tables, t) })
	w.begin(d)
	var total []compare.Counts
	for _, t := range tables {
		shown := 0
		counts, err := d.Table(ctx, t, func(c compare.Change) error {
			if opts.summary || opts.limit > 0 && (shown == opts.limit || opts.folds(c)) {
				return nil
			}
			shown++
			w.change(c)
			return nil
		})
		if err != nil {
			return err
		}
		w.table(counts)
		total = append(total, counts)
	}
	w.end(total, missing)
	return nil
}
