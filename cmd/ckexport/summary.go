package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/units"
)

// summaryJSON is the summary as --summary-json writes it.
type summaryJSON struct {
	*pipeline.Summary
	Output    string `json:"output"`
	Ignored   int    `json:"files_ignored"`
	RowsTotal uint64 `json:"rows_total"`
}

// openSummary opens what --summary-json names, nil for nothing.
func openSummary(ctx context.Context, opts *exportOptions, std streams) (*answerFile, error) {
	if opts.summaryJSON == "" {
		return nil, nil
	}
	return openOwn(ctx, "--summary-json", opts.summaryJSON, "{", std)
}

// report tells people what the run did, and programs by way of to.
func report(opts *exportOptions, std streams, s *pipeline.Summary, found *source.Found, to *answerFile) error {
	if !opts.quiet {
		fmt.Fprint(std.err, summaryText(opts, s, found))
	}
	return writeSummary(opts, s, found, to)
}

// nothingFound says that there are no archives, and what was looked for. That is no
// failure, as folders may fill later; no output is made, and none replaced.
func nothingFound(opts *exportOptions, std streams, run *schema.Run, found *source.Found, to *answerFile) error {
	summary := &pipeline.Summary{RunID: run.RunID, Rows: map[string]uint64{}, Problems: map[schema.Severity]map[string]int{}}
	opts.metrics.committed(summary, "")
	if !opts.quiet {
		fmt.Fprintf(std.err, "%s; nothing is written\n", noArchives(opts.inputs))
	}
	return writeSummary(opts, summary, found, to)
}

// writeSummary writes what --summary-json asks for.
func writeSummary(opts *exportOptions, s *pipeline.Summary, found *source.Found, to *answerFile) error {
	if to == nil {
		return nil
	}
	data, err := json.Marshal(summaryJSON{Summary: s, Output: opts.output, Ignored: len(found.Ignored), RowsTotal: s.RowCount()})
	if err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	if _, err := to.Write(append(data, '\n')); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	return to.commit()
}

// summaryText says it in a few lines: counts, then rows per table.
func summaryText(opts *exportOptions, s *pipeline.Summary, found *source.Found) string {
	var b strings.Builder
	fmt.Fprintf(&b, "archives: %s", archivesText(s))
	if len(found.Ignored) > 0 {
		fmt.Fprintf(&b, " (%s ignored)", units.Count(len(found.Ignored), "other file"))
	}
	fmt.Fprintf(&b, "\nread %s (%s expanded) in %.2f s\n", units.Bytes(s.BytesRead), units.Bytes(s.ExpandedBytes), s.Seconds)
	if total := s.RowCount(); total > 0 {
		if opts.shard != nil {
			fmt.Fprintf(&b, "shard %d of %d of run %s: staged %s of %s for %s\n", opts.shard.Index, opts.shard.Of, opts.shard.Run, units.Count(total, "row"), units.Count(s.Checkpoints, "checkpoint"), quotedPath(opts.output))
		} else {
			fmt.Fprintf(&b, "wrote %s of %s to %s\n", units.Count(total, "row"), units.Count(s.Checkpoints, "checkpoint"), quotedPath(opts.output))
		}
		names := slices.SortedFunc(maps.Keys(s.Rows), func(a, b string) int {
			return cmp.Or(cmp.Compare(s.Rows[b], s.Rows[a]), cmp.Compare(a, b))
		})
		line := ""
		for _, name := range names {
			if s.Rows[name] == 0 {
				continue
			}
			part := fmt.Sprintf("%s %d", name, s.Rows[name])
			if len(line)+len(part) > 100 {
				fmt.Fprintf(&b, "  %s\n", line)
				line = ""
			}
			if line != "" {
				line += ", "
			}
			line += part
		}
		fmt.Fprintf(&b, "  %s\n", line)
	} else {
		fmt.Fprintf(&b, "nothing new for %s\n", quotedPath(opts.output))
	}
	if s.Interrupted {
		b.WriteString("interrupted: the rest was not read\n")
	}
	return b.String()
}

// archivesText counts archives by status.
func archivesText(s *pipeline.Summary) string {
	counts := []struct {
		n    int
		name string
	}{{s.OK, "ok"}, {s.Partial, "partial"}, {s.Failed, "failed"}, {s.Duplicate, "duplicate"}, {s.Known, "known"}}
	var parts []string
	for _, c := range counts {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.name))
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "none")
	}
	return strings.Join(parts, ", ")
}
