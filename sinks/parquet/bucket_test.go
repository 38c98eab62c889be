package parquet_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ckexport/ckexport/objectstore/storetest"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/parquet"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

// inBucket starts a store with the bucket tmp, where the common tests have their
// outputs.
func inBucket(t *testing.T) (*storetest.Store, sinks.Format) {
	t.Helper()
	store := storetest.New(t, "tmp")
	return store, parquet.BucketFormat(duckdb.Engine(), store.Options())
}

func TestBucketFormat(t *testing.T) {
	_, format := inBucket(t)
	sinktest.Run(t, format)
}

const bucketOutput = "s3://tmp/fleet.parquet"

// writers has several runs on one output, each as on a machine of its own.
type writers struct {
	store  *storetest.Store
	format sinks.Format
	tables []*schema.Table
	want   map[string][][]any
}

func newWriters(t *testing.T) *writers {
	w := &writers{want: map[string][][]any{}}
	w.store, w.format = inBucket(t)
	for _, name := range []string{"archives", "checkpoints", "checkpoint_digests", "processes", "seccomp_programs", "enum_values"} {
		table, _ := schema.Lookup(name)
		w.tables = append(w.tables, table)
	}
	return w
}

// open opens the output for a run that writes rows of some seed.
func (w *writers) open(t *testing.T, run string, overwrite bool, seed int) sinks.Sink {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	sink, err := w.format.Open(t.Context(), bucketOutput, sinks.Options{Tables: w.tables, RunID: run, Overwrite: overwrite})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	ledger, err := sink.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range w.tables {
		at := seed
		if table.Scope == schema.ScopeConstant {
			if at = 0; len(ledger.Archives) > 0 {
				continue
			}
		}
		if err := sink.Write(t.Context(), table, sinktest.Batch(t, table, 5, at)); err != nil {
			t.Fatal(err)
		}
	}
	return sink
}

// wants adds the rows of a run to those that are expected.
func (w *writers) wants(t *testing.T, seed int) {
	for _, table := range w.tables {
		if table.Scope == schema.ScopeConstant {
			w.want[table.Name] = sinktest.Values(sinktest.Batch(t, table, 5, 0))
			continue
		}
		for _, row := range sinktest.Values(sinktest.Batch(t, table, 5, seed)) {
			known := slices.ContainsFunc(w.want[table.Name], func(r []any) bool { return slices.EqualFunc(r, row, equal) })
			if !known || table.Scope != schema.ScopeContent {
				w.want[table.Name] = append(w.want[table.Name], row)
			}
		}
	}
}

func equal(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func commit(t *testing.T, sink sinks.Sink) {
	t.Helper()
	if err := errors.Join(sink.Commit(t.Context()), sink.Close()); err != nil {
		t.Fatal(err)
	}
}

// meanwhile checks that a commit fails as others came before it.
func meanwhile(t *testing.T, sink sinks.Sink) {
	t.Helper()
	err := sink.Commit(t.Context())
	if err == nil || !strings.Contains(err.Error(), "another run committed meanwhile") {
		t.Errorf("a run that others came before: %v", err)
	}
}

// expect checks the rows of the output, and that the bucket has no other objects.
func (w *writers) expect(t *testing.T) {
	t.Helper()
	db, err := w.format.OpenSQL(t.Context(), bucketOutput, sinks.SQLOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, rows := range w.want {
		sinktest.Expect(t, name, sinktest.Query(t, db, "SELECT * FROM "+name), rows)
	}
	if found, err := w.format.Inspect(t.Context(), bucketOutput); err != nil || len(found.Findings) > 0 {
		t.Errorf("got %+v, %v", found, err)
	}
}

// TestConcurrentRuns has runs read the ledger before others commit.
func TestConcurrentRuns(t *testing.T) {
	w := newWriters(t)
	w.store.Put(t, "tmp", "fleet.parquet/", nil, 0) // some programs show folders so
	first, second := w.open(t, "run1", false, 0), w.open(t, "run2", false, 100)
	commit(t, first)
	commit(t, second) // both began without an output
	w.wants(t, 0)
	w.wants(t, 100)
	w.expect(t)

	third, same := w.open(t, "run3", false, 200), w.open(t, "run4", false, 200)
	other, replaced := w.open(t, "run5", false, 300), w.open(t, "run6", false, 400)
	commit(t, third)
	meanwhile(t, same) // the same archives
	commit(t, other)
	w.wants(t, 200)
	w.wants(t, 300)
	w.expect(t)

	overwrites := w.open(t, "run7", true, 500)
	commit(t, w.open(t, "run8", false, 600)) // is replaced, too
	commit(t, overwrites)
	meanwhile(t, replaced)
	w.want = map[string][][]any{}
	w.wants(t, 500)
	w.expect(t)
}

// TestRewriteMeanwhile has a run commit while the output is rewritten, and the
// reverse.
func TestRewriteMeanwhile(t *testing.T) {
	w := newWriters(t)
	commit(t, w.open(t, "run1", false, 0))
	w.wants(t, 0)
	rewrite := func(run string, what sinks.Rewrite) error {
		t.Setenv("TMPDIR", t.TempDir())
		_, err := w.format.Rewrite(t.Context(), bucketOutput, sinks.Options{RunID: run}, what)
		return err
	}
	adds := w.open(t, "run2", false, 100)
	late := w.open(t, "run3", false, 200)
	err := rewrite("compact1", sinks.Rewrite{Compact: true, Begin: func(sinks.Footprint) error {
		commit(t, adds) // is kept beside what is merged
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	commit(t, late) // the parts that it knew are gone
	w.wants(t, 100)
	w.wants(t, 200)
	w.expect(t)

	err = rewrite("compact2", sinks.Rewrite{Compact: true, Begin: func(sinks.Footprint) error {
		commit(t, w.open(t, "run4", true, 300))
		return nil
	}})
	if err == nil {
		t.Error("what was replaced was compacted")
	}
	w.want = map[string][][]any{}
	w.wants(t, 300)
	w.expect(t)
}

// TestLostAnswers has a commit succeed, or not, without an answer.
func TestLostAnswers(t *testing.T) {
	w := newWriters(t)
	sink := w.open(t, "run1", false, 0)
	w.store.Fault(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		if storetest.IsPut(r, "_ckexport.json") {
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(rw, r)
	})
	commit(t, sink)
	w.wants(t, 0)
	w.expect(t)

	sink = w.open(t, "run2", false, 100)
	w.store.Fault(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		if storetest.IsPut(r, "_ckexport.json") {
			storetest.Fail(rw, http.StatusForbidden, "AccessDenied")
			return
		}
		next.ServeHTTP(rw, r)
	})
	if err := sink.Commit(t.Context()); err == nil || !strings.Contains(err.Error(), "access is denied") {
		t.Errorf("a commit that is denied: %v", err)
	}
	w.store.Fault(nil)
	w.expect(t) // what it sent is gone
}

// TestStrays checks which objects the next run removes.
func TestStrays(t *testing.T) {
	w := newWriters(t)
	commit(t, w.open(t, "run1", false, 0))
	const old = 25 * time.Hour
	stay := []string{"processes/part-alive-000.parquet", "processes/photo.jpeg", "archives/part-run10-000.parquet"}
	for _, key := range stay {
		w.store.Put(t, "tmp", "fleet.parquet/"+key, []byte("x"), 0)
	}
	w.store.Put(t, "tmp", "fleet.parquet/processes/old.parquet", []byte("x"), old)
	w.store.Put(t, "tmp", "fleet.parquet/processes/part-dead-000.parquet", []byte("x"), old)
	w.store.Put(t, "tmp", "fleet.parquet/processes/part-run1-007.parquet", []byte("x"), 0) // run1 has committed
	found, err := w.format.Inspect(t.Context(), bucketOutput)
	if err != nil || len(found.Findings) != 6 || len(found.Damaged) > 0 {
		t.Errorf("before: %+v, %v", found, err)
	}
	commit(t, w.open(t, "run2", false, 100))
	keys := map[string]bool{}
	for _, key := range w.store.Keys(t, "tmp", "fleet.parquet/") {
		keys[strings.TrimPrefix(key, "fleet.parquet/")] = true
	}
	for _, key := range append(stay, "processes/old.parquet", "processes/part-run1-000.parquet") {
		if !keys[key] {
			t.Errorf("%s was removed", key)
		}
	}
	for _, key := range []string{"processes/part-dead-000.parquet", "processes/part-run1-007.parquet"} {
		if keys[key] {
			t.Errorf("%s is still there", key)
		}
	}
}

// TestDamagedBucket takes objects away, or changes them.
func TestDamagedBucket(t *testing.T) {
	w := newWriters(t)
	commit(t, w.open(t, "run1", false, 0))
	keys := w.store.Keys(t, "tmp", "fleet.parquet/")
	contents := map[string][]byte{}
	for _, key := range keys {
		contents[key] = w.store.Content(t, "tmp", key)
	}
	for key, data := range maps.All(contents) {
		changed := slices.Clone(data)
		changed[len(changed)/2]++
		for _, damaged := range [][]byte{changed, data[:len(data)/2]} {
			w.store.Put(t, "tmp", key, damaged, 0)
			found, err := w.format.Inspect(t.Context(), bucketOutput)
			if err != nil || !slices.ContainsFunc(found.Findings, func(f sinks.Finding) bool { return f.Severity == sinks.Damage }) {
				t.Errorf("%s: %+v, %v", key, found, err)
			}
		}
		w.store.Put(t, "tmp", key, data, 0)
	}
	w.wants(t, 0)
	w.expect(t)
	for _, location := range []string{"s3://other/fleet.parquet", "s3:///fleet.parquet", "s3://tmp", "s3://tmp/"} {
		var refused *sinks.RefusedError
		if err := w.format.Check(t.Context(), location); !errors.As(err, &refused) {
			t.Errorf("%s: %v", location, err)
		}
	}
}
