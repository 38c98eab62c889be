package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sqltext"
)

// lacking are flags that say how archives are read, each with what is true of an archive a,
// and the run r that read it last, where the flag was not given.
func (o *exportOptions) lacking() (flags, conditions []string) {
	add := func(flag, condition string) {
		flags, conditions = append(flags, flag), append(conditions, condition)
	}
	if o.payloads > 0 {
		add("--payloads", "NOT coalesce(list_contains(r.command_line, '--payloads'), false)")
	}
	if o.sha256 {
		add("--sha256", "a.sha256 IS NULL")
	}
	if len(o.memory) > 0 {
		var kinds []string
		for _, kind := range o.memory {
			kinds = append(kinds, "list_contains(r.memory, "+sqltext.Literal(kind)+")")
		}
		add("--memory", "NOT coalesce("+strings.Join(kinds, " AND ")+", false)")
	}
	if len(o.rules.names) > 0 {
		add("--scan", "coalesce(len(r.scan_rules), 0) = 0")
	}
	return flags, conditions
}

// warnOfKnown warns of flags that have no effect, as archives were known and had been read
// without them. Where they had been read with them, as in a job that runs each hour, there
// is nothing to say. What cannot be asked is not warned of.
func (o *exportOptions) warnOfKnown(ctx context.Context, format sinks.Format, known map[string]bool) {
	flags, conditions := o.lacking()
	if len(known) == 0 || len(flags) == 0 || format.OpenSQL == nil {
		return
	}
	counts, err := countLacking(ctx, format, o.output, conditions, known)
	if err != nil {
		o.log.Debug("not looked whether flags have an effect on known archives", "error", err)
		return
	}
	for i, flag := range flags {
		if counts[i] > 0 {
			o.log.Warn("a flag has no effect on archives that the output knows; --refresh reads them again", "flag", flag, "archives", counts[i])
		}
	}
}

// countLacking counts the known archives for which each condition is true.
func countLacking(ctx context.Context, format sinks.Format, location string, conditions []string, known map[string]bool) ([]int, error) {
	tables := []string{"archives", "runs"}
	db, err := format.OpenSQL(ctx, location, sinks.SQLOptions{Tables: tables, Named: tables})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, fmt.Sprintf(`SELECT a.source, %s
FROM (SELECT source, arg_max(run_id, started_at) AS run_id, arg_max(sha256, started_at) AS sha256 FROM archives GROUP BY source) a LEFT JOIN runs r ON r.run_id = a.run_id`, strings.Join(conditions, ", ")))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counts, lacks := make([]int, len(conditions)), make([]bool, len(conditions))
	var source string
	places := []any{&source}
	for i := range lacks {
		places = append(places, &lacks[i])
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return nil, err
		}
		for i, lack := range lacks {
			if lack && known[source] {
				counts[i]++
			}
		}
	}
	return counts, rows.Err()
}

// knownArchives notes the archives of which a run reports that they were known.
func knownArchives(known map[string]bool, next func(pipeline.Report)) func(pipeline.Report) {
	return func(r pipeline.Report) {
		if r.Status == pipeline.Known {
			known[decode.SourceText(r.Archive.Name())] = true
		}
		next(r)
	}
}
