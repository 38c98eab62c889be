package sinktest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

func (s suite) ledger(t *testing.T) {
	location := s.location(t)
	tables := s.tables(t, "archives", "checkpoints", "processes", "seccomp_programs")
	size, text, tag := uint64(1<<40), "größer als 'erwartet'", "d41d8-2"
	at := time.Date(2026, 5, 6, 7, 8, 9, 123456000, time.UTC)
	id := func(n int) string { return fmt.Sprintf("%032x", n) }
	archive := func(source string, status schema.Status, failure *string, started time.Time) schema.Archive {
		return schema.Archive{RunID: "run", Source: source, Status: status, Error: failure, SizeBytes: &size, ModifiedAt: &at, ETag: &tag, StartedAt: started}
	}
	digest := func(id string, images, source string, pages, errors *string) *schema.Rows {
		return &schema.Rows{CheckpointID: id, Digests: []schema.CheckpointDigest{{RunID: "run", Source: source, ImagesID: images, PagesSHA256: pages, ErrorsSHA256: errors}}}
	}
	// commit also writes the rows of the first checkpoint, and a second one's of
	// the same archive: only the table checkpoints tells of that.
	commit := func(run string, checkpoint int, archives map[string]schema.Archive, digests *schema.Rows) {
		sink := s.open(t, location, options(run, tables))
		defer closeSink(t, sink)
		for id, a := range archives {
			if err := sink.Write(t.Context(), table(t, "archives"), Archive(t, id, a)); err != nil {
				t.Fatal(err)
			}
		}
		of := table(t, "checkpoint_digests")
		if err := sink.Write(t.Context(), of, Build(t, of, digests)); err != nil {
			t.Fatal(err)
		}
		for _, table := range tables {
			seeds := []int{checkpoint}
			if table.Name == "checkpoints" {
				seeds = append(seeds, checkpoint+1)
			}
			for _, seed := range seeds {
				if table.Scope == schema.ScopeArchive {
					continue
				}
				if err := sink.Write(t.Context(), table, Batch(t, table, 1, seed)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := sink.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	commit("run1", 0xa0, map[string]schema.Archive{
		id(0xa0): archive("/a.tar", "partial", &text, at),
		id(0xb0): archive("/b 日本.tar", "ok", nil, at),
		"":       archive("/c.tar", "failed", &text, at),
		id(0xc0): archive("/a2.tar", "duplicate", nil, at),
	}, digest(id(0xa0), id(0xa0), "/a.tar", &text, nil))
	commit("run2", 0xd0, map[string]schema.Archive{
		id(0xd0): archive("/a.tar", "ok", nil, at.Add(time.Hour)),
	}, digest(id(0xd0), id(0xa0), "/a.tar", nil, &text))
	sink := s.open(t, location, options("run3", tables))
	defer closeSink(t, sink)
	got, err := sink.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entry := func(status schema.Status, failure, id string) sinks.LedgerArchive {
		return sinks.LedgerArchive{SizeBytes: size, ModifiedAt: at, Tag: tag, Status: status, Error: failure, CheckpointID: id}
	}
	want := sinks.NewLedger()
	want.Archives = map[string]sinks.LedgerArchive{
		"/a.tar":    entry("ok", "", id(0xd0)),
		"/b 日本.tar": entry("ok", "", id(0xb0)),
		"/c.tar":    entry("failed", text, ""),
		"/a2.tar":   entry("duplicate", "", id(0xc0)),
	}
	want.AddDigest(id(0xa0), sinks.Digest{CheckpointID: id(0xa0), Source: "/a.tar", Pages: text})
	want.AddDigest(id(0xa0), sinks.Digest{CheckpointID: id(0xd0), Source: "/a.tar", Errors: text})
	want.Checkpoints = map[string]bool{id(0xa0): true, id(0xb0): true, id(0xc0): true, id(0xd0): true}
	if slices.Contains(tables, table(t, "checkpoints")) {
		want.Checkpoints[id(0xa1)], want.Checkpoints[id(0xd1)] = true, true
	}
	if programs := table(t, "seccomp_programs"); slices.Contains(tables, programs) {
		for _, seed := range []int{0xa0, 0xd0} {
			row := rowsOf(t, programs, 1, seed).SeccompPrograms[0]
			want.AddContent(programs.Name, sinks.ContentKeyOf(row.ProgramSHA256, row.ByteOrder))
		}
	}
	want.Runs["run"] = true
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ledger differs (-want +got):\n%s", diff)
	}
	s.peek(t, location, tables, want)
}

// peek reads the ledger while a run holds the output.
func (s suite) peek(t *testing.T, location string, tables []*schema.Table, want *sinks.Ledger) {
	t.Helper()
	if s.format.PeekLedger == nil {
		return
	}
	opts := options("peek", tables)
	if got, err := s.format.PeekLedger(t.Context(), location, opts); err != nil || !cmp.Equal(want, got) {
		t.Errorf("%v: peeking at the ledger, it differs (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	opts.Redaction = "another policy"
	if _, err := s.format.PeekLedger(t.Context(), location, opts); !errors.As(err, new(*sinks.RefusedError)) {
		t.Errorf("peeking for a run that cannot be added: %v", err)
	}
	if got, err := s.format.PeekLedger(t.Context(), s.location(t), opts); err != nil || !cmp.Equal(sinks.NewLedger(), got) {
		t.Errorf("peeking where nothing is: %v, %v", got, err)
	}
}
