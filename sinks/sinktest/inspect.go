package sinktest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ckexport/ckexport/sinks"
)

// recognised also opens outputs with an ending that says nothing.
func (s suite) recognised(t *testing.T) {
	location := s.location(t)
	if ok, err := s.format.Recognise(t.Context(), location); ok || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there: %v, %v", ok, err)
	}
	written := s.export(t, location, options("run1", s.few(t)), 5, 0)
	if s.isLocal() {
		moved := filepath.Join(t.TempDir(), "fleet.before")
		if err := os.Rename(location, moved); err != nil {
			t.Fatal(err)
		}
		location = moved
	}
	if found, err := (sinks.Formats{s.format}).At(t.Context(), location); err != nil || found.Name != s.format.Name {
		t.Errorf("of an output: %q, %v", found.Name, err)
	}
	s.expect(t, location, written)
	if !s.isLocal() {
		return
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("not ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []string{dir, file, os.DevNull} {
		if ok, err := s.format.Recognise(t.Context(), foreign); ok || err != nil {
			t.Errorf("%s: %v, %v", foreign, ok, err)
		}
		_, err := sinks.Formats{s.format}.At(t.Context(), foreign)
		isRefusal(t, foreign, err)
	}
}

// inspected checks what is said of an output that is whole.
func (s suite) inspected(t *testing.T) {
	location, tables := s.location(t), s.few(t)
	opts := options("run1", tables)
	opts.Policy = sinks.Policy{Redaction: "env under key 1", AllLogLines: true}
	written := s.export(t, location, opts, 5, 0)
	found, err := s.format.Inspect(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	if found.Kind != s.format.Name || found.Policy != opts.Policy || found.Files < 1 || found.Bytes < 1 {
		t.Errorf("got %+v", found)
	}
	if len(found.Findings)+len(found.Damaged)+len(found.Unsummed) > 0 {
		t.Errorf("found %+v", found)
	}
	var rows int64
	for _, table := range tables {
		rows += int64(len(written[table.Name]))
		if !slices.Contains(found.Tables, table.Name) {
			t.Errorf("table %s is not told of", table.Name)
		}
	}
	if found.Rows != rows {
		t.Errorf("%d rows, want %d", found.Rows, rows)
	}
	if s.single == nil || slices.Contains(found.Tables, "archives") {
		return
	}
	if found.Ledger == nil || len(found.Ledger.Checkpoints) == 0 {
		t.Errorf("the ledger is neither a table nor told of: %+v", found.Ledger)
	}
}

// damage cuts the files of an output short, one after another.
func (s suite) damage(t *testing.T) {
	if !s.isLocal() {
		return // how to damage it is for the format's own tests to say
	}
	location := s.location(t)
	s.export(t, location, options("run1", s.few(t)), 50, 0)
	for _, path := range files(t, location) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data[:len(data)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		found, err := s.format.Inspect(t.Context(), location)
		if err != nil || !slices.ContainsFunc(found.Findings, func(f sinks.Finding) bool { return f.Severity == sinks.Damage }) {
			t.Errorf("half of %s is gone: %+v, %v", path, found, err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := s.format.Inspect(t.Context(), location); err != nil || len(found.Findings) > 0 {
		t.Errorf("what was restored: %+v, %v", found, err)
	}
}
