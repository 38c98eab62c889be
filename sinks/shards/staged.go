package shards

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// Run is a run whose shards are done.
type Run struct {
	place  sinks.StagingPlace
	shards []*manifest
}

// MissingError says which shards are not done.
type MissingError struct {
	Run    string
	Of     int // 0 where nothing of the run is there
	Shards []int
}

func (e *MissingError) Error() string {
	if e.Of == 0 {
		return fmt.Sprintf("no shard of run %s is done", e.Run)
	}
	return fmt.Sprintf("%d of %d shards of run %s are not done: %s", len(e.Shards), e.Of, e.Run, ranges(e.Shards))
}

// ranges lists ascending numbers: 1, 4-7.
func ranges(numbers []int) string {
	var list []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		text := strconv.Itoa(numbers[i])
		if j > i {
			text += "-" + strconv.Itoa(numbers[j])
		}
		list, i = append(list, text), j+1
	}
	return strings.Join(list, ", ")
}

// Find returns a run into the output at a location, all of whose shards are done
// and agree. It fails with *MissingError where some are not, and with
// *sinks.RefusedError where one differs.
func Find(ctx context.Context, format sinks.Format, location, name string) (*Run, error) {
	place, err := format.Staging(location, name)
	if err != nil {
		return nil, err
	}
	names, err := place.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for the shards of run %s: %w", name, err)
	}
	done := map[int]*manifest{}
	var first *manifest
	for _, n := range names {
		index, ok := manifestOf(n)
		if !ok {
			continue
		}
		m, err := readManifest(ctx, place, index)
		if err != nil {
			return nil, err
		}
		done[index] = m
		if first == nil || index < first.Index {
			first = m
		}
	}
	if first == nil {
		return nil, &MissingError{Run: name}
	}
	r := &Run{place: place}
	missing := &MissingError{Run: name, Of: first.Of}
	for index := range first.Of {
		if done[index] == nil {
			missing.Shards = append(missing.Shards, index)
		}
	}
	for _, m := range done {
		if what := m.differs(first); what != "" {
			return nil, &sinks.RefusedError{Path: location, Reason: fmt.Sprintf("shard %d of run %s differs from shard %d in %s", m.Index, name, first.Index, what)}
		}
	}
	if len(missing.Shards) > 0 {
		return nil, missing
	}
	for index := range first.Of {
		r.shards = append(r.shards, done[index])
	}
	return r, nil
}

// Options returns how the output is to be opened for the run.
func (r *Run) Options() (sinks.Options, error) {
	first := r.shards[0]
	opts := sinks.Options{Overwrite: first.Overwrite, Policy: first.Policy}
	for _, name := range first.Tables {
		t, ok := schema.Lookup(name)
		if !ok {
			return opts, fmt.Errorf("run %s has a table %s, which this ckexport does not know", first.Run, name)
		}
		opts.Tables = append(opts.Tables, t)
	}
	if first.SchemaVersion != schema.Version {
		return opts, fmt.Errorf("run %s is of schema version %d, this ckexport is of %d", first.Run, first.SchemaVersion, schema.Version)
	}
	return opts, nil
}

// CheckOutput fails with ErrCommitted where the output has the run, and with another
// error where it is not the one whose ledger shards read.
func (r *Run) CheckOutput(ctx context.Context, format sinks.Format, location string) error {
	l, err := format.PeekLedger(ctx, location, sinks.Options{Overwrite: true}) // whatever it is
	if err != nil {
		return err
	}
	if isCommitted(l, r.shards[0].Run) {
		return ErrCommitted
	}
	for _, m := range r.shards {
		if m.Base != "" && !l.Runs[m.Base] {
			return fmt.Errorf("shard %d of run %s relies on run %s, which the output no longer has: do all shards again, as another run", m.Index, m.Run, m.Base)
		}
	}
	return nil
}

// Shards returns how many there are.
func (r *Run) Shards() int { return len(r.shards) }

// Footprint tells what the staging place touches on this machine.
func (r *Run) Footprint() sinks.Footprint { return r.place.Footprint() }

// Clear removes all that is staged.
func (r *Run) Clear(ctx context.Context) error {
	if err := r.place.Clear(ctx); err != nil {
		return fmt.Errorf("removing what was staged: %w", err)
	}
	return nil
}

// Close removes what was fetched to this machine.
func (r *Run) Close() error { return r.place.Close() }

// Runs returns the rows of the shards in table runs.
func (r *Run) Runs() []schema.Run {
	runs := make([]schema.Run, len(r.shards))
	for i, m := range r.shards {
		runs[i] = m.RunRow
	}
	return runs
}

// Archives passes on what the shards saw, in the order of keys. Each shard has that
// order, so that only one archive of each is in memory.
func (r *Run) Archives(ctx context.Context, compare func(key, other string) int) iter.Seq2[sinks.ShardArchive, error] {
	return func(yield func(sinks.ShardArchive, error) bool) {
		var heads []*archiveList
		defer func() {
			for _, h := range heads {
				_ = h.file.Close() // it was read only
			}
		}()
		for _, m := range r.shards {
			h, err := openArchives(ctx, r.place, m)
			if err == nil {
				heads = append(heads, h)
				err = h.advance()
			}
			if err != nil {
				yield(sinks.ShardArchive{}, err)
				return
			}
		}
		for {
			var next *archiveList
			for _, h := range heads {
				if h.head != nil && (next == nil || compare(h.head.Key, next.head.Key) < 0) {
					next = h
				}
			}
			if next == nil || !yield(sinks.ShardArchive{Shard: next.shard.Index, SeenArchive: *next.head}, nil) {
				return
			}
			if err := next.advance(); err != nil {
				yield(sinks.ShardArchive{}, err)
				return
			}
		}
	}
}

// archiveList reads what a shard saw.
type archiveList struct {
	shard   *manifest
	file    *os.File
	sum     hash.Hash
	decoder *jsontext.Decoder
	head    *sinks.SeenArchive // nil at the end
}

func openArchives(ctx context.Context, place sinks.StagingPlace, m *manifest) (*archiveList, error) {
	path, err := place.Local(ctx, m.Archives)
	if err != nil {
		return nil, fmt.Errorf("reading what shard %d saw: %w", m.Index, err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading what shard %d saw: %w", m.Index, err)
	}
	l := &archiveList{shard: m, file: f, sum: sha256.New()}
	l.decoder = jsontext.NewDecoder(io.TeeReader(f, l.sum))
	return l, nil
}

// advance reads the next archive. What was read in all must have the SHA-256 that
// the manifest states.
func (l *archiveList) advance() error {
	l.head = &sinks.SeenArchive{}
	err := json.UnmarshalDecode(l.decoder, l.head, encoding)
	if errors.Is(err, io.EOF) {
		l.head, err = nil, nil
		if hex.EncodeToString(l.sum.Sum(nil)) != l.shard.ArchivesSHA256 {
			err = errors.New("it was changed since it was written")
		}
	}
	if err != nil {
		return fmt.Errorf("reading what shard %d saw: %w", l.shard.Index, err)
	}
	return nil
}
