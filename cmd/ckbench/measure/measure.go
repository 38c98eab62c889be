// Package measure says what a process, a query or a comparison took. Both the
// suite and its worker use it; their results pass between them as JSON.
package measure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Usage is what one run of a program took.
type Usage struct {
	Wall      float64 `json:"wall_s"`
	CPU       float64 `json:"cpu_s"`      // user and system time, of all threads
	PeakRSS   int64   `json:"peak_rss"`   // bytes of memory at the most
	BytesRead int64   `json:"bytes_read"` // returned by read system calls; -1 where the system does not tell
}

// Add counts another process that ran after this one.
func (u *Usage) Add(o Usage) {
	u.Wall += o.Wall
	u.CPU += o.CPU
	u.PeakRSS = max(u.PeakRSS, o.PeakRSS)
	u.BytesRead += o.BytesRead
}

// Median returns the median of values, which it sorts; 0 of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// Comparison is what ckexport and something bare took for the same work in
// one process: medians, in seconds.
type Comparison struct {
	Rows  int64    `json:"rows"`
	Ours  float64  `json:"ours_s"`
	Bare  float64  `json:"bare_s"`
	Bytes [2]int64 `json:"bytes"` // that either wrote
}

// Query is what a query over an output took, in a process of its own.
type Query struct {
	First       []string `json:"first,omitempty"` // the first row
	Rows        int      `json:"rows"`
	Seconds     float64  `json:"seconds"`
	Bytes       int64    `json:"bytes"` // read, -1 where the system does not tell
	OpenSeconds float64  `json:"open_seconds"`
}

// Run runs a program in a folder to its end, or until the limit; its output
// goes to out, or nowhere if that is nil. Peak memory has a floor of some MiB:
// a process begins with that of the one that started it, for a moment.
func Run(ctx context.Context, dir string, limit time.Duration, out io.Writer, argv ...string) (Usage, error) {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	var failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &failure
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return Usage{}, err
	}
	bytesRead := readBytesAtEnd(cmd.Process.Pid)
	err := cmd.Wait()
	u := Usage{Wall: time.Since(started).Seconds(), BytesRead: bytesRead}
	u.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	u.PeakRSS = peakRSS(cmd.ProcessState)
	if ctx.Err() != nil {
		return u, errors.Join(fmt.Errorf("%w after %v", context.DeadlineExceeded, limit), removeLeftovers(filepath.Base(argv[0]), started))
	}
	if err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(failure.String()), "\n")
		return u, fmt.Errorf("%s: %w: %s", argv[0], err, line)
	}
	return u, nil
}

// removeLeftovers removes the temporary folders of a program that was stopped:
// some unpack gigabytes. It gets no temporary folder of its own, as to make files
// in a new one took checkpointctl up to 1.7 times as long.
func removeLeftovers(program string, since time.Time) error {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), program+"*"))
	for _, path := range left {
		if info, statErr := os.Lstat(path); statErr == nil && info.IsDir() && info.ModTime().After(since) {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	return err
}

// Stages is the CPU time that the stages of a run took, in seconds by name.
type Stages struct {
	Archives int                `json:"archives"`
	CPU      map[string]float64 `json:"cpu"`
}

// Total returns the CPU time of all stages, in seconds.
func (s *Stages) Total() (sum float64) {
	for _, cpu := range s.CPU {
		sum += cpu
	}
	return sum
}
