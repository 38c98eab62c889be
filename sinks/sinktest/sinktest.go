// Package sinktest is what every kind of output must do, as tests that run
// against any Format. A format's own tests say only what is special about it,
// such as how it looks to a reader that is not ours.
package sinktest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// Run runs all tests of a format: for outputs of several tables, and for those
// of a single one.
func Run(t *testing.T, format sinks.Format) {
	t.Run("several tables", suite{format: format}.run)
	for _, name := range []string{"processes", "archives", "checkpoints"} {
		t.Run(name, suite{format: format, single: table(t, name)}.run)
	}
}

// suite is the tests for one kind of output.
type suite struct {
	format sinks.Format
	single *schema.Table // the outputs' only one; nil for several
}

func (s suite) run(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"rows come back", s.rowsComeBack},
		{"second run adds", s.secondRunAdds},
		{"nothing before commit", s.nothingBeforeCommit},
		{"killed run", s.killedRun},
		{"overwrite replaces", s.overwriteReplaces},
		{"ledger", s.ledger},
		{"refusals", s.refusals},
		{"one run at a time", s.oneRunAtATime},
		{"recognised", s.recognised},
		{"inspected", s.inspected},
		{"damage", s.damage},
		{"forget", s.forget},
		{"compact", s.compact},
		{"views", s.views},
		{"queries stay inside", s.queriesStayInside},
		{"footprints", s.footprints},
		{"only the owner reads", s.onlyTheOwnerReads},
		{"paths of all kinds", s.pathsOfAllKinds},
	} {
		t.Run(test.name, test.run)
	}
}

// location returns where an output of the format can be that is not there yet.
func (s suite) location(t testing.TB) string {
	t.Helper()
	name := "fleet"
	if len(s.format.Suffixes) > 0 {
		name += s.format.Suffixes[0]
	}
	dir := t.TempDir()
	if s.format.Scheme != "" {
		return s.format.Scheme + "://" + strings.Trim(filepath.ToSlash(dir), "/") + "/" + name
	}
	return filepath.Join(dir, name)
}

// isLocal tells whether locations are paths of files and folders, about which
// there is more to test.
func (s suite) isLocal() bool { return s.format.Scheme == "" }

func table(t testing.TB, name string) *schema.Table {
	t.Helper()
	table, ok := schema.Lookup(name)
	if !ok {
		t.Fatalf("no table %s", name)
	}
	return table
}

// tables returns the named tables, or the only one there is.
func (s suite) tables(t testing.TB, names ...string) []*schema.Table {
	t.Helper()
	if s.single != nil {
		return []*schema.Table{s.single}
	}
	var tables []*schema.Table
	for _, n := range names {
		tables = append(tables, table(t, n))
	}
	return tables
}

// few returns some tables, those of the ledger among them.
func (s suite) few(t testing.TB) []*schema.Table {
	t.Helper()
	return s.tables(t, "archives", "checkpoints", "processes", "memory_mappings")
}

func options(run string, tables []*schema.Table) sinks.Options {
	return sinks.Options{Tables: tables, RunID: run, Version: "v1.2.3"}
}

func (s suite) open(t testing.TB, location string, opts sinks.Options) sinks.Sink {
	t.Helper()
	sink, err := s.format.Open(t.Context(), location, opts)
	if err != nil {
		t.Fatal(err)
	}
	return sink
}

// rows are the rows of an output, by table.
type rows map[string][][]any

// and returns the rows of both.
func (r rows) and(more rows) rows {
	all := rows{}
	for _, part := range []rows{r, more} {
		for name, values := range part {
			all[name] = append(slices.Clip(all[name]), values...)
		}
	}
	return all
}

// Export commits a run with n rows twice in each of the tables, which differ by
// seed, to an output.
func Export(t testing.TB, format sinks.Format, location string, opts sinks.Options, n, seed int) map[string][][]any {
	t.Helper()
	return suite{format: format}.export(t, location, opts, n, seed)
}

func (s suite) export(t testing.TB, location string, opts sinks.Options, n, seed int) rows {
	t.Helper()
	sink := s.open(t, location, opts)
	defer closeSink(t, sink)
	written := write(t, sink, opts.Tables, n, seed)
	if err := sink.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return written
}

// write writes two batches of n rows to each of the tables.
func write(t testing.TB, sink sinks.Sink, tables []*schema.Table, n, seed int) rows {
	t.Helper()
	written := rows{}
	for part := range 2 {
		for _, table := range tables {
			batch := Batch(t, table, n, seed+part*n)
			written[table.Name] = append(written[table.Name], Values(batch)...)
			if err := sink.Write(t.Context(), table, batch); err != nil {
				t.Fatal(err)
			}
		}
	}
	return written
}

func closeSink(t testing.TB, sink sinks.Sink) {
	t.Helper()
	if err := sink.Close(); err != nil {
		t.Error(err)
	}
}

// expect checks that an output has these rows, in any order, and that it
// stands alone. Where the format has no SQL, the number of rows must do.
func (s suite) expect(t testing.TB, location string, want rows) {
	t.Helper()
	s.standsAlone(t, location)
	if s.format.OpenSQL == nil {
		var total int64
		for _, values := range want {
			total += int64(len(values))
		}
		if found, err := s.format.Inspect(t.Context(), location); err != nil || found.Rows != total {
			t.Errorf("the output has %+v, want %d rows: %v", found, total, err)
		}
		return
	}
	db := s.openSQL(t, location, sinks.SQLOptions{})
	defer db.Close()
	for name, values := range want {
		Expect(t, name, Query(t, db, `SELECT * FROM "`+name+`"`), values)
	}
}

// Expect compares the rows of a table with those wanted, in any order.
func Expect(t testing.TB, table string, got, want [][]any) {
	t.Helper()
	got, want = slices.Clone(got), slices.Clone(want)
	sortRows(got)
	sortRows(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: rows differ (-want +got):\n%s", table, diff)
	}
}

func sortRows(rows [][]any) {
	slices.SortFunc(rows, func(a, b []any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

// standsAlone checks that nothing lies beside an output of files.
func (s suite) standsAlone(t testing.TB, location string) {
	t.Helper()
	if !s.isLocal() {
		return
	}
	if got := entries(t, filepath.Dir(location)); !slices.Equal(got, []string{filepath.Base(location)}) {
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
