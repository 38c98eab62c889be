//go:build !noduckdb

package compare_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/compare"
	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/parquet"
)

func formats() []sinks.Format {
	return []sinks.Format{duckdb.Format(), parquet.Format(duckdb.Engine())}
}

// folder holds an output of each kind, which no test changes.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "compare"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// exported exports testdata's archives, once, and opens the output.
func exported(t *testing.T, format sinks.Format) *sql.DB {
	t.Helper()
	path := filepath.Join(folder, "fleet"+format.Suffixes[0])
	if _, err := os.Stat(path); err != nil {
		export(t, format, path)
	}
	db, err := format.OpenSQL(context.Background(), path, sinks.SQLOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func export(t *testing.T, format sinks.Format, path string) {
	t.Helper()
	found, err := source.Find(t.Context(), []source.Provider{source.Local(path)}, []string{"../testdata/archives"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	sink, err := format.Open(t.Context(), path, sinks.Options{Tables: schema.Tables(), RunID: "run", Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	summary, err := pipeline.Run(t.Context(), pipeline.Options{
		Archives: found.Archives, Tables: schema.Tables(), Sink: sink, Run: schema.Run{RunID: "run", ToolVersion: "test"},
		Limits: decode.DefaultLimits(), Jobs: 2, PayloadLimit: 1000, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil || summary.Bad() {
		t.Fatalf("%+v, %v", summary, err)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
}

// output is an opened output with its checkpoints.
type output struct {
	*compare.Output
	db  *sql.DB
	all []compare.Checkpoint
}

func open(t *testing.T, db *sql.DB) *output {
	t.Helper()
	o, err := compare.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	all, err := o.Checkpoints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &output{o, db, all}
}

func (o *output) pair(t *testing.T, before, after string) compare.Pair {
	t.Helper()
	var p compare.Pair
	var err error
	if p.Before, err = compare.Find(o.all, before); err != nil {
		t.Fatal(err)
	}
	if p.After, err = compare.Find(o.all, after); err != nil {
		t.Fatal(err)
	}
	return p
}

// compareAll compares all tables.
func (o *output) compareAll(t *testing.T, p compare.Pair) (counts []compare.Counts, changes []compare.Change, warnings []string) {
	t.Helper()
	d, err := o.Compare(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	tables, missing := o.Tables(func(*schema.Table) bool { return true })
	if len(missing) > 0 {
		t.Fatalf("%d tables are missing", len(missing))
	}
	for _, table := range tables {
		c, err := d.Table(t.Context(), table, func(c compare.Change) error {
			changes = append(changes, c)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, c)
	}
	return counts, changes, d.Warnings
}

// pairs are checkpoints of testdata to compare, of one container and of
// several, with rows in nearly all tables.
var pairs = [][2]string{
	{"life-1", "life-2"}, {"life-2", "life-3"}, {"life-3", "life-1"}, {"everything", "p5-everything"}, {"nginx", "redis"},
	{"tcp-established", "unix-sockets"}, {"fd-kinds", "odd-env-argv"}, {"rootfs-changes", "checkpoint-evil_prod-c-2026-11-23T14-35-45Z"},
	{"sleep-pre", "sleep-final"}, {"udp-netlink", "bridge-net"}, {"shell-tree", "nonroot-userns-caps"},
}

// TestSame: nothing differs between a checkpoint and itself.
func TestSame(t *testing.T) {
	for _, format := range formats() {
		t.Run(format.Name, func(t *testing.T) {
			o := open(t, exported(t, format))
			rows := int64(0)
			for _, name := range []string{"everything", "redis", "udp-netlink", "rootfs-changes", "sleep-final"} {
				c := o.pair(t, name, name).Before
				counts, changes, warnings := o.compareAll(t, compare.Pair{Before: c, After: c})
				for _, n := range counts {
					rows += n.Unchanged
					if n.Differs() {
						t.Errorf("%s of %s: %+v", n.Table, c.Name(), n)
					}
				}
				if len(changes) > 0 || len(warnings) == 0 || warnings[0] != "both names mean the same checkpoint" {
					t.Errorf("%s: %v, %v", c.Name(), changes, warnings)
				}
			}
			if rows < 3000 {
				t.Errorf("only %d rows were compared", rows)
			}
		})
	}
}

// TestLife compares checkpoints of a container of which is known what it did
// between them: its shell started another sleep, wrote a counter and a new
// file, and deleted one of the image.
func TestLife(t *testing.T) {
	want := []string{
		"removed processes pid=8", "added processes pid=21",
		"added filesystem_entries origin=deleted_files path=/etc/delete-me", "changed filesystem_entries origin=rootfs_diff path=/tmp/ctr: sha256 mtime", "added filesystem_entries origin=rootfs_diff path=/tmp/state",
	}
	for _, format := range formats() {
		t.Run(format.Name, func(t *testing.T) {
			o := open(t, exported(t, format))
			_, changes, warnings := o.compareAll(t, o.pair(t, "life@first", "life-2"))
			if len(warnings) > 0 {
				t.Errorf("warnings: %v", warnings)
			}
			var got []string
			withProcess := 0
			for _, c := range changes {
				if c.WithProcess {
					withProcess++
					continue
				}
				got = append(got, line(c))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if withProcess < 100 {
				t.Errorf("only %d rows came or went with their process", withProcess)
			}
		})
	}
}

// line writes what changed, without the values.
func line(c compare.Change) string {
	s := string(c.Kind) + " " + c.Table
	for _, v := range c.Key {
		s += fmt.Sprintf(" %s=%v", v.Column, v.Value)
	}
	for i, d := range c.Differences {
		s += []string{" ", ": "}[b2i(i == 0)] + d.Column
	}
	return s
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestBothKinds: outputs of both kinds have the same differences, with the
// same values in the same order.
func TestBothKinds(t *testing.T) {
	a, b := open(t, exported(t, duckdb.Format())), open(t, exported(t, parquet.Format(duckdb.Engine())))
	for _, names := range pairs[:4] {
		countsA, changesA, _ := a.compareAll(t, a.pair(t, names[0], names[1]))
		countsB, changesB, _ := b.compareAll(t, b.pair(t, names[0], names[1]))
		if diff := cmp.Diff(countsA, countsB); diff != "" {
			t.Errorf("%v (-duckdb +parquet):\n%s", names, diff)
		}
		if diff := cmp.Diff(fmt.Sprintf("%+v", changesA), fmt.Sprintf("%+v", changesB)); diff != "" {
			t.Errorf("%v (-duckdb +parquet):\n%s", names, diff)
		}
		if len(changesA) == 0 {
			t.Errorf("%v: no changes", names)
		}
	}
}

// TestCounts compares what each table's comparison counts with what follows
// from the rows themselves, read one by one and compared here: what is left of
// each side when equal rows were taken away, and how many of these have a
// partner of the same key.
func TestCounts(t *testing.T) {
	o := open(t, exported(t, duckdb.Format()))
	compared := map[string]bool{}
	for _, names := range pairs {
		p := o.pair(t, names[0], names[1])
		counts, changes, _ := o.compareAll(t, p)
		for _, got := range counts {
			table, _ := schema.Lookup(got.Table)
			before, after := o.rowsOf(t, table, p.Before.ID), o.rowsOf(t, table, p.After.ID)
			want := count(before, after)
			want.Table = got.Table
			if got.Added != want.Added || got.Removed != want.Removed || got.Changed != want.Changed || got.Unchanged != want.Unchanged {
				t.Errorf("%v: %+v, want %+v", names, got, want)
			}
			if len(before)+len(after) > 0 {
				compared[got.Table] = true
			}
		}
		for _, c := range changes {
			if c.Kind == compare.Changed && len(c.Differences) == 0 {
				t.Errorf("%v: %s has changed in nothing", names, line(c))
			}
		}
	}
	if len(compared) < 36 {
		t.Errorf("only %d tables have rows to compare", len(compared))
	}
}

// row is a row of a table: what names it, and what is compared.
type row struct{ key, rest string }

// rowsOf reads what is compared of a table, as text.
func (o *output) rowsOf(t *testing.T, table *schema.Table, id string) []row {
	t.Helper()
	c := table.Comparison
	key := slices.Clone(table.KeyAcross())
	from := "SELECT * FROM " + table.Name + " WHERE checkpoint_id = '" + id + "'"
	if w := c.Through; w != nil {
		for _, name := range w.Columns {
			from = fmt.Sprintf("SELECT *, (SELECT %[1]s FROM %[2]s o WHERE o.checkpoint_id = '%[3]s' AND o.%[4]s = r.%[5]s ORDER BY %[6]s LIMIT 1) AS through_%[1]s FROM (%[7]s) AS r",
				name, w.Table, id, w.Target, w.Column, strings.Join(w.Columns, ", "), from)
			key = append(key, "through_"+name)
		}
	}
	var rest []string
	for _, column := range table.Compared() {
		rest = append(rest, column.Name)
	}
	order := "checkpoint_id"
	if len(c.Order) > 0 {
		order = strings.Join(c.Order, ", ")
	}
	result, err := o.db.Query("SELECT " + asText(key) + ", " + asText(rest) + " FROM (" + from + ") ORDER BY " + order)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	var rows []row
	seen := map[string]int{}
	for result.Next() {
		var r row
		if err := result.Scan(&r.key, &r.rest); err != nil {
			t.Fatal(err)
		}
		if len(c.Order) > 0 {
			seen[r.key]++
			r.key = fmt.Sprintf("%s number %d", r.key, seen[r.key])
		}
		rows = append(rows, r)
	}
	if err := result.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// asText joins columns to one text, in which NULL differs from all else.
func asText(columns []string) string {
	parts := []string{"''"}
	for _, c := range columns {
		parts = append(parts, fmt.Sprintf("coalesce(chr(1) || \"%s\"::VARCHAR, chr(2))", c))
	}
	return strings.Join(parts, " || ")
}

// count compares rows as multisets.
func count(before, after []row) (c compare.Counts) {
	left := map[row]int64{}
	for _, r := range after {
		left[r]++
	}
	c.Unchanged = int64(len(after))
	for _, r := range before {
		left[r]--
	}
	gone, come := map[string]int64{}, map[string]int64{}
	for r, n := range left {
		if n > 0 {
			come[r.key] += n
			c.Unchanged -= n
		} else {
			gone[r.key] -= n
		}
	}
	for key, n := range come {
		both := min(n, gone[key])
		c.Added, c.Changed = c.Added+n-both, c.Changed+both
	}
	for key, n := range gone {
		c.Removed += n - min(n, come[key])
	}
	return c
}
