package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/cmd/ckbench/measure"
	"github.com/ckexport/ckexport/stage"
)

// ofOneGoroutine are the stages that more CPUs do no faster.
var ofOneGoroutine = []string{stage.Collect, stage.Write, stage.Commit}

// modelledCores are the numbers of CPUs that the report tells of.
var modelledCores = []int{1, 2, 4, 16, 64}

// profile has the worker export the archives of a workload under a CPU profile.
func (s *suite) profile(ctx context.Context, dir string) (*measure.Stages, error) {
	var out bytes.Buffer
	if _, err := measure.Run(ctx, "", ownLimit, &out, s.worker, "profile", "--scratch", s.outputs, dir); err != nil {
		return nil, err
	}
	stages := &measure.Stages{}
	return stages, json.Unmarshal(out.Bytes(), stages)
}

// onOneCPU is an export to Parquet that uses one CPU.
func (s *suite) onOneCPU() program {
	p := s.export(toParquetOneCPU, "fleet.parquet", "--jobs", "1")
	argv := p.argv
	p.argv = func(dir string) []string { return append([]string{"env", "GOMAXPROCS=1"}, argv(dir)...) }
	return p
}

// serialShare returns the share of the CPU time of the largest stage that only one
// goroutine can do, and its name.
func serialShare(s *measure.Stages) (string, float64) {
	largest := slices.MaxFunc(ofOneGoroutine, func(a, b string) int { return cmp.Compare(s.CPU[a], s.CPU[b]) })
	return largest, s.CPU[largest] / s.Total()
}

// modelled returns the seconds that a run takes with so many CPUs. Stages work
// side by side, but for the commit, which comes last: so a run takes its share of
// all the CPU time, or as long as the slowest stage of one goroutine.
func modelled(s *measure.Stages, cpus int) float64 {
	commit := s.CPU[stage.Commit]
	slowest := max(s.CPU[stage.Collect], s.CPU[stage.Write])
	return commit + max((s.Total()-commit)/float64(cpus), slowest)
}

// writeCores tells what stages take, and what more CPUs would do.
func writeCores(b *strings.Builder, r *Results) {
	s := r.Stages
	if s == nil {
		return
	}
	fmt.Fprintf(b, "\n## CPUs\n\nThe CPU time of an export of %s to Parquet by stage, from the labels of a CPU profile. Stages work side by side.\n\n", r.Sizes.Many)
	b.WriteString("| stage | CPU | share | done by |\n| --- | --: | --: | --- |\n")
	for _, name := range slices.SortedFunc(maps.Keys(s.CPU), func(x, y string) int { return cmp.Compare(s.CPU[y], s.CPU[x]) }) {
		by := "all CPUs"
		if slices.Contains(ofOneGoroutine, name) {
			by = "one goroutine"
		}
		fmt.Fprintf(b, "| %s | %s | %.1f %% | %s |\n", name, seconds(s.CPU[name]), 100*s.CPU[name]/s.Total(), by)
	}
	b.WriteString("\nThe runtime's part is collecting garbage. What more CPUs would do is modelled from that: a run takes its share of the CPU time, but no less than\nthe longest stage of one goroutine; memory and disk are taken to keep up.\n\n")
	b.WriteString("| CPUs | archives a second, modelled | measured |\n| --: | --: | --: |\n")
	for _, n := range modelledCores {
		measured := ""
		for _, m := range []*Measurement{r.find(r.Sizes.Many, toParquetOneCPU), r.find(r.Sizes.Many, toParquet)} {
			if m != nil && m.Error == "" && n == r.cpusOf(m) {
				measured = fmt.Sprintf("%.0f", float64(s.Archives)/m.wall())
			}
		}
		fmt.Fprintf(b, "| %d | %.0f | %s |\n", n, float64(s.Archives)/modelled(s, n), measured)
	}
}

// cpusOf returns how many CPUs an export could use.
func (r *Results) cpusOf(m *Measurement) int {
	if m.Program == toParquetOneCPU {
		return 1
	}
	return r.Machine.Cores
}
