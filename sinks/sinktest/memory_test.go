package sinktest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
)

// TestElsewhere runs the contract for outputs that are no files at all: nothing
// in it may depend on paths, nor on SQL.
func TestElsewhere(t *testing.T) {
	store := &store{outputs: map[string]*held{}, locked: map[string]bool{}}
	Run(t, sinks.Format{
		Name: "memory", Scheme: "mem",
		Check: func(context.Context, string) error { return nil }, Open: store.open,
		Recognise: store.recognise,
		Footprint: func(context.Context, string) (sinks.Footprint, error) { return sinks.Footprint{}, nil },
		Inspect:   store.inspect, Rewrite: store.rewrite,
	})
}

// store keeps outputs in memory.
type store struct {
	mutex   sync.Mutex
	outputs map[string]*held
	locked  map[string]bool
}

// held is an output. It is never changed, but replaced by another one.
type held struct {
	contents.Contents
	tables  []*schema.Table
	batches map[*schema.Table][]arrow.RecordBatch
}

func (h *held) clone() *held {
	c := *h
	c.batches = map[*schema.Table][]arrow.RecordBatch{}
	for t, batches := range h.batches {
		c.batches[t] = slices.Clone(batches)
	}
	return &c
}

func (h *held) each(add func(*schema.Table, arrow.RecordBatch) error) error {
	for _, t := range h.tables {
		for _, b := range h.batches[t] {
			if err := add(t, b); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *store) at(location string) *held {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.outputs[location]
}

// take locks an output.
func (s *store) take(ctx context.Context, location string, opts sinks.Options) error {
	deadline := time.Now().Add(opts.LockTimeout)
	for tries := 0; ; tries++ {
		s.mutex.Lock()
		free := !s.locked[location]
		if free {
			s.locked[location] = true
		}
		s.mutex.Unlock()
		switch {
		case free:
			return nil
		case !time.Now().Before(deadline):
			return &sinks.RefusedError{Path: location, Reason: "another run is writing to it"}
		case tries == 0 && opts.OnWait != nil:
			opts.OnWait()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// release unlocks an output, which is then next unless that is nil.
func (s *store) release(location string, next *held) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if next != nil {
		s.outputs[location] = next
	}
	delete(s.locked, location)
}

type memorySink struct {
	store    *store
	location string
	opts     sinks.Options
	old      *held // that rows are added to
	next     *held
	isDone   bool
}

func (s *store) open(ctx context.Context, location string, opts sinks.Options) (sinks.Sink, error) {
	if err := s.take(ctx, location, opts); err != nil {
		return nil, err
	}
	m := &memorySink{store: s, location: location, opts: opts}
	m.next = &held{Contents: contents.Contents{SchemaVersion: schema.Version, Policy: opts.Policy}, tables: contents.Kept(opts.Tables), batches: map[*schema.Table][]arrow.RecordBatch{}}
	m.next.Tables = contents.Names(m.next.tables)
	if there := s.at(location); there != nil && !opts.Overwrite {
		if err := there.Admit(location, opts, m.next.tables); err != nil {
			s.release(location, nil)
			return nil, err
		}
		m.old, m.next = there, there.clone()
	}
	return m, nil
}

func (m *memorySink) Footprint() sinks.Footprint { return sinks.Footprint{} }

func (m *memorySink) Ledger(context.Context) (*sinks.Ledger, error) {
	b := ledger.New()
	if m.old == nil {
		return b.Ledger, nil
	}
	return b.Ledger, m.old.each(b.Add)
}

func (m *memorySink) Write(_ context.Context, table *schema.Table, batch arrow.RecordBatch) error {
	if slices.Contains(m.next.tables, table) && batch.NumRows() > 0 {
		batch.Retain()
		m.next.batches[table] = append(m.next.batches[table], batch)
	}
	return nil
}

func (m *memorySink) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.isDone = true
	m.store.release(m.location, m.next)
	return nil
}

func (m *memorySink) Close() error {
	if !m.isDone {
		m.isDone = true
		m.store.release(m.location, nil)
	}
	return nil
}

func (s *store) recognise(_ context.Context, location string) (bool, error) {
	if s.at(location) == nil {
		return false, fmt.Errorf("looking for %q: %w", location, fs.ErrNotExist)
	}
	return true, nil
}

func (s *store) inspect(_ context.Context, location string) (*sinks.Inspection, error) {
	there := s.at(location)
	if there == nil {
		return nil, &sinks.RefusedError{Path: location, Reason: "is not there"}
	}
	found := &sinks.Inspection{Kind: "memory", Policy: there.Policy, Tables: there.Tables, Files: 1, Bytes: 1}
	return found, there.each(func(_ *schema.Table, b arrow.RecordBatch) error {
		found.Rows += b.NumRows()
		return nil
	})
}

// rewrite removes batches of checkpoints: each is of one.
func (s *store) rewrite(ctx context.Context, location string, opts sinks.Options, what sinks.Rewrite) (*sinks.Rewritten, error) {
	if err := s.take(ctx, location, opts); err != nil {
		return nil, err
	}
	next := s.at(location).clone()
	defer func() { s.release(location, next) }()
	if err := what.Start(sinks.Footprint{}); err != nil {
		return nil, err
	}
	done := &sinks.Rewritten{FilesBefore: 1, Files: 1, BytesSize: 1, Changed: what.Compact}
	if what.Forget == nil {
		return done, nil
	}
	there := map[string]sinks.Checkpoint{}
	err := next.each(func(t *schema.Table, b arrow.RecordBatch) error {
		if id := checkpointOf(t, b); id != "" {
			there[id] = sinks.Checkpoint{ID: id}
		}
		return nil
	})
	ids, add, failure := what.Forget(slices.Collect(maps.Values(there)))
	if err := errors.Join(err, failure); err != nil || len(ids) == 0 {
		return done, err
	}
	done.Changed = true
	for _, t := range next.tables {
		next.batches[t] = slices.DeleteFunc(next.batches[t], func(b arrow.RecordBatch) bool {
			gone := contents.IsForgettable(t) && ids[checkpointOf(t, b)]
			if gone {
				done.Rows += uint64(b.NumRows())
			}
			return gone
		})
		if t.Count(add) > 0 {
			b := t.NewBuilder()
			b.Append(add)
			next.batches[t] = append(next.batches[t], b.NewBatch())
		}
	}
	return done, nil
}

func checkpointOf(t *schema.Table, batch arrow.RecordBatch) string {
	if t.Global || batch.NumRows() == 0 {
		return ""
	}
	return strings.Clone(schema.TextsOf(batch.Column(0)).Value(0))
}
