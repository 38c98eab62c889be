package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/cmd/ckexport/internal/sandbox"
	"github.com/ckexport/ckexport/metrics"
	"github.com/ckexport/ckexport/pipeline"
)

func metricsFileFlag() cli.Flag {
	return &cli.StringFlag{Name: "metrics-file", Usage: "count the run in `PATH`, in the format of node_exporter's textfile collector; also when it fails"}
}

// runMetrics counts one run in a file. A nil one counts nothing.
type runMetrics struct {
	file    *metrics.File
	started time.Time
	summary *pipeline.Summary // nil as long as nothing is committed
	output  string            // that has the run's rows then, empty for none
}

// openRunMetrics opens what --metrics-file names, before the process loses the
// right to.
func openRunMetrics(path string, std streams) (*runMetrics, error) {
	if path == "" {
		return nil, nil
	}
	if path == "-" {
		return nil, usagef("--metrics-file: counts go on from those in a file, which standard output is not")
	}
	if err := mustReplaceOwn("--metrics-file", path, "# HELP ", std); err != nil {
		return nil, err
	}
	file, err := metrics.OpenFile(path)
	if err != nil {
		return nil, usagef("--metrics-file: %v", err)
	}
	return &runMetrics{file: file, started: time.Now()}, nil
}

// grants grants what ended takes: in the file's folder names are read, made and
// removed, and no file is written but the one that is open.
func (m *runMetrics) grants() []sandbox.Grant {
	if m == nil {
		return nil
	}
	return grant(sandbox.Read|sandbox.Entries|sandbox.Files, m.file.Folder())
}

// committed notes what the run did, and the output in which that is visible, empty
// for none.
func (m *runMetrics) committed(s *pipeline.Summary, output string) {
	if m != nil {
		m.summary, m.output = s, output
	}
}

// ended counts the run, which ended with err, and returns that error; where it
// did not fail, one of writing.
func (m *runMetrics) ended(err error) error {
	if m == nil {
		return err
	}
	code := exitCode(err)
	run := metrics.Run{
		Summary: m.summary, ExitCode: code, Finished: code == exitOK || code == exitBadArchives,
		Ended: time.Now(), Took: time.Since(m.started),
	}
	v, _ := versionOf()
	writing := m.file.Update(func(all *metrics.Metrics) {
		all.SetBuild(v)
		all.AddRun(run)
	})
	writing = errors.Join(writing, m.file.Close())
	switch {
	case writing == nil:
		return err
	case code == exitFailed || code == exitUsage:
		return fmt.Errorf("%w\n--metrics-file: %w", err, writing)
	}
	return committedError(m.output, fmt.Errorf("--metrics-file: %w", writing))
}
