package main

import (
	"fmt"
	"strings"
)

// Goal is something that is aimed at, with what was measured.
type Goal struct {
	What, Want, Got string
	// Share is the part of what is allowed that was used: up to 1 is met. It
	// is negative where it was not measured.
	Share float64
}

func (g Goal) verdict() string {
	switch {
	case g.Share < 0:
		return "not measured"
	case g.Share <= 1:
		return "met"
	}
	return "not met"
}

const notMeasured = -1

// goals compares the results with what is aimed at.
func (r *Results) goals() []Goal {
	var list []Goal
	few, many := r.Sizes.Few, r.Sizes.Many
	for _, o := range []struct {
		program string
		times   float64
	}{{toParquet, 10}, {toDuckDB, 6}} {
		list = append(list, atLeast(few+": "+o.program+", times as fast as checkpointctl, one process", o.times, r.ratio(few, peer, o.program)))
	}
	list = append(list, atMost(few+": "+toParquet+", CPU against "+decompressing, 3, r.cpuRatio(few, toParquet, decompressing), "x"))
	for _, name := range r.Sizes.Kubernetes {
		list = append(list,
			atLeast(name+": "+toParquet+", times as fast as checkpointctl, one process", 8, r.ratio(name, peer, toParquet)),
			atLeast(name+": "+withLogs+", likewise", 4, r.ratio(name, peer, withLogs)))
	}
	for _, c := range []string{"gzip", "zstd"} {
		name := r.Sizes.Pages[c]
		bare := decompressing
		if a, b := r.find(name, decompressing), r.find(name, decompressingAsync); a != nil && b != nil && b.wall() < a.wall() {
			bare = decompressingAsync
		}
		list = append(list, atMost(name+": time, against "+bare, 1.15, r.ratio(name, toParquet, bare), "x"))
	}
	list = append(list, atMost(r.Sizes.Rootfs+": "+toParquet+", against "+hashingFiles, 1.5, r.ratio(r.Sizes.Rootfs, toParquet, hashingFiles), "x"))
	list = append(list, r.plainGoals()...)
	if r.Stages != nil {
		name, share := serialShare(r.Stages)
		list = append(list, atMost(fmt.Sprintf("%s: %s, share of the CPU of the largest stage of one goroutine (%s)", many, toParquet, name), 3, 100*share, "%"))
	}
	if c := r.Encoding; c != nil {
		list = append(list, atLeast("Parquet encoding, times as fast as the bare arrow-go writer", 0.8, c.Bare/c.Ours))
	}
	if c := r.Loading; c != nil {
		list = append(list, atMost("DuckDB load: time, against its own INSERT ... SELECT read_parquet", 1.2, c.Ours/c.Bare, "x"))
	}
	list = append(list, r.contentGoals()...)
	list = append(list, r.memoryGoals()...)
	growth := notMeasured * 1.0
	if a, b := r.find(few, toParquet), r.find(many, toParquet); a != nil && b != nil {
		growth = b.wall() / float64(r.archives(many)) / (a.wall() / float64(r.archives(few)))
	}
	list = append(list, atMost(fmt.Sprintf("time per archive, %s against %s", many, few), 1.1, growth, "x"))
	for _, again := range []string{againParquet, againDuckDB} {
		list = append(list, atMost(many+": "+again, 1, r.wall(many, again), "s"))
	}
	list = append(list, atMost(many+": "+toParquet, 45, r.wall(many, toParquet), "s"))
	return append(list, atMost("process start and end", 0.02, r.wall("", starting), "s"))
}

// plainGoals are those of an uncompressed archive, whose pages nobody wants.
func (r *Results) plainGoals() []Goal {
	name := r.Sizes.Pages["none"]
	m, start := r.find(name, toParquet), r.find("", starting)
	share, beyond := notMeasured*1.0, notMeasured*1.0
	for _, w := range r.Workloads {
		if w.Name == name && m != nil && m.read() >= 0 {
			share = 100 * m.read() / float64(w.Bytes)
		}
	}
	if m != nil && start != nil {
		beyond = max(m.wall()-start.wall(), 0)
	}
	return []Goal{
		atMost(name+": bytes read by the process, of the archive's", 1, share, "%"),
		atMost(name+": time beyond process start", 0.05, beyond, "s"),
	}
}

// memoryGoals are bounds of the peak, and that it is the same for all sizes:
// a fifth more counts as that.
func (r *Results) memoryGoals() (list []Goal) {
	const mib, same = 1 << 20, 1.2
	for _, o := range []struct {
		program string
		mib     float64
	}{{toParquet, 300}, {toDuckDB, 600}} {
		peak, where := notMeasured*1.0, ""
		for _, m := range r.Measurements {
			if m.Program == o.program && m.rss()/mib > peak {
				peak, where = m.rss()/mib, m.Workload
			}
		}
		kind := strings.TrimPrefix(o.program, "ckexport ")
		list = append(list, atMost("peak memory "+kind+", of "+where, o.mib, peak, "MiB"))
		for _, pair := range [][2]string{{r.Sizes.Few, r.Sizes.Many}, {r.Sizes.Least, r.Sizes.Most}, {r.Sizes.LeastZstd, r.Sizes.MostZstd}} {
			growth := notMeasured * 1.0
			if a, b := r.find(pair[0], o.program), r.find(pair[1], o.program); a != nil && b != nil && a.rss() > 0 {
				growth = b.rss() / a.rss()
			}
			list = append(list, atMost(fmt.Sprintf("peak memory %s, %s against %s", kind, pair[1], pair[0]), same, growth, "x"))
		}
	}
	return list
}

func (r *Results) wall(workload, program string) float64 {
	m := r.find(workload, program)
	if m == nil || m.Error != "" {
		return notMeasured
	}
	return m.wall()
}

// cpuRatio returns how many times as much CPU one program took as another.
func (r *Results) cpuRatio(workload, program, other string) float64 {
	a, b := r.find(workload, program), r.find(workload, other)
	if a == nil || b == nil || a.Error != "" || b.Error != "" || b.cpu() <= 0 {
		return notMeasured
	}
	return a.cpu() / b.cpu()
}

// ratio returns how many times as long one program took as another. A peer
// that was stopped took at least the time until then.
func (r *Results) ratio(workload, program, as string) float64 {
	m, other := r.find(workload, program), r.find(workload, as)
	if m == nil || other == nil || other.wall() == 0 || m.Error != "" && !strings.Contains(m.Error, "deadline") {
		return notMeasured
	}
	return m.wall() / other.wall()
}

func (r *Results) archives(workload string) int {
	for _, w := range r.Workloads {
		if w.Name == workload {
			return w.Archives
		}
	}
	return 1
}

func atMost(what string, limit, got float64, unit string) Goal {
	g := Goal{What: what, Want: "at most " + quantity(limit, unit), Got: "-", Share: notMeasured}
	if got >= 0 {
		g.Got, g.Share = quantity(got, unit), got/limit
	}
	return g
}

func atLeast(what string, limit, got float64) Goal {
	g := Goal{What: what, Want: "at least " + quantity(limit, "x"), Got: "-", Share: notMeasured}
	if got > 0 {
		g.Got, g.Share = quantity(got, "x"), limit/got
	}
	return g
}

func quantity(v float64, unit string) string {
	switch unit {
	case "s":
		if v < 1 {
			return fmt.Sprintf("%.0f ms", v*1000)
		}
		return fmt.Sprintf("%.2f s", v)
	case "MiB":
		return fmt.Sprintf("%.0f MiB", v)
	case "%":
		return fmt.Sprintf("%.3g %%", v)
	}
	return fmt.Sprintf("%.2f%s", v, unit)
}
