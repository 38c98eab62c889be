package main

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/ckexport/ckexport/compare"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/schema"
)

// markdownDiff writes a comparison as Markdown. What came from an archive
// stands in cells of tables only, which escape it.
type markdownDiff struct {
	out     *bufio.Writer
	summary bool
	changes table.Writer // of the table at hand
	folded  []string     // as of textDiff
}

func (w *markdownDiff) begin(d *compare.Diff) {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"", "checkpoint_id", "taken_at", "name", "archive"})
	for side, c := range []compare.Checkpoint{d.Before, d.After} {
		t.AppendRow(table.Row{[]string{"before", "after"}[side], plain.Cell(c.ID), takenAt(c), plain.Cell(c.Name()), plain.Cell(strings.Join(c.Archives, ", "))})
	}
	fmt.Fprintf(w.out, "# Differences\n\n%s\n", t.RenderMarkdown())
	for _, warning := range d.Warnings {
		fmt.Fprintf(w.out, "\n**Warning:** %s\n", warning)
	}
}

func (w *markdownDiff) change(c compare.Change) {
	if w.changes == nil {
		w.changes = table.NewWriter()
		w.changes.AppendHeader(table.Row{"change", "row", "differences"})
	}
	var differences []string
	for _, d := range c.Differences {
		if !d.Repeats {
			differences = append(differences, describeDifference(d))
		}
	}
	w.changes.AppendRow(table.Row{string(c.Kind), describeChange(c), strings.Join(differences, "; ")})
}

func (w *markdownDiff) table(c compare.Counts) {
	changes := w.changes
	w.changes = nil
	if w.summary || !c.Differs() && len(c.Notes) == 0 {
		return
	}
	if changes == nil && isFolded(c) {
		w.folded = append(w.folded, fmt.Sprintf("%s (%d)", c.Table, c.WithProcess))
		return
	}
	fmt.Fprintf(w.out, "\n## %s\n\n%s\n", c.Table, countsText(c))
	for _, note := range c.Notes {
		fmt.Fprintf(w.out, "\n**Note:** %s\n", note)
	}
	shown := 0
	if changes != nil {
		shown = changes.Length()
		fmt.Fprintf(w.out, "\n%s\n", changes.RenderMarkdown())
	}
	if more := leftOut(c, shown); more != "" {
		fmt.Fprintf(w.out, "\n%s\n", more)
	}
}

func (w *markdownDiff) end(total []compare.Counts, missing []*schema.Table) {
	if w.summary {
		if t := summaryTable(total); t.Length() > 0 {
			fmt.Fprintf(w.out, "\n%s\n", t.RenderMarkdown())
		}
	}
	if len(w.folded) > 0 {
		fmt.Fprintf(w.out, "\n%s\n", foldedText(w.folded))
	}
	fmt.Fprintf(w.out, "\n%s\n", closing(total, missing))
}
