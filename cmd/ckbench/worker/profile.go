package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"

	"github.com/google/pprof/profile"

	"github.com/ckexport/ckexport/cmd/ckbench/measure"
	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/parquet"
	"github.com/ckexport/ckexport/stage"
)

// profileStages exports a folder of archives to Parquet under a CPU profile, and
// returns the seconds of CPU that each stage took.
func profileStages(ctx context.Context, dir, scratch string) (s *measure.Stages, err error) {
	found, err := source.Find(ctx, []source.Provider{source.Local("")}, []string{dir}, nil)
	if err != nil {
		return nil, err
	}
	sink, err := parquet.Format(nil).Open(ctx, filepath.Join(scratch, "fleet.parquet"), sinks.Options{Tables: schema.Tables(), RunID: "bench", Version: "bench"})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	debug.SetGCPercent(200) // as ckexport has it
	var samples bytes.Buffer
	if err := pprof.StartCPUProfile(&samples); err != nil {
		return nil, err
	}
	summary, err := pipeline.Run(ctx, pipeline.Options{
		Archives: found.Archives, Tables: schema.Tables(), Sink: sink, Run: schema.Run{RunID: "bench"},
		Limits: decode.DefaultLimits(), Jobs: runtime.GOMAXPROCS(0), Log: slog.New(slog.DiscardHandler),
	})
	pprof.StopCPUProfile()
	if err != nil {
		return nil, err
	}
	if summary.Bad() {
		return nil, fmt.Errorf("%d archives of %q are not whole", summary.Partial+summary.Failed, dir)
	}
	s = &measure.Stages{Archives: len(found.Archives), CPU: map[string]float64{}}
	return s, addSamples(s, &samples)
}

// addSamples sums the CPU time of a profile by stage. What has no label is the
// runtime's own, such as collecting garbage.
func addSamples(s *measure.Stages, samples *bytes.Buffer) error {
	p, err := profile.Parse(samples)
	if err != nil {
		return fmt.Errorf("reading the CPU profile: %w", err)
	}
	const cpu = 1 // of the two values of a sample: how many there were, and nanoseconds
	for _, sample := range p.Sample {
		name := "runtime"
		if of := sample.Label[stage.Label]; len(of) > 0 {
			name = of[0]
		}
		s.CPU[name] += float64(sample.Value[cpu]) / 1e9
	}
	return nil
}

// profileInScratch does so in a folder that is then removed.
func profileInScratch(ctx context.Context, dir, parent string) (s *measure.Stages, err error) {
	scratch, err := os.MkdirTemp(parent, "ckbench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	return profileStages(ctx, dir, scratch)
}
