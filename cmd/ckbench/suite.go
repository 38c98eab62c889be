package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/ckexport/ckexport/cmd/ckbench/measure"
	"github.com/ckexport/ckexport/cmd/ckbench/workload"
)

// The names of programs in results.
const (
	toParquet          = "ckexport to Parquet"
	toParquetOneCPU    = "ckexport to Parquet, one CPU"
	toDuckDB           = "ckexport to DuckDB"
	withLogs           = "ckexport to Parquet, all lines of logs"
	againParquet       = "ckexport to Parquet, nothing new"
	againDuckDB        = "ckexport to DuckDB, nothing new"
	peer               = "checkpointctl, one process"
	peerOneByOne       = "checkpointctl, one by one"
	decompressing      = "decompress"
	decompressingAsync = "decompress, library's default"
	reading            = "read the bytes"
	imagesOnly         = "decode main images"
	hashingFiles       = "decompress and hash files"
	starting           = "start and end"
)

// Limits for one process. Peers take long over the larger workloads.
const (
	ownLimit  = time.Hour
	peerLimit = 5 * time.Minute
)

// suite is one run of everything.
type suite struct {
	ckexport, worker, checkpointctl, originals, work string
	reps                                             int
	seed                                             uint64
	sizes                                            workload.Sizes
	log                                              io.Writer
	results                                          Results
	outputs                                          int // that were set aside
}

func (s *suite) say(format string, args ...any) { fmt.Fprintf(s.log, format+"\n", args...) }

// run makes what is missing and measures everything.
func (s *suite) run(ctx context.Context) error {
	if err := s.prepare(); err != nil {
		return err
	}
	s.results = Results{Machine: thisMachine(ctx), Quick: s.sizes == workload.Quick, Reps: s.reps, Sizes: sizesOf(s.sizes)}
	dirs := map[string]string{}
	for _, w := range s.sizes.All() {
		dir, err := s.workload(ctx, w)
		if err != nil {
			return err
		}
		dirs[w.Name] = dir
	}
	if err := s.compare(ctx, "", s.reps, []program{{name: starting, argv: func(string) []string { return []string{s.ckexport, "version"} }}}); err != nil {
		return err
	}
	few, many := workload.Small(s.sizes.Few), workload.Small(s.sizes.Many)
	everything := slices.Concat(s.baselines(), s.peers(), s.exports()) // the first to read brings the files into memory
	if err := s.compare(ctx, few.Name, s.reps, slices.Concat(everything, s.peerOneByOne())); err != nil {
		return err
	}
	for _, w := range s.sizes.Kubernetes() {
		if err := s.compare(ctx, w.Name, s.reps, slices.Concat(everything, []program{s.export(withLogs, "fleet.parquet", "--logs", "all")})); err != nil {
			return err
		}
	}
	for _, w := range slices.Concat(s.sizes.Pages(), s.sizes.Large()) {
		programs := everything
		if w.Name == s.results.Sizes.Rootfs {
			programs = append([]program{s.hashFiles()}, everything...)
		}
		if err := s.compare(ctx, w.Name, max(1, s.reps/2), programs); err != nil {
			return err
		}
	}
	if err := s.readMemory(ctx); err != nil {
		return err
	}
	for _, w := range s.sizes.Memory() {
		if err := s.compare(ctx, w.Name, 1, s.exports()); err != nil {
			return err
		}
	}
	if err := s.compare(ctx, many.Name, max(1, s.reps/4), append(everything, s.onOneCPU())); err != nil {
		return err
	}
	if err := s.askFleet(ctx, many.Name); err != nil {
		return err
	}
	var err error
	if s.results.Stages, err = s.profile(ctx, dirs[many.Name]); err != nil {
		return err
	}
	if s.results.Encoding, err = s.comparison(ctx, "encode", dirs[few.Name]); err != nil {
		return err
	}
	if s.results.Loading, err = s.comparison(ctx, "load", dirs[few.Name]); err != nil {
		return err
	}
	s.results.Machine.LoadAtEnd = loadAverage()
	return os.RemoveAll(s.out())
}

func (s *suite) out() string { return filepath.Join(s.work, "out") }

// prepare makes paths absolute, as programs run elsewhere, and sees what is
// there.
func (s *suite) prepare() error {
	for _, p := range []*string{&s.ckexport, &s.worker, &s.checkpointctl, &s.originals, &s.work} {
		abs, err := filepath.Abs(*p)
		if err != nil {
			return err
		}
		*p = abs
	}
	for _, binary := range []string{s.ckexport, s.worker} {
		if _, err := os.Stat(binary); err != nil {
			return err
		}
	}
	if _, err := os.Stat(s.checkpointctl); errors.Is(err, fs.ErrNotExist) {
		s.say("no checkpointctl: its comparisons are left out")
		s.checkpointctl = ""
	}
	return errors.Join(os.MkdirAll(s.work, 0o700), os.RemoveAll(s.out()), os.Mkdir(s.out(), 0o700))
}

// workload has the archives made by the worker, so that this process stays
// small.
func (s *suite) workload(ctx context.Context, w workload.Workload) (string, error) {
	s.say("archives: %s", w.Doc)
	if _, err := measure.Run(ctx, "", ownLimit, nil, s.worker, "make", "--originals", s.originals, "--work", s.work, "--seed", fmt.Sprint(s.seed), w.Name); err != nil {
		return "", err
	}
	dir, err := w.Make(ctx, s.originals, s.work, s.seed) // they are there
	if err != nil {
		return "", err
	}
	files, err := workload.Files(dir)
	if err != nil {
		return "", err
	}
	size, err := sizeOf(dir)
	s.results.Workloads = append(s.results.Workloads, WorkloadInfo{Name: w.Name, Doc: w.Doc, Archives: len(files), Bytes: size})
	return dir, err
}

// askFleet runs the exports of the many archives again, which finds nothing
// new, and then asks their outputs.
func (s *suite) askFleet(ctx context.Context, name string) error {
	again := []program{s.export(againParquet, "fleet.parquet"), s.export(againDuckDB, "fleet.duckdb")}
	for i := range again {
		again[i].keep = true
	}
	if err := s.compare(ctx, name, s.reps, again); err != nil {
		return err
	}
	return s.askAll(ctx, map[string]string{toParquet: filepath.Join(s.out(), "fleet.parquet"), toDuckDB: filepath.Join(s.out(), "fleet.duckdb")})
}

// comparison runs a comparison in a process of its own.
func (s *suite) comparison(ctx context.Context, command, dir string) (*measure.Comparison, error) {
	s.say("comparison: %s", command)
	c := &measure.Comparison{}
	return c, s.ask(ctx, c, command, "--reps", fmt.Sprint(s.reps), "--scratch", s.out(), dir)
}

// ask runs the worker and reads its answer.
func (s *suite) ask(ctx context.Context, answer any, args ...string) error {
	var out bytes.Buffer
	if _, err := measure.Run(ctx, "", ownLimit, &out, append([]string{s.worker}, args...)...); err != nil {
		return err
	}
	return json.Unmarshal(out.Bytes(), answer)
}
