package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The picture's measures, in pixels.
const (
	pictureWidth = 1040
	labelWidth   = 520
	barWidth     = 400
	rowHeight    = 22
)

// bar is a bar of a chart.
type bar struct {
	label, value string
	length       float64 // of the chart's width, 0 to 1
	class        string
}

// picture draws the times over the few archives, and how much of each goal's
// allowance was used, as one SVG without anything from outside.
func picture(r *Results) string {
	var b strings.Builder
	y := drawBars(&b, 20, "Time over "+r.Sizes.Few, timeBars(r))
	y = drawBars(&b, y+24, "Goals: what was used of what is allowed (the line; a bar that ends before it is met; logarithmic)", goalBars(r))
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">
<style>.head{font-weight:bold;font-size:14px}.ours{fill:#2a6fbb}.other{fill:#9a9a9a}.met{fill:#3a8f4d}.unmet{fill:#c8553d}.line{stroke:#222;stroke-dasharray:4 3}</style>
<rect width="100%%" height="100%%" fill="#fff"/>
%s</svg>
`, pictureWidth, y+16, b.String())
}

// drawBars draws a chart from y on, and returns where it ends.
func drawBars(b *strings.Builder, y int, title string, bars []bar) int {
	fmt.Fprintf(b, "<text class=\"head\" x=\"12\" y=\"%d\">%s</text>\n", y+4, html.EscapeString(title))
	y += 16
	for _, bar := range bars {
		length := max(bar.length*barWidth, 1)
		fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text><rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/><text x=\"%d\" y=\"%d\">%s</text>\n",
			labelWidth-8, y+15, html.EscapeString(bar.label), bar.class, labelWidth, y+3, length, rowHeight-6, labelWidth+barWidth+8, y+15, html.EscapeString(bar.value))
		if bar.class == "met" || bar.class == "unmet" {
			fmt.Fprintf(b, "<line class=\"line\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n", labelWidth+barWidth*goalLine, y, labelWidth+barWidth*goalLine, y+rowHeight)
		}
		y += rowHeight
	}
	return y
}

// timeBars are the programs over the few archives.
func timeBars(r *Results) (bars []bar) {
	var longest float64
	for _, m := range r.Measurements {
		if m.Workload == r.Sizes.Few {
			longest = max(longest, m.wall())
		}
	}
	for _, m := range r.Measurements {
		if m.Workload != r.Sizes.Few {
			continue
		}
		class := "other"
		if m.Program == toParquet || m.Program == toDuckDB {
			class = "ours"
		}
		bars = append(bars, bar{m.Program, seconds(m.wall()), m.wall() / longest, class})
	}
	return bars
}

// goalLine is where an allowance is used up: shares from 1/100 to 10 are shown.
const goalLine = 2.0 / 3

func goalBars(r *Results) (bars []bar) {
	for _, g := range r.goals() {
		if g.Share < 0 {
			continue
		}
		class := "unmet"
		if g.Share <= 1 {
			class = "met"
		}
		length := (math.Log10(max(g.Share, 0.01)) + 2) / 3
		bars = append(bars, bar{g.What, g.Got, min(length, 1), class})
	}
	return bars
}
