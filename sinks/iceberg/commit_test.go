//go:build !noduckdb && !noiceberg

package iceberg

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/iceberg-go/table"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

var kind = Format(duckdb.Engine())

func options(t testing.TB, run string) sinks.Options {
	t.Helper()
	opts := sinks.Options{RunID: run}
	for _, name := range []string{"archives", "checkpoints", "processes"} {
		of, ok := schema.Lookup(name)
		if !ok {
			t.Fatalf("no table %s", name)
		}
		opts.Tables = append(opts.Tables, of)
	}
	return opts
}

// begun returns a run that is ready to commit rows of all tables.
func begun(t testing.TB, path, run string, seed int) (*output, *commit) {
	t.Helper()
	sink, err := openOutput(t.Context(), path, options(t, run))
	if err != nil {
		t.Fatal(err)
	}
	o := sink.(*output)
	for _, of := range o.opts.Tables {
		if err := o.Write(t.Context(), of, sinktest.Batch(t, of, 5, seed)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := o.finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return o, c
}

// runAt opens an output, as on a machine of its own, for a run with rows of a seed.
func runAt(t *testing.T, format sinks.Format, location string, opts sinks.Options, seed int) sinks.Sink {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	sink, err := format.Open(t.Context(), location, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	for _, of := range opts.Tables {
		if err := sink.Write(t.Context(), of, sinktest.Batch(t, of, 5, seed)); err != nil {
			t.Fatal(err)
		}
	}
	return sink
}

func commitAndClose(t *testing.T, sink sinks.Sink) {
	t.Helper()
	if err := errors.Join(sink.Commit(t.Context()), sink.Close()); err != nil {
		t.Fatal(err)
	}
}

// rowsOf returns the rows that runs of seeds have made.
func rowsOf(t *testing.T, seeds ...int) map[string][][]any {
	t.Helper()
	rows := map[string][][]any{}
	for _, of := range options(t, "").Tables {
		for _, seed := range seeds {
			rows[of.Name] = append(rows[of.Name], sinktest.Values(sinktest.Batch(t, of, 5, seed))...)
		}
	}
	return rows
}

// rowsAt checks the rows of tables, as queries see them.
func rowsAt(t *testing.T, format sinks.Format, location string, want map[string][][]any) {
	t.Helper()
	db, err := format.OpenSQL(t.Context(), location, sinks.SQLOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, rows := range want {
		sinktest.Expect(t, name, sinktest.Query(t, db, "SELECT * FROM "+name), rows)
	}
}

// TestHalfARun ends a run after the snapshots of some tables: queries see the
// output as before it, and the next run takes it back.
func TestHalfARun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.iceberg")
	want := sinktest.Export(t, kind, path, options(t, "run1"), 5, 0)
	o, c := begun(t, path, "run2", 50)
	for _, of := range o.tables {
		if of.Name == "checkpoints" || of.Name == "processes" {
			if err := c.table(t.Context(), o.old, of, c.partsOf(of.Name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	rowsAt(t, kind, path, want)
	if err := o.Close(); err != nil { // as a killed run leaves it, but for what is staged
		t.Fatal(err)
	}
	rowsAt(t, kind, path, want)
	found, err := inspectOutput(t.Context(), path)
	if err != nil || len(found.Findings) != 2 || found.Findings[0].Severity != sinks.Warning || found.Rows != 30 {
		t.Errorf("of half a run: %+v, %v", found, err)
	}
	for name, rows := range sinktest.Export(t, kind, path, options(t, "run3"), 5, 100) {
		want[name] = append(want[name], rows...)
	}
	rowsAt(t, kind, path, want)
	if found, err := inspectOutput(t.Context(), path); err != nil || len(found.Findings) > 0 {
		t.Errorf("after the next run: %+v, %v", found, err)
	}
	err = filepath.WalkDir(path, func(path string, _ os.DirEntry, err error) error {
		if strings.Contains(path, "run2") {
			t.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestUnfinishedCommit lets the hint at a version fail that is there already: that is
// no success. A stale one, as a killed run leaves it, is no damage, and the next run
// puts it right.
func TestUnfinishedCommit(t *testing.T) {
	for _, name := range []string{"checkpoints", "archives"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "fleet.iceberg")
			want := sinktest.Export(t, kind, path, options(t, "run1"), 5, 0)
			o, c := begun(t, path, "run2", 50)
			hint := filepath.Join(o.old.folder.tableDir(name), metadataDir, hintName)
			before, err := os.ReadFile(hint)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.Remove(hint), os.MkdirAll(filepath.Join(hint, "in the way"), 0o700)); err != nil {
				t.Fatal(err)
			}
			err = c.addTo(t.Context(), o.old)
			if errors.As(err, new(*sinks.CommittedError)) != (name == "archives") || !errors.Is(err, errUnfinished) {
				t.Errorf("a commit that is not finished: %v", err)
			}
			if err := errors.Join(o.Close(), os.RemoveAll(hint), os.WriteFile(hint, before, 0o600)); err != nil {
				t.Fatal(err)
			}
			if name == "archives" {
				for name, rows := range rowsOf(t, 50) {
					want[name] = append(want[name], rows...)
				}
			}
			rowsAt(t, kind, path, want)
			found, err := inspectOutput(t.Context(), path)
			if err != nil || len(found.Damaged) > 0 || len(found.Findings) == 0 || found.Findings[0].Check != "metadata" || found.Findings[0].Severity != sinks.Warning {
				t.Errorf("with a hint of the version before: %+v, %v", found, err)
			}
			next, err := openOutput(t.Context(), path, options(t, "run3"))
			if err == nil {
				err = next.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
			found, err = inspectOutput(t.Context(), path)
			if err != nil || slices.ContainsFunc(found.Findings, func(f sinks.Finding) bool { return f.Severity != sinks.Note }) {
				t.Errorf("after the next run: %+v, %v", found, err)
			}
		})
	}
}

// TestStaleCommit commits to tables that another program has changed since the
// run looked at them, once after an attempt that succeeded.
func TestStaleCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.iceberg")
	want := sinktest.Export(t, kind, path, options(t, "run1"), 5, 0)
	o, c := begun(t, path, "run2", 50)
	defer func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}()
	for name := range o.old.tables {
		other, _, err := o.old.folder.load(name)
		if err != nil {
			t.Fatal(err)
		}
		txn := other.NewTransaction()
		if err := txn.SetProperties(map[string]string{"owner": "another program"}); err != nil {
			t.Fatal(err)
		}
		if name == "processes" {
			if err := txn.AddFiles(t.Context(), nil, map[string]string{"by": "another program"}, true); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := txn.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.run(t.Context(), o.old); err != nil {
		t.Fatal(err)
	}
	for name, rows := range rowsOf(t, 50) {
		want[name] = append(want[name], rows...)
	}
	rowsAt(t, kind, path, want)

	processes := o.old.tables["processes"] // as it was before the run
	again := &commit{opts: c.opts, tables: c.tables, kept: c.kept}
	i := slices.IndexFunc(c.tables, func(of *schema.Table) bool { return of.Name == "processes" })
	if err := again.snapshot(t.Context(), processes, c.tables[i], []string{o.old.folder.tableLocation("processes") + "/data/none.parquet"}, nil); err != nil {
		t.Errorf("after an attempt whose answer was lost: %v", err)
	}
	rowsAt(t, kind, path, want)

	// A catalog says which commits are stale.
	_, _, err := o.old.catalog.CommitTable(t.Context(), ident("processes"), []table.Requirement{table.AssertCurrentSchemaID(77)}, nil)
	if !errors.Is(err, table.ErrCommitFailed) {
		t.Errorf("a stale commit: %v", err)
	}
}

// TestAddedColumn adds rows to tables of an earlier tool, which lack a column.
func TestAddedColumn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.iceberg")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	opts := options(t, "run1")
	earlier := contents.Kept(opts.Tables)
	for i, of := range earlier {
		short := *of
		if of.Name == "processes" {
			short.Columns = slices.DeleteFunc(slices.Clone(of.Columns), func(c schema.Column) bool { return c.Name == "own_pages_present" })
		}
		earlier[i] = &short
	}
	if _, err := create(files{dir: path, location: path}, earlier, sinks.Policy{}); err != nil {
		t.Fatal(err)
	}
	want := sinktest.Export(t, kind, path, opts, 5, 0)
	db, err := kind.OpenSQL(t.Context(), path, sinks.SQLOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	processes := opts.Tables[2]
	var columns []string
	for _, c := range processes.Columns {
		columns = append(columns, `"`+c.Name+`"`)
	}
	sinktest.Expect(t, "processes", sinktest.Query(t, db, "SELECT "+strings.Join(columns, ", ")+" FROM processes"), want["processes"])
	if found, err := inspectOutput(t.Context(), path); err != nil || len(found.Findings) > 0 {
		t.Errorf("with a column more: %+v, %v", found, err)
	}
	if _, err := rewriteOutput(t.Context(), path, options(t, "compact"), sinks.Rewrite{Compact: true}); err != nil {
		t.Fatal(err)
	}
	rowsAt(t, kind, path, want)
}
