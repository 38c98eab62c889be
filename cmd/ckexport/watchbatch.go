package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/ckexport/ckexport/metrics"
	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/watch"
)

// batchRunner exports batches, each by a process of its own: a run confines
// itself and can't take that back, its memory goes with it, and what kills it
// does not end the watch, which opens nothing that may be hostile but for the
// first bytes of files that are not named like archives.
type batchRunner struct {
	opts    *watchOptions
	metrics *metrics.Metrics
	stderr  io.Writer
}

// run exports a batch. When ctx ends, what was read by then is exported.
func (r *batchRunner) run(ctx context.Context, batch []watch.Archive) watch.Outcome {
	started := time.Now()
	summary, code, reason := r.process(ctx, batch)
	took := time.Since(started)
	ended := code == exitOK || code == exitBadArchives
	r.metrics.AddRun(metrics.Run{Summary: summary, ExitCode: code, Finished: ended, Ended: time.Now(), Took: took})
	log := r.opts.log.With("archives", len(batch), "seconds", took.Seconds(), "exit_code", code)
	if summary != nil {
		log = log.With("run", summary.RunID, "ok", summary.OK, "partial", summary.Partial, "failed", summary.Failed, "duplicate", summary.Duplicate,
			"known", summary.Known, "rows", summary.RowCount())
	}
	switch {
	case code == exitOK:
		log.Info("batch exported")
		return watch.Exported
	case code == exitBadArchives:
		log.Warn("batch exported, but some archives failed or are partial")
		return watch.Incomplete
	case code == exitInterrupted && ctx.Err() != nil:
		log.Info("batch ended early; what was read of it is exported")
		return watch.Failed
	case code < 0:
		log.Error("batch killed", "error", reason)
		return watch.Killed
	}
	log.Error("batch not exported", "error", reason)
	return watch.Failed
}

// process runs ckexport for a batch. The exit code is negative where it did not
// end by itself; the reason is what it said last.
func (r *batchRunner) process(ctx context.Context, batch []watch.Archive) (summary *pipeline.Summary, code int, reason string) {
	list, err := encodeSettled(batch)
	if err != nil {
		return nil, exitFailed, err.Error()
	}
	args := append([]string{"export", "--settled", "--quiet", "--summary-json=-"}, r.opts.runArgs...)
	cmd, err := thisProgram(ctx, slices.Concat(args, []string{"--"}, r.opts.watch.Folders)...)
	if err != nil {
		return nil, exitFailed, fmt.Sprintf("finding this program: %v", err)
	}
	cmd.Args[0] = "ckexport"
	var out bytes.Buffer
	said := &lastWords{passOn: r.stderr}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = list, &out, said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	runtime.LockOSThread()
	err = cmd.Run()
	runtime.UnlockOSThread()
	said.end()
	var exit *exec.ExitError
	switch {
	case cmd.ProcessState == nil:
		return nil, exitFailed, fmt.Sprintf("starting a run: %v", err)
	case errors.As(err, &exit) && exit.ExitCode() < 0:
		return nil, -1, err.Error()
	}
	if code = cmd.ProcessState.ExitCode(); code != exitFailed && code != exitUsage {
		summary = &pipeline.Summary{}
		if err := json.Unmarshal(out.Bytes(), summary); err != nil {
			return nil, code, fmt.Sprintf("reading the run's summary: %v", err)
		}
	}
	return summary, code, said.reason
}

// settledArchive is an archive as a watch names it to its runs. A name may be
// any bytes, which JSON has as base64, and a time beyond the years that it has.
type settledArchive struct {
	Name        []byte `json:"name"`
	Size        int64  `json:"size"`
	Seconds     int64  `json:"seconds"`
	Nanoseconds int64  `json:"nanoseconds"`
}

func encodeSettled(batch []watch.Archive) (io.Reader, error) {
	var list []settledArchive
	for _, a := range batch {
		list = append(list, settledArchive{[]byte(a.Name), a.Version.Size, a.Version.ModTime.Unix(), int64(a.Version.ModTime.Nanosecond())})
	}
	data, err := json.Marshal(list)
	return bytes.NewReader(data), err
}

// readSettled reads what encodeSettled wrote.
func readSettled(r io.Reader) ([]watch.Archive, error) {
	var list []settledArchive
	if err := json.NewDecoder(r).Decode(&list); err != nil {
		return nil, fmt.Errorf("reading which archives have settled: %w", err)
	}
	var batch []watch.Archive
	for _, a := range list {
		batch = append(batch, watch.Archive{Name: string(a.Name), Version: archive.Version{Size: a.Size, ModTime: time.Unix(a.Seconds, a.Nanoseconds)}})
	}
	return batch, nil
}

// lastWords passes on the log of a run, and keeps why it failed: that comes last,
// and is no line of a log.
type lastWords struct {
	passOn io.Writer
	line   []byte
	reason string
}

func (l *lastWords) Write(p []byte) (int, error) {
	l.line = append(l.line, p...)
	for {
		line, rest, whole := bytes.Cut(l.line, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		l.take(string(line))
		l.line = bytes.Clone(rest)
	}
}

// end takes a line that has no end.
func (l *lastWords) end() {
	if len(l.line) > 0 {
		l.take(string(l.line))
		l.line = nil
	}
}

func (l *lastWords) take(line string) {
	if l.reason != "" { // further lines of it, and a hint
		l.reason += "; " + strings.TrimSpace(line)
		return
	}
	if reason, ok := strings.CutPrefix(line, "ckexport: "); ok {
		l.reason = reason
		return
	}
	fmt.Fprintln(l.passOn, line)
}
