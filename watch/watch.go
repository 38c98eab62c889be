// Package watch follows folders into which archives are written, and hands those
// that have settled to runs, batch by batch.
//
// What is in the folders is found by looking through them, as a run does;
// inotify only tells when to look, and which files are still open. So nothing is
// lost where there is no inotify, its queue is full, or files lie on a network's
// file system: then they are found by the next look, --rescan later at most.
//
// The memory of what has been handed out is the process's own and only spares
// work: after a restart all is handed out again, and the output's ledger knows
// what it has.
package watch

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/ckexport/ckexport/pipeline/source"
)

// Options says what to watch, and how.
type Options struct {
	Folders   []string
	Providers []source.Provider // find archives in them
	// Settle is how long an archive has to be unchanged before it is read.
	Settle time.Duration
	// Rescan is how often folders are looked through when nothing is heard of them.
	Rescan time.Duration
	// BatchInterval is the time between the beginnings of two batches.
	BatchInterval time.Duration
	// Grace is how long a batch may go on when the watch is to end; then its
	// context ends.
	Grace time.Duration
	// Run exports a batch. It is called for one batch at a time, by a goroutine
	// of its own.
	Run func(ctx context.Context, batch []Archive) Outcome
	// OnState is called when the state may have changed.
	OnState func(State)
	Log     *slog.Logger
}

// Outcome is how a batch ended.
type Outcome int

const (
	// Exported: all of the batch is in the output, or was already.
	Exported Outcome = iota
	// Incomplete: so it is, but some archives could not be read in full.
	Incomplete
	// Failed: nothing of the batch is in the output.
	Failed
	// Killed: the process that exported it did not end by itself. An archive may
	// be the reason.
	Killed
)

// State tells how the watch is doing.
type State struct {
	// Waiting counts archives that are not exported yet; OldestWaiting says since
	// when the first of them is there, zero if there is none.
	Waiting       int
	OldestWaiting time.Time
	// SetAside counts archives that are not tried any more until they change.
	SetAside int
	// FailedBatches counts batches since the last one that did not fail.
	FailedBatches int
	LastScan      time.Time
	// ScanError says why the last look through the folders failed, nil if it did not.
	ScanError error
}

// watcher is a watch that goes on.
type watcher struct {
	Options
	files  files
	events *events
	state  State

	scanTook time.Duration
	heardAt  time.Time // when folders were last made sure to be heard of

	batch     []Archive    // that is being exported; nil for none
	ended     chan Outcome // of the batch
	nextBatch time.Time
	most      int // archives in a batch, 0 for all that are there
}

// Watch watches until ctx ends; then it ends the batch at hand. It fails if the
// folders cannot be looked through when it begins.
func Watch(ctx context.Context, opts Options) error {
	w := &watcher{Options: opts, files: files{}, ended: make(chan Outcome)}
	events, err := newEvents(opts.Folders)
	if err != nil {
		opts.Log.Warn("changes are only found by looking through the folders", "error", err, "every_seconds", opts.Rescan.Seconds())
	}
	w.events, w.heardAt = events, time.Now()
	defer events.close()
	if err := w.scan(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	opts.Log.Info("watching", "folders", opts.Folders, "archives", len(w.files))
	// Batches end by themselves when the watch does, within their grace.
	batches, endBatches := context.WithCancel(context.WithoutCancel(ctx))
	defer endBatches()
	for ctx.Err() == nil {
		w.begin(batches)
		w.OnState(w.state)
		w.wait(ctx)
	}
	w.finish(endBatches)
	return nil
}

// scan looks through the folders. Where that fails, what is known of them stays.
func (w *watcher) scan(ctx context.Context) error {
	began := time.Now()
	if began.Sub(w.heardAt) >= w.Rescan || w.state.ScanError != nil {
		w.events.again(w.Folders) // before looking, so that nothing happens in between
		w.heardAt = began
	}
	found, err := source.Find(ctx, w.Providers, w.Folders, nil)
	now := time.Now()
	w.scanTook = now.Sub(began)
	w.state.LastScan, w.state.ScanError = now, err
	if err != nil {
		return fmt.Errorf("looking through the folders: %w", err)
	}
	w.files.update(found.Archives, w.Folders, now)
	w.count()
	return nil
}

// count counts what waits.
func (w *watcher) count() {
	w.state.Waiting, w.state.SetAside, w.state.OldestWaiting = 0, 0, time.Time{}
	for _, f := range w.files {
		switch {
		case f.setAside:
			w.state.SetAside++
		case !f.exported:
			w.state.Waiting++
			if w.state.OldestWaiting.IsZero() || f.seen.Before(w.state.OldestWaiting) {
				w.state.OldestWaiting = f.seen
			}
		}
	}
}

// begin begins a batch, if it is time for one and something has settled.
func (w *watcher) begin(ctx context.Context) {
	now := time.Now()
	if w.batch != nil || now.Before(w.nextBatch) || w.state.ScanError != nil { // what was not looked at may have changed
		return
	}
	batch := w.files.settled(now, w.Settle, w.events.isOpen)
	if len(batch) == 0 {
		return
	}
	if w.most > 0 && len(batch) > w.most {
		batch = batch[:w.most]
	}
	w.batch, w.nextBatch = batch, now.Add(w.BatchInterval)
	w.Log.Debug("batch begins", "archives", len(batch))
	go func() { w.ended <- w.Run(ctx, batch) }()
}

// retryScan is when to look again through folders that could not be looked through.
const retryScan = 10 * time.Second

// scansAtMost is how much of the time looking through folders may take.
const scansAtMost = 0.1

// wait waits until there is something to do, and looks through the folders if it
// is that.
func (w *watcher) wait(ctx context.Context) {
	timer := time.NewTimer(time.Until(w.nextScan()))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case outcome := <-w.ended:
		w.end(outcome)
	case <-w.events.heard():
		// A file that grows is heard of all the time.
		pause := time.NewTimer(max(100*time.Millisecond, time.Duration(float64(w.scanTook)/scansAtMost)))
		defer pause.Stop()
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	case <-timer.C:
	}
	if err := w.scan(ctx); err != nil && ctx.Err() == nil {
		w.Log.Error("the folders cannot be looked through", "error", err)
	}
}

// nextScan is when to look through the folders if nothing happens: an archive is
// taken right after a look that found it unchanged.
func (w *watcher) nextScan() time.Time {
	next := w.state.LastScan.Add(w.Rescan)
	if w.state.ScanError != nil {
		return w.state.LastScan.Add(min(w.Rescan, retryScan))
	}
	if w.batch != nil {
		return next
	}
	due := w.files.due(w.Settle, w.events.isOpen)
	if due.IsZero() {
		return next
	}
	if due.Before(w.nextBatch) {
		due = w.nextBatch
	}
	if due.Before(next) {
		return due
	}
	return next
}

// end notes how the batch ended.
func (w *watcher) end(outcome Outcome) {
	now := time.Now()
	batch := w.batch
	w.batch = nil
	switch outcome {
	case Exported, Incomplete:
		w.files.exported(batch, outcome == Incomplete, now)
		w.state.FailedBatches = 0
		if w.most *= 8; w.most > len(w.files) {
			w.most = 0
		}
	case Killed:
		// One of them may be what no process survives. Smaller batches find it,
		// and export the others.
		w.most = max(1, len(batch)/8)
		if len(batch) == 1 && w.files.died(batch[0]) {
			w.Log.Error("archive set aside: reading it kills the process", "archive", batch[0].Name)
		}
		fallthrough
	case Failed:
		w.state.FailedBatches++
		w.nextBatch = now.Add(backoff(w.state.FailedBatches))
		w.Log.Warn("the batch will be tried again", "archives", len(batch), "failures", w.state.FailedBatches, "seconds", w.nextBatch.Sub(now).Seconds())
	}
	w.count()
}

// backoff is how long to wait after so many failures: from a second to five
// minutes, and not the same for all who lost the same output.
func backoff(failures int) time.Duration {
	const least, most = time.Second, 5 * time.Minute
	pause := most
	if failures < 10 {
		pause = min(most, least<<(failures-1))
	}
	return pause*3/4 + rand.N(pause/4+1)
}

// finish lets the batch at hand go on for its grace, then has it end.
func (w *watcher) finish(endBatches context.CancelFunc) {
	if w.batch == nil {
		return
	}
	w.Log.Info("ending: the batch at hand is finished", "archives", len(w.batch), "grace_seconds", w.Grace.Seconds())
	grace := time.NewTimer(w.Grace)
	defer grace.Stop()
	select {
	case outcome := <-w.ended:
		w.end(outcome)
	case <-grace.C:
		endBatches()
		<-w.ended // what it did not get to is left to the next watch
	}
	w.OnState(w.state)
}
