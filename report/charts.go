package report

import (
	"context"
	"fmt"
	"time"

	"github.com/ckexport/ckexport/findings"
)

// Chart is a drawing, with its numbers as a table for those who cannot see it.
type Chart struct {
	ID, Title, About string
	Drawing          *Drawing // nil where there is nothing to draw
	Why              string   // why there is not
	Numbers          Table
}

const (
	maxBars  = 12 // images
	maxBins  = 60 // spans of time
	maxLinks = 24 // of the service map
)

// charts asks for what is drawn.
func (g *gatherer) charts(ctx context.Context) ([]Chart, error) {
	var list []Chart
	for _, c := range []struct {
		id, title, about string
		needs            []string
		query            string
		rows             int
		draw             func([][]any) *Drawing
		none             string // what it means that there are no rows
	}{
		{"memory", "Memory by image", "Memory pages saved, over all checkpoints of an image.", []string{"checkpoints"},
			`SELECT coalesce(image, '(no image)') AS image, count(*) AS checkpoints, round(sum(memory_pages_bytes) / 1048576.0, 1) AS total_mib, round(median(memory_pages_bytes) / 1048576.0, 1) AS median_mib
FROM checkpoints WHERE memory_pages_bytes IS NOT NULL GROUP BY 1 ORDER BY sum(memory_pages_bytes) DESC, 1`, maxBars, drawBars, "no checkpoint tells how large its memory is"},
		{"frozen", "Dump cost", "How long processes stood still for a checkpoint: the median of each span of time as a dot, from the shortest to the longest as a line.", []string{"checkpoints"},
			binned("checkpoints", "coalesce(checkpointed_at, dumped_at)", "frozen_us IS NOT NULL", "", "round(median(frozen_us) / 1000.0, 1) AS median_ms, round(min(frozen_us) / 1000.0, 1) AS min_ms, round(max(frozen_us) / 1000.0, 1) AS max_ms, count(*) AS checkpoints"), maxBins, drawRanges, "no checkpoint has the statistics of its dump"},
		{"changes", "Changes over time", "What came, went or changed between a checkpoint of a container and the one before it, when the later one was made.",
			[]string{"checkpoints", "processes", "sockets", "filesystem_entries", "environment", "mounts"},
			binned("changes", "to_taken_at", "true", "kind", "count(*) AS changes"), maxBins * len(kinds), drawStacks, "no container has two checkpoints between which something changed"},
		{"services", "Service map", "Open connections whose both ends are in the fleet: clients at the left, servers at the right.", []string{"sockets", "processes", "checkpoints"},
			`SELECT from_container AS client, to_container AS server, protocol, to_port AS port, sum(connections)::BIGINT AS connections
FROM service_map WHERE to_container IS NOT NULL AND from_container IS NOT NULL GROUP BY ALL ORDER BY connections DESC, client, server, protocol, port`, maxLinks, drawMap, "no open connection has both ends in the fleet"},
	} {
		chart := Chart{ID: c.id, Title: c.title, About: c.about}
		if chart.Why = g.db.Missing(c.needs); chart.Why == "" {
			var b *tableBuilder
			var rows [][]any
			err := g.db.Read(ctx, c.query, func(names []string, values []any) error {
				if b == nil {
					b = newTable(c.title+", in numbers", g.command(c.query), names, c.rows, tableBytes)
				}
				if b.add(values); len(rows) < c.rows {
					rows = append(rows, append([]any{}, values...))
				}
				return nil
			})
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case err != nil && !findings.Lacks(err):
				return nil, fmt.Errorf("drawing %s: %w", c.id, err)
			case err != nil: // as for detections: an older output may lack a view
				chart.Why = text(err.Error())
			case b == nil:
				chart.Why = c.none
			default:
				chart.Numbers, chart.Drawing = b.table(), c.draw(rows)
			}
		}
		list = append(list, chart)
	}
	return list, nil
}

// binned returns SQL that groups rows by spans of time, of which there are
// maxBins between the first and the last.
func binned(from, at, where, by, what string) string {
	comma := ""
	if by != "" {
		comma = by + ", "
	}
	return fmt.Sprintf(`WITH timed AS (SELECT *, epoch(%[2]s) AS moment FROM %[1]s WHERE %[2]s IS NOT NULL AND %[3]s),
bounds AS (SELECT min(moment) AS lo, max(moment) AS hi FROM timed),
placed AS (SELECT timed.*, coalesce(least(floor((moment - lo) / nullif(hi - lo, 0) * %[4]d), %[4]d - 1), 0)::INTEGER AS bin FROM timed, bounds)
SELECT to_timestamp(min(min(moment)) OVER (PARTITION BY bin)) AS since, %[5]s%[6]s FROM placed GROUP BY bin%[7]s ORDER BY bin%[7]s`, from, at, where, maxBins, comma, what, prefixed(by))
}

func prefixed(by string) string {
	if by == "" {
		return ""
	}
	return ", " + by
}

func float(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	case time.Time:
		return float64(v.UnixMilli()) / 1000
	}
	return 0
}
