package sinktest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// isRefusal checks that an error is a refusal that says certain words.
func isRefusal(t testing.TB, what string, err error, words ...string) {
	t.Helper()
	var refusal *sinks.RefusedError
	if !errors.As(err, &refusal) {
		t.Errorf("%s: got %v, not a refusal", what, err)
		return
	}
	for _, w := range words {
		if !strings.Contains(refusal.Reason, w) {
			t.Errorf("%s: %q does not say %q", what, refusal.Reason, w)
		}
	}
}

// refused checks that an output is not opened for a run.
func (s suite) refused(t testing.TB, what, location string, opts sinks.Options, words ...string) {
	t.Helper()
	sink, err := s.format.Open(t.Context(), location, opts)
	if err == nil {
		closeSink(t, sink)
	}
	isRefusal(t, what, err, words...)
}

func (s suite) refusals(t *testing.T) {
	location, tables := s.location(t), s.few(t)
	if err := s.format.Check(t.Context(), location); err != nil {
		t.Error(err)
	}
	kept := s.export(t, location, options("run1", tables), 5, 0)
	other := table(t, "mounts")
	s.refused(t, "other tables", location, options("run2", []*schema.Table{other}), "mounts", tables[0].Name, "--overwrite")
	s.refused(t, "more tables", location, options("run2", append([]*schema.Table{other}, tables...)), "mounts", "--overwrite")
	redacted := options("run2", tables)
	redacted.Redaction = "env under key 1"
	s.refused(t, "another redaction", location, redacted, "without --redact", "env under key 1", "--overwrite")
	s.expect(t, location, kept)

	if s.single == nil {
		logs := s.tables(t, "archives", "checkpoints", "log_lines")
		outlined, all := s.location(t), options("run2", logs)
		all.AllLogLines = true
		kept = s.export(t, outlined, options("run1", logs), 5, 0)
		s.refused(t, "another choice of lines", outlined, all, "--logs outline", "--logs all", "--overwrite")
		s.expect(t, outlined, kept)
	}

	_, err := s.format.Inspect(t.Context(), s.location(t))
	isRefusal(t, "inspecting what is not there", err)
	if s.isLocal() {
		s.refusalsOfFiles(t)
	}
}

func (s suite) refusalsOfFiles(t *testing.T) {
	opts := options("run1", s.few(t))
	overwrite := opts
	overwrite.Overwrite = true

	foreign := s.location(t)
	if err := os.WriteFile(foreign, []byte("not ours"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.refused(t, "foreign file", foreign, opts, "not ours")
	s.refused(t, "foreign file, overwrite", foreign, overwrite, "not ours")
	_, err := s.format.Rewrite(t.Context(), foreign, opts, sinks.Rewrite{Compact: true})
	isRefusal(t, "rewriting a foreign file", err, "not ours")
	if data, err := os.ReadFile(foreign); err != nil || string(data) != "not ours" {
		t.Errorf("a foreign file was changed: %q, %v", data, err)
	}
	s.standsAlone(t, foreign)

	folder := s.location(t)
	if err := os.MkdirAll(filepath.Join(folder, "photos"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.refused(t, "foreign folder", folder, opts)
	s.refused(t, "foreign folder, overwrite", folder, overwrite)
	_, err = s.format.Rewrite(t.Context(), folder, opts, sinks.Rewrite{Compact: true})
	isRefusal(t, "rewriting a foreign folder", err)
	if got := entries(t, folder); len(got) != 1 {
		t.Errorf("a foreign folder was changed: %v", got)
	}
	s.standsAlone(t, folder)

	nowhere := filepath.Join(filepath.Dir(s.location(t)), "missing", filepath.Base(foreign))
	isRefusal(t, "no folder", s.format.Check(t.Context(), nowhere), "folder does not exist")
	s.refused(t, "no folder", nowhere, opts, "folder does not exist")
}

// oneRunAtATime checks that a second run is refused, or waits if it may.
func (s suite) oneRunAtATime(t *testing.T) {
	location, tables := s.location(t), s.few(t)
	first := s.open(t, location, options("run1", tables))
	written := write(t, first, tables, 5, 0)
	s.refused(t, "held", location, options("run2", tables), "another run")

	waiting := options("run3", tables)
	waiting.LockTimeout = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	waiting.OnWait = cancel
	if sink, err := s.format.Open(ctx, location, waiting); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that is told to end while it waits: %v, %v", sink, err)
	}
	waiting.OnWait = func() {
		if err := errors.Join(first.Commit(t.Context()), first.Close()); err != nil {
			t.Error(err)
		}
	}
	second := s.export(t, location, waiting, 5, 50)
	s.expect(t, location, written.and(second))
}

// OtherVersions checks that outputs of another schema version are refused, or
// replaced. How an output is made to seem of one is for the format's test to say.
func OtherVersions(t *testing.T, format sinks.Format, tables []*schema.Table, set func(t testing.TB, location string, version int)) {
	s := suite{format: format}
	location := s.location(t)
	s.export(t, location, options("run1", tables), 5, 0)
	set(t, location, 9)
	s.refused(t, "another schema version", location, options("run2", tables), "version 9", fmt.Sprint(schema.Version), "--overwrite")
	_, err := format.Rewrite(t.Context(), location, options("run2", nil), sinks.Rewrite{Compact: true})
	isRefusal(t, "compacting another schema version", err, "version 9")
	opts := options("run3", tables)
	opts.Overwrite = true
	s.expect(t, location, s.export(t, location, opts, 5, 50))
}
