package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/units"
)

// progress shows how far a run is, on a terminal only. Log lines go through
// it, so that they do not run into the bar.
type progress struct {
	out   io.Writer
	shown bool // out is a terminal, and nobody asked for quiet

	mu      sync.Mutex
	bar     *progressbar.ProgressBar
	total   int
	done    int
	rows    uint64
	started time.Time
}

func newProgress(out io.Writer, quiet bool) *progress {
	file, isFile := out.(*os.File)
	return &progress{out: out, shown: !quiet && isFile && term.IsTerminal(int(file.Fd()))}
}

// start begins the bar; it counts bytes of archives.
func (p *progress) start(archives []source.Item) {
	if !p.shown || len(archives) == 0 {
		return
	}
	var size int64
	for _, a := range archives {
		size += a.Version.Size
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total, p.started = len(archives), time.Now()
	p.bar = progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(p.out), progressbar.OptionShowBytes(true), progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(20),
		progressbar.OptionSetDescription(p.text()), progressbar.OptionSpinnerType(14))
}

// archive moves the bar by one archive.
func (p *progress) archive(r pipeline.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.rows += r.Rows
	if p.bar != nil {
		p.bar.Describe(p.text())
		p.bar.Add64(r.Archive.Version.Size) //nolint:errcheck // a bar that cannot be drawn must not end the run
	}
}

func (p *progress) text() string {
	rate := 0.0
	if s := time.Since(p.started).Seconds(); s > 0 {
		rate = float64(p.rows) / s
	}
	return fmt.Sprintf("%d/%s, %s (%.0f/s)", p.done, units.Count(p.total, "archive"), units.Count(p.rows, "row"), rate)
}

// finish removes the bar.
func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Clear() //nolint:errcheck // as above
		p.bar = nil
	}
}

// Write writes a log line; the bar is drawn again behind it.
func (p *progress) Write(line []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Clear() //nolint:errcheck // as above
	}
	return p.out.Write(line)
}
