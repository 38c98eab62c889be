// Package sinktest is what every sink must do, as tests that run against any
// of them. A sink's own tests say how its output is read back, with a reader
// that is not the one it was written with.
package sinktest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// Kind is a kind of output under test.
type Kind struct {
	Format sinks.Format
	// Read returns the rows of a table, as Values does.
	Read func(t testing.TB, path string, table *schema.Table) [][]any
	// Docs returns the documentation in the output of a table and its columns.
	Docs func(t testing.TB, path string, table *schema.Table) (string, map[string]string)
	// SetSchemaVersion makes the output seem to be of another schema version.
	SetSchemaVersion func(t testing.TB, path string, version int)
	// Folder is a name with characters that mean something in SQL, globs and
	// URLs, of a folder that outputs of the kind can be in.
	Folder string
	// Single is set for outputs of one table: the suite then uses only that.
	Single *schema.Table
}

// Run runs the tests.
func Run(t *testing.T, k Kind) {
	t.Run("rows come back", k.rowsComeBack)
	t.Run("second run adds", k.secondRunAdds)
	t.Run("nothing before commit", k.nothingBeforeCommit)
	t.Run("overwrite replaces", k.overwriteReplaces)
	t.Run("refusals", k.refusals)
	t.Run("schema and documentation", k.documentation)
	t.Run("only the owner reads", k.onlyTheOwnerReads)
	t.Run("killed run is cleaned up", k.killedRunIsCleanedUp)
	t.Run("ledger", k.ledger)
	t.Run("paths of all kinds", k.pathsOfAllKinds)
}

// RunRows runs only the tests of rows: for a way of reading.
func RunRows(t *testing.T, k Kind) {
	t.Run("rows come back", k.rowsComeBack)
	t.Run("second run adds", k.secondRunAdds)
	t.Run("paths of all kinds", k.pathsOfAllKinds)
}

func (k Kind) path(t testing.TB) string {
	return filepath.Join(t.TempDir(), "fleet"+k.Format.Suffixes[0])
}

// tables returns the named tables, or the only one the kind has.
func (k Kind) tables(t testing.TB, names ...string) []*schema.Table {
	t.Helper()
	if k.Single != nil {
		return []*schema.Table{k.Single}
	}
	var tables []*schema.Table
	for _, n := range names {
		table, ok := schema.Lookup(n)
		if !ok {
			t.Fatalf("no table %s", n)
		}
		tables = append(tables, table)
	}
	return tables
}

func (k Kind) few(t testing.TB) []*schema.Table {
	return k.tables(t, "archives", "checkpoints", "processes", "memory_mappings")
}

func options(run string, tables []*schema.Table) sinks.Options {
	return sinks.Options{Tables: tables, RunID: run, Version: "v1.2.3"}
}

func (k Kind) open(t testing.TB, path string, opts sinks.Options) sinks.Sink {
	t.Helper()
	s, err := k.Format.Open(t.Context(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// run commits rows of every table and returns them, by table.
func (k Kind) run(t testing.TB, path string, opts sinks.Options, n, seed int) map[string][][]any {
	t.Helper()
	s := k.open(t, path, opts)
	defer closeSink(t, s)
	rows := k.write(t, s, opts.Tables, n, seed)
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return rows
}

// write writes two batches of n rows to each of the tables.
func (k Kind) write(t testing.TB, s sinks.Sink, tables []*schema.Table, n, seed int) map[string][][]any {
	t.Helper()
	rows := map[string][][]any{}
	for part := range 2 {
		for _, table := range tables {
			batch := Batch(t, table, n, seed+part*n)
			rows[table.Name] = append(rows[table.Name], Values(batch)...)
			if err := s.Write(t.Context(), table, batch); err != nil {
				t.Fatal(err)
			}
		}
	}
	return rows
}

func closeSink(t testing.TB, s sinks.Sink) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// expect compares the rows of a table with those wanted, in any order.
func (k Kind) expect(t testing.TB, path string, table *schema.Table, want [][]any) {
	t.Helper()
	got := k.Read(t, path, table)
	sortRows(got)
	sortRows(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: rows differ (-want +got):\n%s", table.Name, diff)
	}
}

func sortRows(rows [][]any) {
	slices.SortFunc(rows, func(a, b []any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

func (k Kind) rowsComeBack(t *testing.T) {
	path, tables := k.path(t), schema.Tables()
	if k.Single != nil {
		tables = []*schema.Table{k.Single}
	}
	rows := k.run(t, path, options("run1", tables), 7, 100)
	for _, table := range tables {
		k.expect(t, path, table, rows[table.Name])
	}
	only(t, path)
}

func (k Kind) secondRunAdds(t *testing.T) {
	path, tables := k.path(t), k.few(t)
	first := k.run(t, path, options("run1", tables), 5, 0)
	second := k.run(t, path, options("run2", tables), 5, 50)
	k.run(t, path, options("run3", tables), 0, 0) // a run that finds nothing new
	for _, table := range tables {
		k.expect(t, path, table, append(first[table.Name], second[table.Name]...))
	}
	only(t, path)
}

func (k Kind) nothingBeforeCommit(t *testing.T) {
	path, tables := k.path(t), k.few(t)
	s := k.open(t, path, options("run1", tables))
	k.write(t, s, tables, 5, 0)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the output is there before commit: %v", err)
	}
	closeSink(t, s)
	if left := entries(t, filepath.Dir(path)); len(left) > 0 {
		t.Errorf("a run that did not commit left %v", left)
	}

	rows := k.run(t, path, options("run2", tables), 5, 0)
	s = k.open(t, path, options("run3", tables))
	k.write(t, s, tables, 5, 50)
	closeSink(t, s)
	for _, table := range tables {
		k.expect(t, path, table, rows[table.Name])
	}

	cancelled, cancel := context.WithCancel(t.Context())
	s = k.open(t, path, options("run4", tables))
	k.write(t, s, tables, 5, 50)
	cancel()
	if err := s.Commit(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("commit of a cancelled run: %v", err)
	}
	closeSink(t, s)
	for _, table := range tables {
		k.expect(t, path, table, rows[table.Name])
	}
	only(t, path)
}

func (k Kind) overwriteReplaces(t *testing.T) {
	path, tables := k.path(t), k.few(t)
	k.run(t, path, options("run1", tables), 5, 0)
	k.SetSchemaVersion(t, path, schema.Version+7)
	opts := options("run2", tables)
	opts.Overwrite = true
	s := k.open(t, path, opts)
	ledger, err := s.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(ledger.Archives)+len(ledger.Checkpoints) > 0 {
		t.Errorf("an output to be replaced has a ledger: %v", ledger)
	}
	rows := k.write(t, s, tables, 5, 50)
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	closeSink(t, s)
	for _, table := range tables {
		k.expect(t, path, table, rows[table.Name])
	}
	only(t, path)
}

func (k Kind) refusals(t *testing.T) {
	path, tables := k.path(t), k.few(t)
	refused := func(what, path string, opts sinks.Options, words ...string) {
		t.Helper()
		s, err := k.Format.Open(t.Context(), path, opts)
		if err == nil {
			closeSink(t, s)
		}
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
	overwrite := options("run2", tables)
	overwrite.Overwrite = true

	s := k.open(t, path, options("run1", tables))
	refused("held", path, options("run2", tables), "another run")
	closeSink(t, s)

	rows := k.run(t, path, options("run1", tables), 5, 0)
	other, _ := schema.Lookup("mounts")
	refused("other tables", path, options("run2", []*schema.Table{other}), "mounts", tables[0].Name, "--overwrite")
	refused("more tables", path, options("run2", append(slices.Clip(tables), other)), "mounts", "--overwrite")
	k.SetSchemaVersion(t, path, 9)
	refused("schema version", path, options("run2", tables), "version 9", fmt.Sprint(schema.Version), "--overwrite")
	k.SetSchemaVersion(t, path, schema.Version)
	for _, table := range tables {
		k.expect(t, path, table, rows[table.Name])
	}

	foreign := k.path(t)
	if err := os.WriteFile(foreign, []byte("not ours"), 0o644); err != nil {
		t.Fatal(err)
	}
	refused("foreign file", foreign, options("run1", tables), "not ours")
	refused("foreign file, overwrite", foreign, overwrite, "not ours")
	if data, err := os.ReadFile(foreign); err != nil || string(data) != "not ours" {
		t.Errorf("a foreign file was changed: %q, %v", data, err)
	}

	folder := k.path(t)
	if err := os.MkdirAll(filepath.Join(folder, "photos"), 0o755); err != nil {
		t.Fatal(err)
	}
	refused("foreign folder", folder, options("run1", tables))
	refused("foreign folder, overwrite", folder, overwrite)
	if got := entries(t, folder); len(got) != 1 {
		t.Errorf("a foreign folder was changed: %v", got)
	}
}

// documentation also checks that a table without rows is there with its
// columns.
func (k Kind) documentation(t *testing.T) {
	path, tables := k.path(t), k.few(t)
	k.run(t, path, options("run1", tables), 0, 0)
	for _, table := range tables {
		if rows := k.Read(t, path, table); len(rows) > 0 {
			t.Errorf("%s has rows: %v", table.Name, rows)
		}
		doc, columns := k.Docs(t, path, table)
		if doc != table.Doc {
			t.Errorf("%s: documentation %q, want %q", table.Name, doc, table.Doc)
		}
		want := map[string]string{}
		for _, c := range table.Columns {
			want[c.Name] = c.Comment()
		}
		if diff := cmp.Diff(want, columns); diff != "" {
			t.Errorf("%s: documentation of columns differs (-want +got):\n%s", table.Name, diff)
		}
	}
}

func (k Kind) onlyTheOwnerReads(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	path, tables := k.path(t), k.few(t)
	for _, run := range []string{"run1", "run2"} {
		s := k.open(t, path, options(run, tables))
		k.write(t, s, tables, 5, 0)
		private(t, filepath.Dir(path))
		if err := s.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		private(t, filepath.Dir(path))
		closeSink(t, s)
		private(t, filepath.Dir(path))
	}
}

// private checks that only the owner can read what is below dir.
func private(t testing.TB, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func (k Kind) killedRunIsCleanedUp(t *testing.T) {
	path, tables := k.path(t), k.few(t)
	rows := k.run(t, path, options("run1", tables), 5, 0)
	dir, base := filepath.Split(path)
	left := filepath.Join(dir, "."+base+".dead.tmp", "processes")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(left, "part.parquet"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	neighbour := filepath.Join(dir, "."+base+".x.parquet.live.tmp") // of another output
	if err := os.Mkdir(neighbour, 0o700); err != nil {
		t.Fatal(err)
	}
	// Killed between moving the old output aside and the new one in.
	if err := os.Rename(path, filepath.Join(dir, "."+base+".dead.old")); err != nil {
		t.Fatal(err)
	}
	more := k.run(t, path, options("run2", tables), 5, 50)
	for _, table := range tables {
		k.expect(t, path, table, append(rows[table.Name], more[table.Name]...))
	}
	if got := entries(t, dir); !slices.Equal(got, []string{filepath.Base(neighbour), base}) {
		t.Errorf("left beside the output: %v", got)
	}
}

func (k Kind) ledger(t *testing.T) {
	path, tables := k.path(t), k.few(t)
	archives, _ := schema.Lookup("archives")
	size, text := uint64(1<<40), "größer als 'erwartet'"
	at := time.Date(2026, 5, 6, 7, 8, 9, 123456000, time.UTC)
	archive := func(run, source string, status schema.Status, failure *string, started time.Time) schema.Archive {
		return schema.Archive{RunID: run, Source: source, Status: status, Error: failure, SizeBytes: &size, ModifiedAt: &at, StartedAt: started}
	}
	commit := func(run string, rows map[string]schema.Archive) {
		s := k.open(t, path, options(run, tables))
		defer closeSink(t, s)
		for id, a := range rows {
			if err := s.Write(t.Context(), archives, Archive(t, strings.TrimPrefix(id, "-"), a)); err != nil {
				t.Fatal(err)
			}
		}
		for _, table := range tables {
			if table.Name != "archives" {
				if err := s.Write(t.Context(), table, Batch(t, table, 1, 0xabc)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := s.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	commit("run1", map[string]schema.Archive{
		"a1": archive("run1", "/a.tar", "partial", &text, at),
		"b1": archive("run1", "/b 日本.tar", "ok", nil, at),
		"":   archive("run1", "/c.tar", "failed", &text, at),
		"a2": archive("run1", "/a2.tar", "duplicate", nil, at),
	})
	commit("run2", map[string]schema.Archive{
		"a3": archive("run2", "/a.tar", "ok", nil, at.Add(time.Hour)),
	})
	s := k.open(t, path, options("run3", tables))
	defer closeSink(t, s)
	got, err := s.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entry := func(status schema.Status, failure, id string) sinks.LedgerArchive {
		return sinks.LedgerArchive{SizeBytes: size, ModifiedAt: at, Status: status, Error: failure, CheckpointID: id}
	}
	want := &sinks.Ledger{
		Archives: map[string]sinks.LedgerArchive{
			"/a.tar":    entry("ok", "", "a3"),
			"/b 日本.tar": entry("ok", "", "b1"),
			"/c.tar":    entry("failed", text, ""),
			"/a2.tar":   entry("duplicate", "", "a2"),
		},
		Checkpoints: map[string]bool{"a1": true, "a2": true, "a3": true, "b1": true},
		Programs:    map[sinks.Program]bool{},
	}
	if k.Single == nil || k.Single.Name != "archives" {
		want.Checkpoints[fmt.Sprintf("%032x", 0xabc)] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ledger differs (-want +got):\n%s", diff)
	}
}

func (k Kind) pathsOfAllKinds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), k.Folder)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	target, tables := filepath.Join(dir, "fleet"+k.Format.Suffixes[0]), k.few(t)
	first := k.run(t, target, options("run1", tables), 5, 0)
	link := k.path(t)
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	second := k.run(t, link, options("run2", tables), 5, 50)
	for _, table := range tables {
		k.expect(t, target, table, append(first[table.Name], second[table.Name]...))
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info, err)
	}
}

// only checks that the output stands alone in its folder.
func only(t testing.TB, path string) {
	t.Helper()
	if got := entries(t, filepath.Dir(path)); !slices.Equal(got, []string{filepath.Base(path)}) {
		t.Errorf("beside the output there is more: %v", got)
	}
}

func entries(t testing.TB, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}
