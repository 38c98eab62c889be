package shards

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/go-json-experiment/json"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/staging"
	"github.com/ckexport/ckexport/sinks/spool"
)

// Ends of a shard that has nothing to do.
var (
	ErrStaged    = errors.New("the shard is done already")
	ErrCommitted = errors.New("the run is committed already")
)

// writer is the sink of a shard.
type writer struct {
	format   sinks.Format
	location string
	opts     sinks.Options
	tables   []*schema.Table // those staged
	place    sinks.StagingPlace
	manifest manifest

	scratch  string // folder of this machine
	spool    *spool.Spool
	archives *os.File // in scratch
	done     bool
}

// Open begins a shard of a run into the output at a location. run is its row of
// table runs. It fails with ErrStaged where the shard is done, and with
// *sinks.RefusedError where others of the run were done with other options; with
// ErrCommitted it, or Ledger, fails where the output has the run.
func Open(ctx context.Context, format sinks.Format, location string, shard sinks.Shard, run schema.Run, opts sinks.Options) (_ sinks.ShardSink, err error) {
	if format.Staging == nil {
		return nil, &sinks.RefusedError{Path: location, Reason: "outputs of this kind take no runs in shards"}
	}
	w := &writer{format: format, location: location, opts: opts}
	w.manifest = manifest{
		Format: manifestFormat, Run: shard.Run, Index: shard.Index, Of: shard.Of, SchemaVersion: schema.Version,
		Tables: contents.Names(opts.Tables), Policy: opts.Policy, Labels: run.Labels, Overwrite: opts.Overwrite,
		Attempt: fmt.Sprintf("%d-%s", shard.Index, strings.ToLower(rand.Text())), RunRow: run,
	}
	for _, t := range opts.Tables {
		if t.Scope == schema.ScopeCheckpoint || t.Scope == schema.ScopeContent {
			w.tables = append(w.tables, t)
		}
	}
	if w.place, err = format.Staging(location, shard.Run); err != nil {
		return nil, err
	}
	if err := w.compare(ctx); err != nil {
		return nil, err
	}
	if w.scratch, err = w.place.Scratch(w.manifest.Attempt); err != nil {
		return nil, fmt.Errorf("making staging folder: %w", err)
	}
	if w.archives, err = staging.CreateFile(filepath.Join(w.scratch, "archives")); err != nil {
		return nil, errors.Join(err, w.remove(ctx), w.place.Close())
	}
	w.spool = spool.New(w.scratch, spool.Options{RunID: shard.RunID(), Version: opts.Version, Policy: opts.Policy, Sync: true})
	return w, nil
}

// compare compares the shard with one that is done: these agree with each other,
// or commit refuses them.
func (w *writer) compare(ctx context.Context) error {
	names, err := w.place.List(ctx)
	if err != nil {
		return fmt.Errorf("looking for other shards: %w", err)
	}
	if slices.Contains(names, manifestName(w.manifest.Index)) {
		return ErrStaged
	}
	for _, name := range names {
		index, ok := manifestOf(name)
		if !ok {
			continue
		}
		other, err := readManifest(ctx, w.place, index)
		if err != nil {
			return err
		}
		if what := w.manifest.differs(other); what != "" {
			return &sinks.RefusedError{Path: w.location, Reason: fmt.Sprintf("shard %d of run %s differs from shard %d, which is done, in %s", w.manifest.Index, w.manifest.Run, index, what)}
		}
		return nil
	}
	return nil
}

// Footprint is that of the staging place.
func (w *writer) Footprint() sinks.Footprint { return w.place.Footprint() }

// Ledger returns that of the output as it is now: commit looks again.
func (w *writer) Ledger(ctx context.Context) (*sinks.Ledger, error) {
	l, err := w.format.PeekLedger(ctx, w.location, w.opts)
	if err != nil {
		return nil, err
	}
	if isCommitted(l, w.manifest.Run) {
		return nil, ErrCommitted
	}
	if w.opts.Overwrite {
		return sinks.NewLedger(), nil
	}
	for run := range maps.Keys(l.Runs) {
		w.manifest.Base = max(w.manifest.Base, run)
	}
	return l, nil
}

// Write stages rows, of the tables that are staged.
func (w *writer) Write(ctx context.Context, table *schema.Table, batch arrow.RecordBatch) error {
	if !slices.Contains(w.tables, table) {
		return ctx.Err()
	}
	if err := w.spool.Write(ctx, table, batch); err != nil {
		return w.orEnded(ctx, err)
	}
	return nil
}

// Saw notes an archive.
func (w *writer) Saw(a sinks.SeenArchive) error {
	line, err := json.Marshal(a, encoding)
	if err == nil {
		_, err = w.archives.Write(append(line, '\n'))
	}
	return err
}

// Commit stages the shard as a whole. It fails with ErrStaged where another process
// did the shard meanwhile.
func (w *writer) Commit(ctx context.Context) error {
	if err := w.stage(ctx); err != nil {
		return w.orEnded(ctx, err)
	}
	w.done = true
	_ = w.removeOthers(ctx) // or commit will
	return nil
}

func (w *writer) stage(ctx context.Context) error {
	parts, err := w.spool.Finish(ctx, w.tables)
	if err != nil {
		return err
	}
	for i, p := range parts {
		name := fmt.Sprintf("%s.%s.%d.parquet", w.manifest.Attempt, p.Table, i)
		if err := w.place.Put(ctx, name, filepath.Join(w.scratch, filepath.FromSlash(p.Path))); err != nil {
			return fmt.Errorf("staging %s: %w", p.Table, err)
		}
		parts[i].Path = name
	}
	w.manifest.Parts = parts
	if err := w.putArchives(ctx); err != nil {
		return fmt.Errorf("staging what was seen of archives: %w", err)
	}
	w.manifest.RunRow.FinishedAt = time.Now().UTC()
	data, err := json.Marshal(w.manifest, encoding)
	if err != nil {
		return fmt.Errorf("writing manifest: %w", err)
	}
	if err := w.isThere(ctx); err != nil {
		return err
	}
	if err := w.place.Create(ctx, manifestName(w.manifest.Index), data); err != nil {
		return fmt.Errorf("writing manifest: %w", err)
	}
	return nil
}

// isThere checks that nobody removed what was put, as who did the shard first does,
// and a commit.
func (w *writer) isThere(ctx context.Context) error {
	names, err := w.place.List(ctx)
	if err != nil {
		return fmt.Errorf("looking at what was staged: %w", err)
	}
	for _, name := range w.names() {
		if !slices.Contains(names, name) {
			return fmt.Errorf("what was staged is gone: %s", name)
		}
	}
	return nil
}

// names are those of the files that were put.
func (w *writer) names() []string {
	names := []string{w.manifest.Archives}
	for _, p := range w.manifest.Parts {
		names = append(names, p.Path)
	}
	return names
}

// putArchives puts the file of what was seen.
func (w *writer) putArchives(ctx context.Context) error {
	sum := sha256.New()
	if _, err := w.archives.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(sum, w.archives); err != nil {
		return err
	}
	if err := w.archives.Sync(); err != nil {
		return err
	}
	w.manifest.Archives = w.manifest.Attempt + ".archives.json"
	w.manifest.ArchivesSHA256 = hex.EncodeToString(sum.Sum(nil))
	return w.place.Put(ctx, w.manifest.Archives, w.archives.Name())
}

// removeOthers removes what other attempts at the shard left or are still making.
func (w *writer) removeOthers(ctx context.Context) error {
	names, err := w.place.List(ctx)
	if err != nil {
		return err
	}
	own := w.names()
	return w.place.Remove(ctx, slices.DeleteFunc(names, func(name string) bool {
		return slices.Contains(own, name) || !belongsTo(name, w.manifest.Index)
	})...)
}

// orEnded returns why the shard ended under this process, or else the error: who
// did it first removes what others make.
func (w *writer) orEnded(ctx context.Context, err error) error {
	ctx = context.WithoutCancel(ctx)
	if _, missing := readManifest(ctx, w.place, w.manifest.Index); missing == nil {
		return ErrStaged
	} else if !errors.Is(missing, fs.ErrNotExist) {
		return errors.Join(err, missing)
	}
	if l, failed := w.format.PeekLedger(ctx, w.location, w.opts); failed == nil && isCommitted(l, w.manifest.Run) {
		return ErrCommitted
	}
	return err
}

// Close removes what is of no use.
func (w *writer) Close() error {
	err := errors.Join(w.spool.Abandon(), w.archives.Close())
	if !w.done {
		err = errors.Join(err, w.remove(context.Background()))
		w.done = true
	}
	if err = errors.Join(err, w.place.Close()); err != nil {
		return fmt.Errorf("closing the staging place: %w", err)
	}
	return nil
}

// remove removes what this attempt has put.
func (w *writer) remove(ctx context.Context) error {
	names, err := w.place.List(ctx)
	if err != nil {
		return err
	}
	own := slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, w.manifest.Attempt) })
	return w.place.Remove(ctx, own...)
}
