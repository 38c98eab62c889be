package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ckexport/ckexport/cmd/ckbench/measure"
	"github.com/ckexport/ckexport/cmd/ckbench/workload"
)

// program is something to run over the archives of a folder.
type program struct {
	name string
	// argv makes the command for a folder, or each command makes one for a
	// file. They are run in the folder.
	argv func(dir string) []string
	each func(file string) []string
	// output is what ckexport writes, within the folder for outputs; keep
	// leaves one that is there.
	output string
	keep   bool
	peer   bool
}

func (s *suite) export(name, output string, flags ...string) program {
	return program{name: name, output: output, argv: func(dir string) []string {
		return append([]string{s.ckexport, dir, "-o", filepath.Join(s.outputs, output), "--quiet", "--summary-json", "-"}, flags...)
	}}
}

func (s *suite) exports() []program {
	return []program{s.export(toParquet, "fleet.parquet"), s.export(toDuckDB, "fleet.duckdb")}
}

func (s *suite) peerCommand(files ...string) []string {
	return append([]string{s.checkpointctl, "inspect", "--all", "--format", "json"}, files...)
}

// peers is checkpointctl over all files, by their names alone: the names of
// thousands would not fit into a command line with their folder.
func (s *suite) peers() []program {
	if s.checkpointctl == "" {
		return nil
	}
	return []program{{name: peer, peer: true, argv: func(dir string) []string { return s.peerCommand(namesIn(dir)...) }}}
}

func (s *suite) peerOneByOne() []program {
	if s.checkpointctl == "" {
		return nil
	}
	return []program{{name: peerOneByOne, peer: true, each: func(file string) []string { return s.peerCommand(file) }}}
}

func (s *suite) baselines() []program {
	var list []program
	for _, b := range []struct{ name, command string }{
		{decompressing, "decompress"}, {decompressingAsync, "decompress-async"}, {reading, "read"}, {imagesOnly, "images"},
	} {
		list = append(list, program{name: b.name, argv: func(dir string) []string { return []string{s.worker, b.command, dir} }})
	}
	return list
}

func (s *suite) hashFiles() program {
	return program{name: hashingFiles, argv: func(dir string) []string { return []string{s.worker, "hash-files", dir} }}
}

func namesIn(dir string) (names []string) {
	files, err := workload.Files(dir)
	if err != nil {
		return nil
	}
	for _, f := range files {
		names = append(names, filepath.Base(f))
	}
	return names
}

// compare runs the programs over a workload, in turn, several times. Without
// a workload they run as they are.
func (s *suite) compare(ctx context.Context, name string, reps int, programs []program) error {
	dir := "" // as the last run of Make found it
	if name != "" {
		for _, w := range s.sizes.All() {
			if w.Name == name {
				var err error
				if dir, err = w.Make(ctx, s.originals, s.work, s.seed); err != nil {
					return err
				}
			}
		}
	}
	list := make([]*Measurement, len(programs))
	for i, p := range programs {
		list[i] = &Measurement{Workload: name, Program: p.name}
	}
	s.results.Measurements = append(s.results.Measurements, list...)
	for rep := range reps {
		for i, p := range programs {
			if list[i].Error != "" {
				continue
			}
			u, err := s.once(ctx, p, dir, list[i])
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil && !p.peer {
				return fmt.Errorf("%s over %s: %w", p.name, name, err)
			}
			if err != nil { // a peer's trouble is a result
				list[i].Error = err.Error()
			}
			list[i].Runs = append(list[i].Runs, u)
			s.say("%-20s %d/%d  %-34s %8.3f s  %6.0f MiB", name, rep+1, reps, p.name, u.Wall, float64(u.PeakRSS)/(1<<20))
		}
	}
	return nil
}

// once runs a program over a folder once.
func (s *suite) once(ctx context.Context, p program, dir string, m *Measurement) (measure.Usage, error) {
	if p.output != "" && !p.keep {
		if err := s.setAside(p.output); err != nil {
			return measure.Usage{}, err
		}
	}
	if p.each != nil {
		return s.oneByOne(ctx, p, dir)
	}
	limit := ownLimit
	if p.peer {
		limit = peerLimit
	}
	if p.output == "" {
		return measure.Run(ctx, dir, limit, nil, p.argv(dir)...)
	}
	var summary bytes.Buffer
	u, err := measure.Run(ctx, dir, limit, &summary, p.argv(dir)...)
	if err != nil {
		return u, err
	}
	return u, s.check(p, m, summary.Bytes())
}

// setAside makes room for an output. The one that is there stays until all is
// measured: in a file system that avoids what was just deleted, as ext4 without a
// journal does for a minute, each new file or folder takes 0.3 ms instead of 0.02.
func (s *suite) setAside(output string) error {
	s.aside++
	err := os.Rename(filepath.Join(s.outputs, output), filepath.Join(s.outputs, fmt.Sprint(s.aside, "-", output)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s *suite) oneByOne(ctx context.Context, p program, dir string) (sum measure.Usage, err error) {
	for _, name := range namesIn(dir) {
		u, err := measure.Run(ctx, dir, peerLimit, nil, p.each(name)...)
		if err != nil {
			return sum, err
		}
		sum.Add(u)
	}
	return sum, nil
}

// check looks whether an export took in all archives, each as a checkpoint of
// its own: else its time would be worth nothing.
func (s *suite) check(p program, m *Measurement, summary []byte) error {
	var got struct {
		OK          int    `json:"archives_ok"`
		Known       int    `json:"archives_known"`
		Checkpoints int    `json:"checkpoints"`
		Rows        uint64 `json:"rows_total"`
		BytesRead   uint64 `json:"bytes_read"`
	}
	if err := json.Unmarshal(summary, &got); err != nil {
		return fmt.Errorf("reading the summary: %w", err)
	}
	want := 0
	for _, w := range s.results.Workloads {
		if w.Name == m.Workload {
			want = w.Archives
		}
	}
	if p.keep && got.Known != want || !p.keep && (got.OK != want || got.Checkpoints != want) {
		return fmt.Errorf("%d archives are ok, %d known, %d checkpoints; want %d", got.OK, got.Known, got.Checkpoints, want)
	}
	m.Rows, m.ArchiveBytes = got.Rows, got.BytesRead
	var err error
	m.OutputBytes, err = sizeOf(filepath.Join(s.outputs, p.output))
	return err
}

// sizeOf returns the bytes of all files at or below path.
func sizeOf(path string) (total int64, err error) {
	err = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}
