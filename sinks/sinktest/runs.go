package sinktest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

func (s suite) rowsComeBack(t *testing.T) {
	location, tables := s.location(t), schema.Tables()
	if s.single != nil {
		tables = []*schema.Table{s.single}
	}
	s.expect(t, location, s.export(t, location, options("run1", tables), 7, 100))
}

func (s suite) secondRunAdds(t *testing.T) {
	location, tables := s.location(t), s.few(t)
	first := s.export(t, location, options("run1", tables), 5, 0)
	second := s.export(t, location, options("run2", tables), 5, 50)
	s.export(t, location, options("run3", tables), 0, 0) // a run that finds nothing new
	s.expect(t, location, first.and(second))
}

// nothingBeforeCommit also checks that a run without rows makes every table.
func (s suite) nothingBeforeCommit(t *testing.T) {
	location, tables := s.location(t), s.few(t)
	sink := s.open(t, location, options("run1", tables))
	write(t, sink, tables, 5, 0)
	if _, err := s.format.Recognise(t.Context(), location); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("looking at an output before commit: %v", err)
	}
	closeSink(t, sink)
	if _, err := s.format.Recognise(t.Context(), location); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("looking at an output that was not committed: %v", err)
	}
	if s.isLocal() {
		if left := entries(t, filepath.Dir(location)); len(left) > 0 {
			t.Errorf("a run that did not commit left %v", left)
		}
	}

	empty := s.location(t)
	s.export(t, empty, options("run1", tables), 0, 0)
	none := rows{}
	for _, table := range tables {
		none[table.Name] = [][]any{}
	}
	s.expect(t, empty, none)

	kept := s.export(t, location, options("run2", tables), 5, 0)
	sink = s.open(t, location, options("run3", tables))
	write(t, sink, tables, 5, 50)
	closeSink(t, sink)
	s.expect(t, location, kept)

	cancelled, cancel := context.WithCancel(t.Context())
	sink = s.open(t, location, options("run4", tables))
	write(t, sink, tables, 5, 50)
	cancel()
	if err := sink.Commit(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("commit of a cancelled run: %v", err)
	}
	closeSink(t, sink)
	s.expect(t, location, kept)
}

// killed names the variable that tells a process at which output to die.
const killed = "CKEXPORT_SINKTEST_KILLED"

// killedRun starts this test in a process of its own, which dies while it writes.
func (s suite) killedRun(t *testing.T) {
	tables := s.few(t)
	if location := os.Getenv(killed); location != "" {
		write(t, s.open(t, location, options("dead", tables)), tables, 5, 50)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	location := s.location(t)
	kept := s.export(t, location, options("run1", tables), 5, 0)
	pattern := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run", pattern)
	process.Env = append(os.Environ(), killed+"="+location)
	if out, err := process.CombinedOutput(); process.ProcessState == nil || process.ProcessState.ExitCode() != -1 {
		t.Fatalf("the process was not killed: %v\n%s", err, out)
	}
	if found, err := s.format.Inspect(t.Context(), location); err != nil || len(found.Findings) > 0 {
		t.Errorf("after a run was killed: %+v, %v", found, err)
	}
	more := s.export(t, location, options("run2", tables), 5, 100)
	s.expect(t, location, kept.and(more))
}

func (s suite) overwriteReplaces(t *testing.T) {
	location, tables := s.location(t), s.few(t)
	before := options("run1", tables)
	before.Policy = sinks.Policy{Redaction: "env under key 1", AllLogLines: true}
	s.export(t, location, before, 5, 0)
	opts := options("run2", tables)
	opts.Overwrite = true
	sink := s.open(t, location, opts)
	ledger, err := sink.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(ledger.Archives)+len(ledger.Checkpoints)+len(ledger.Contents) > 0 {
		t.Errorf("an output to be replaced has a ledger: %v", ledger)
	}
	written := write(t, sink, tables, 5, 50)
	if err := sink.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	closeSink(t, sink)
	s.expect(t, location, written)
	if found, err := s.format.Inspect(t.Context(), location); err != nil || found.Policy != (sinks.Policy{}) {
		t.Errorf("after another one replaced it: %+v, %v", found, err)
	}
}
