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
	outputs                                          string // the folder for what programs write; "" for a RAM disk
	temporary                                        string // the system's folder for temporary files
	reps                                             int
	seed                                             uint64
	sizes                                            workload.Sizes
	log                                              io.Writer
	results                                          Results
	aside                                            int // outputs that were set aside
}

func (s *suite) say(format string, args ...any) { fmt.Fprintf(s.log, format+"\n", args...) }

// run makes what is missing and measures everything.
func (s *suite) run(ctx context.Context) (err error) {
	where, err := s.prepare()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.outputs)) }()
	s.results = Results{Machine: thisMachine(ctx), Outputs: where, Quick: s.sizes == workload.Quick, Reps: s.reps, Sizes: sizesOf(s.sizes)}
	dirs := map[string]string{}
	for _, w := range s.sizes.All() {
		dir, err := s.workload(ctx, w)
		if err != nil {
			return err
		}
		dirs[w.Name] = dir
	}
	if err := s.compare(ctx, "", more(s.reps), []program{{name: starting, argv: func(string) []string { return []string{s.ckexport, "version"} }}}); err != nil {
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
		if err := s.compare(ctx, w.Name, fewer(s.reps), programs); err != nil {
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
	// checkpointctl keeps what it unpacks until its end: of so many that is more
	// than a RAM disk holds.
	if err := os.Setenv("TMPDIR", s.temporary); err != nil {
		return err
	}
	if err := s.compare(ctx, many.Name, least(s.reps), append(everything, s.onOneCPU())); err != nil {
		return err
	}
	if err := s.askFleet(ctx, many.Name); err != nil {
		return err
	}
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
	return nil
}

// How often programs run that take long, very long, or milliseconds.
func fewer(reps int) int { return min(reps, max(3, reps/2)) }
func least(reps int) int { return max(1, reps/4) }
func more(reps int) int  { return 5 * reps }

// prepare makes paths absolute, as programs run elsewhere, sees what is there,
// and makes places for programs and for what they write; it says where the latter is.
func (s *suite) prepare() (where string, err error) {
	where = "in a folder that was given"
	if s.outputs == "" {
		s.outputs, where = ramDisk(), "on a RAM disk"
	}
	if s.outputs == "" {
		s.outputs, where = s.work, "on disk, beside the archives"
	}
	for _, p := range []*string{&s.ckexport, &s.worker, &s.checkpointctl, &s.originals, &s.work, &s.outputs} {
		if *p, err = filepath.Abs(*p); err != nil {
			return where, err
		}
	}
	if _, err := os.Stat(s.checkpointctl); errors.Is(err, fs.ErrNotExist) {
		s.say("no checkpointctl: its comparisons are left out")
		s.checkpointctl = ""
	}
	if err := os.MkdirAll(s.work, 0o700); err != nil {
		return where, err
	}
	if s.outputs, err = os.MkdirTemp(s.outputs, "ckbench-"); err != nil {
		return where, err
	}
	s.temporary = os.TempDir()
	return where, errors.Join(os.Setenv("TMPDIR", s.outputs), s.install())
}

// install has copies of the programs run. More of a file that the linker has just
// written is mapped at the start: it takes some milliseconds more than an installed one.
func (s *suite) install() error {
	dir := filepath.Join(s.work, "programs")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return err
	}
	for _, p := range []*string{&s.ckexport, &s.worker, &s.checkpointctl} {
		if *p == "" {
			continue
		}
		copied := filepath.Join(dir, filepath.Base(*p))
		if err := copyProgram(copied, *p); err != nil {
			return err
		}
		*p = copied
	}
	return nil
}

func copyProgram(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
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
	return s.askAll(ctx, map[string]string{toParquet: filepath.Join(s.outputs, "fleet.parquet"), toDuckDB: filepath.Join(s.outputs, "fleet.duckdb")})
}

// comparison runs a comparison in a process of its own.
func (s *suite) comparison(ctx context.Context, command, dir string) (*measure.Comparison, error) {
	s.say("comparison: %s", command)
	c := &measure.Comparison{}
	return c, s.ask(ctx, c, command, "--reps", fmt.Sprint(s.reps), "--scratch", s.outputs, dir)
}

// ask runs the worker and reads its answer.
func (s *suite) ask(ctx context.Context, answer any, args ...string) error {
	var out bytes.Buffer
	if _, err := measure.Run(ctx, "", ownLimit, &out, append([]string{s.worker}, args...)...); err != nil {
		return err
	}
	return json.Unmarshal(out.Bytes(), answer)
}
