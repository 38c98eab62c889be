package sinktest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// rewrite rewrites an output, and checks that it says before what it touches.
func (s suite) rewrite(t testing.TB, location string, what sinks.Rewrite) (*sinks.Rewritten, error) {
	t.Helper()
	begun := 0
	what.Begin = func(f sinks.Footprint) error {
		begun++
		if s.isLocal() && !covers(f, location) {
			t.Errorf("the footprint of a rewrite lacks the output: %+v", f)
		}
		return nil
	}
	if forget := what.Forget; forget != nil {
		what.Forget = func(there []sinks.Checkpoint) (map[string]bool, *schema.Rows, error) {
			if begun != 1 {
				t.Errorf("rows are read, and begun was %d times", begun)
			}
			return forget(there)
		}
	}
	return s.format.Rewrite(t.Context(), location, options(fmt.Sprintf("rewrite%d", time.Now().UnixNano()), nil), what)
}

// forgetting returns a choice of checkpoints, with a row for each.
func forgetting(ids ...string) func([]sinks.Checkpoint) (map[string]bool, *schema.Rows, error) {
	return func(there []sinks.Checkpoint) (map[string]bool, *schema.Rows, error) {
		gone := map[string]bool{}
		for _, id := range ids {
			if !slices.ContainsFunc(there, func(c sinks.Checkpoint) bool { return c.ID == id }) {
				return nil, nil, fmt.Errorf("checkpoint %s is not there", id)
			}
			gone[id] = true
		}
		return gone, forgottenRows(ids...), nil
	}
}

func forgottenRows(ids ...string) *schema.Rows {
	rows := &schema.Rows{}
	for _, id := range ids {
		rows.Forgotten = append(rows.Forgotten, schema.ForgottenCheckpoint{CheckpointID: id, RunID: "forget", ForgottenAt: time.Unix(2e9, 0).UTC()})
	}
	return rows
}

// forget removes one of four checkpoints. That it was there stays known.
func (s suite) forget(t *testing.T) {
	location, tables := s.location(t), s.few(t)
	if s.single != nil && isLedger(s.single) {
		return // its rows stay
	}
	const gone = 10 // the seed of its rows
	kept := s.export(t, location, options("run1", tables), 5, 0)
	id := fmt.Sprintf("%032x", gone)
	sink := s.open(t, location, options("run2", tables))
	for _, table := range tables {
		for _, seed := range []int{gone, 50} {
			batch := Batch(t, table, 5, seed)
			if isLedger(table) || seed != gone {
				kept[table.Name] = append(kept[table.Name], Values(batch)...)
			}
			if err := sink.Write(t.Context(), table, batch); err != nil {
				t.Fatal(err)
			}
		}
	}
	row := Archive(t, id, schema.Archive{RunID: "run2", Source: "/gone.tar", Status: "ok", StartedAt: time.Unix(1e9, 0).UTC()})
	if err := sink.Write(t.Context(), table(t, "archives"), row); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sink.Commit(t.Context()), sink.Close()); err != nil {
		t.Fatal(err)
	}

	failure := errors.New("no choice")
	for what, choice := range map[string]func([]sinks.Checkpoint) (map[string]bool, *schema.Rows, error){
		"a choice that fails": func([]sinks.Checkpoint) (map[string]bool, *schema.Rows, error) { return nil, nil, failure },
		"nothing":             forgetting(),
	} {
		done, err := s.rewrite(t, location, sinks.Rewrite{Forget: choice})
		if err == nil && (done.Changed || done.Rows > 0) || err != nil && !errors.Is(err, failure) {
			t.Errorf("forgetting %s: %+v, %v", what, done, err)
		}
	}
	done, err := s.rewrite(t, location, sinks.Rewrite{Forget: forgetting(id)})
	if err != nil {
		t.Fatal(err)
	}
	if want := uint64(5 * len(slices.DeleteFunc(slices.Clone(tables), isLedger))); !done.Changed || done.Rows != want {
		t.Errorf("got %+v, want %d rows to be gone", done, want)
	}
	found, err := s.format.Inspect(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range []struct {
		table string
		batch arrow.RecordBatch
	}{{"archives", row}, {"forgotten_checkpoints", Build(t, table(t, "forgotten_checkpoints"), forgottenRows(id))}} {
		if slices.Contains(found.Tables, rows.table) { // the output may keep its ledger in its own way
			kept[rows.table] = append(kept[rows.table], Values(rows.batch)...)
		}
	}
	s.expect(t, location, kept)
	sink = s.open(t, location, options("run3", tables))
	defer closeSink(t, sink)
	ledger, err := sink.Ledger(t.Context())
	if err != nil || !ledger.Checkpoints[id] || !ledger.Forgotten[id] {
		t.Errorf("the ledger does not know that the checkpoint was removed: %v", err)
	}
}

func isLedger(t *schema.Table) bool { return t.Scope == schema.ScopeArchive }

// compact merges what three runs have added.
func (s suite) compact(t *testing.T) {
	location, tables := s.location(t), s.few(t)
	written := rows{}
	for i, run := range []string{"run3", "run2", "run1"} {
		written = written.and(s.export(t, location, options(run, tables), 5, 100-10*i))
	}
	done, err := s.rewrite(t, location, sinks.Rewrite{Compact: true})
	if err != nil || !done.Changed || done.Rows > 0 || done.Files > done.FilesBefore || done.BytesSize == 0 {
		t.Errorf("got %+v, %v", done, err)
	}
	s.expect(t, location, written)
	if found, err := s.format.Inspect(t.Context(), location); err != nil || len(found.Findings) > 0 || found.Files > done.Files+1 {
		t.Errorf("after compacting to %d files: %+v, %v", done.Files, found, err)
	}
	s.expect(t, location, written.and(s.export(t, location, options("run4", tables), 5, 200)))
}
