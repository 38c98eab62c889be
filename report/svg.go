package report

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ckexport/ckexport/units"
)

// Drawing is a picture of simple shapes, which page.html writes as SVG.
type Drawing struct {
	Width, Height float64
	Shapes        []Shape
	Legend        []Key
}

// Shape is a rect, line, circle, path or text; Tip is shown by browsers when
// it is pointed at.
type Shape struct {
	Kind       string
	X, Y, W, H float64 // of a line, W and H lead to its other end; of a circle, W is the radius
	Class      string
	Path       string // of a path: numbers and commands, nothing from an archive
	Text, Tip  string
	Anchor     string // of a text: start, middle or end
}

// Key explains a colour.
type Key struct{ Class, Name string }

const (
	width   = 600
	left    = 70 // of what is drawn against axes
	right   = 12
	top     = 14
	bottom  = 30
	tall    = 260
	rowTall = 38
)

// drawBars draws a bar by image, below its name: name, checkpoints, MiB in all, MiB of half.
func drawBars(rows [][]any) *Drawing {
	d := &Drawing{Width: width, Height: float64(len(rows))*rowTall + 8}
	const room = width - 90 // what remains of the line is for the size
	most := 0.0
	for _, r := range rows {
		most = max(most, float(r[2]))
	}
	for i, r := range rows {
		y := float64(i)*rowTall + 4
		long := 0.0
		if most > 0 {
			long = float(r[2]) / most * room
		}
		tip := fmt.Sprintf("%s: %s in %s, half of them above %s", text(r[0]), units.Bytes(float(r[2])*(1<<20)), plural(int64(float(r[1])), "checkpoint"), units.Bytes(float(r[3])*(1<<20)))
		d.add(Shape{Kind: "text", Y: y + 11, Text: shorten(text(r[0]), 70), Tip: text(r[0])},
			Shape{Kind: "rect", Y: y + 16, W: max(long, 1), H: rowTall - 24, Class: "k0", Tip: tip},
			Shape{Kind: "text", X: max(long, 1) + 6, Y: y + 27, Class: "note", Text: units.Bytes(float(r[2]) * (1 << 20))})
	}
	return d
}

// drawRanges draws a line from the least to the most, and a dot at the median,
// by time: since, median, least, most, count.
func drawRanges(rows [][]any) *Drawing {
	d := &Drawing{Width: width, Height: tall}
	most := 0.0
	for _, r := range rows {
		most = max(most, float(r[3]))
	}
	x, y := d.axes(rows, most, " ms")
	for _, r := range rows {
		tip := fmt.Sprintf("%s: %s, median %v ms, from %v to %v ms", text(r[0]), plural(int64(float(r[4])), "checkpoint"), r[1], r[2], r[3])
		at := x(r[0])
		d.add(Shape{Kind: "line", X: at, Y: y(float(r[2])), H: y(float(r[3])) - y(float(r[2])), Class: "range", Tip: tip},
			Shape{Kind: "circle", X: at, Y: y(float(r[1])), W: 3.5, Class: "k0", Tip: tip})
	}
	return d
}

// kinds are those of the query changes, in the order of their colours.
var kinds = []string{"process", "file", "listening", "connection", "environment", "mount"}

// drawStacks draws a bar by time, of parts by kind: since, kind, count. Rows of one
// span of time may begin at different moments: the first counts.
func drawStacks(rows [][]any) *Drawing {
	type stack struct {
		since any
		parts []float64
		sum   float64
	}
	var stacks []*stack
	for _, r := range rows {
		if n := len(stacks); n == 0 || fmt.Sprint(stacks[n-1].since) != fmt.Sprint(r[0]) {
			stacks = append(stacks, &stack{since: r[0], parts: make([]float64, len(kinds))})
		}
		s := stacks[len(stacks)-1]
		if k := slices.Index(kinds, fmt.Sprint(r[1])); k >= 0 {
			s.parts[k] += float(r[2])
			s.sum += float(r[2])
		}
	}
	d := &Drawing{Width: width, Height: tall}
	most := 0.0
	used := make([]bool, len(kinds))
	for _, s := range stacks {
		most = max(most, s.sum)
	}
	x, y := d.axes(rows, most, "")
	for _, s := range stacks {
		base := 0.0
		for k, n := range s.parts {
			if n == 0 {
				continue
			}
			used[k] = true
			d.add(Shape{Kind: "rect", X: x(s.since) - 3, W: 6, Y: y(base + n), H: y(base) - y(base+n), Class: fmt.Sprintf("k%d", k),
				Tip: fmt.Sprintf("%s: %s %.0f", text(s.since), kinds[k], n)})
			base += n
		}
	}
	for k, name := range kinds {
		if used[k] {
			d.Legend = append(d.Legend, Key{Class: fmt.Sprintf("k%d", k), Name: name})
		}
	}
	return d
}

// drawMap draws clients at the left, servers at the right, and a curve for
// each pair: client, server, protocol, port, connections.
func drawMap(rows [][]any) *Drawing {
	const boxWide, boxTall = 210, 24
	var sides [2][]string
	for _, r := range rows {
		for i := range sides {
			if name := text(r[i]); !slices.Contains(sides[i], name) {
				sides[i] = append(sides[i], name)
			}
		}
	}
	d := &Drawing{Width: width, Height: float64(max(len(sides[0]), len(sides[1])))*(boxTall+12) + 28}
	middle := func(side int, name string) float64 {
		return float64(slices.Index(sides[side], name))*(boxTall+12) + boxTall/2 + 24
	}
	most := 1.0
	for _, r := range rows {
		most = max(most, float(r[4]))
	}
	for _, r := range rows {
		from, to := middle(0, text(r[0])), middle(1, text(r[1]))
		tip := fmt.Sprintf("%s to %s, %s port %s: %s", text(r[0]), text(r[1]), text(r[2]), text(r[3]), plural(int64(float(r[4])), "connection"))
		d.add(Shape{Kind: "path", Class: fmt.Sprintf("wire w%d", 1+int(3*math.Sqrt(float(r[4])/most))), Tip: tip,
			Path: fmt.Sprintf("M%d %.1f C%d %.1f %d %.1f %d %.1f", boxWide, from, width/2, from, width/2, to, width-boxWide, to)},
			Shape{Kind: "text", X: width / 2, Y: (from+to)/2 - 4, Anchor: "middle", Class: "note", Text: fmt.Sprintf("%s %s", text(r[2]), text(r[3])), Tip: tip})
	}
	for i, heading := range []string{"client", "server"} {
		at := float64(i) * (width - boxWide)
		d.add(Shape{Kind: "text", X: at + boxWide/2, Y: 12, Anchor: "middle", Class: "note", Text: heading})
		for _, name := range sides[i] {
			y := middle(i, name)
			d.add(Shape{Kind: "rect", X: at + 1, Y: y - boxTall/2, W: boxWide - 2, H: boxTall, Class: "box", Tip: name},
				Shape{Kind: "text", X: at + boxWide/2, Y: y + 4, Anchor: "middle", Text: shorten(name, 24), Tip: name})
		}
	}
	return d
}

func (d *Drawing) add(s ...Shape) { d.Shapes = append(d.Shapes, s...) }

// axes draws axes for values from 0 to most, and for the times in the first
// column of the rows; it returns where a time and a value are.
func (d *Drawing) axes(rows [][]any, most float64, unit string) (x func(any) float64, y func(float64) float64) {
	step := niceStep(most / 4)
	highest := step * math.Ceil(max(most, step)/step)
	y = func(v float64) float64 { return d.Height - bottom - v/highest*(d.Height-top-bottom) }
	for v := 0.0; v <= highest*1.001; v += step {
		d.add(Shape{Kind: "line", X: left, Y: y(v), W: d.Width - left - right, Class: "grid"},
			Shape{Kind: "text", X: left - 6, Y: y(v) + 4, Anchor: "end", Class: "note", Text: fmt.Sprintf("%g", math.Round(v*1000)/1000) + unit})
	}
	times := make([]float64, len(rows))
	for i, r := range rows {
		times[i] = float(r[0])
	}
	first, last := slices.Min(times), slices.Max(times)
	x = func(v any) float64 {
		if last == first {
			return left + (d.Width-left-right)/2
		}
		return left + 10 + (float(v)-first)/(last-first)*(d.Width-left-right-20)
	}
	layout := "15:04:05"
	switch span := last - first; {
	case span > 2*86400:
		layout = time.DateOnly
	case span > 3600:
		layout = "01-02 15:04"
	}
	const ticks = 5
	for i := range ticks {
		at := first + (last-first)*float64(i)/(ticks-1)
		if last == first && i > 0 {
			break
		}
		moment := time.UnixMilli(int64(at * 1000)).UTC()
		anchor := "middle"
		switch {
		case last == first:
		case i == 0:
			anchor = "start"
		case i == ticks-1:
			anchor = "end"
		}
		d.add(Shape{Kind: "text", X: x(at), Y: d.Height - bottom + 18, Anchor: anchor, Class: "note", Text: moment.Format(layout)})
	}
	return x, y
}

// niceStep returns 1, 2 or 5 times a power of ten, at least v.
func niceStep(v float64) float64 {
	if v <= 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 5} {
		if n*power >= v {
			return n * power
		}
	}
	return 10 * power
}

// shorten keeps both ends of a name, which is where images and pods differ.
func shorten(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n/3]) + "…" + string(runes[len(runes)-(n-n/3-1):])
}
