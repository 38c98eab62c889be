//go:build !noduckdb && !noiceberg

package iceberg

import (
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ckexport/ckexport/objectstore/storetest"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

func inBucket(t *testing.T) (*storetest.Store, sinks.Format) {
	t.Helper()
	store := storetest.New(t, "tmp")
	return store, BucketFormat(duckdb.Engine(), store.Options())
}

func TestBucketFormat(t *testing.T) {
	_, format := inBucket(t)
	sinktest.Run(t, format)
}

const stored = "s3://tmp/fleet.iceberg"

// storedRun opens the output on a machine of its own, for a run with rows of a seed.
func storedRun(t *testing.T, format sinks.Format, opts sinks.Options, seed int) sinks.Sink {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	sink, err := format.Open(t.Context(), stored, opts)
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

// storedRows checks the rows of the output, and how much an inspection finds. For -1
// these are notes only.
func storedRows(t *testing.T, format sinks.Format, want map[string][][]any, findings int) {
	t.Helper()
	db, err := format.OpenSQL(t.Context(), stored, sinks.SQLOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, rows := range want {
		sinktest.Expect(t, name, sinktest.Query(t, db, "SELECT * FROM "+name), rows)
	}
	found, err := format.Inspect(t.Context(), stored)
	if err != nil {
		t.Fatal(err)
	}
	isNote := func(f sinks.Finding) bool { return f.Severity == sinks.Note }
	if findings < 0 {
		found.Findings, findings = slices.DeleteFunc(found.Findings, isNote), 0
	}
	if len(found.Findings) != findings {
		t.Errorf("got %+v", found)
	}
}

// TestStoredRunsAtOnce has two runs begin before one of them commits: at an output,
// and where there is none yet.
func TestStoredRunsAtOnce(t *testing.T) {
	_, format := inBucket(t)
	want := map[string][][]any{}
	for i := range 2 {
		first, second := storedRun(t, format, options(t, "first"+strconv.Itoa(i)), 200*i), storedRun(t, format, options(t, "second"+strconv.Itoa(i)), 200*i+100)
		if err := errors.Join(first.Commit(t.Context()), first.Close()); err != nil {
			t.Fatal(err)
		}
		if err := second.Commit(t.Context()); !errors.Is(err, errMeanwhile) {
			t.Errorf("the second of two runs: %v", err)
		}
		for _, of := range options(t, "").Tables {
			want[of.Name] = append(want[of.Name], sinktest.Values(sinktest.Batch(t, of, 5, 200*i))...)
		}
		storedRows(t, format, want, 0)
	}
}

var times = regexp.MustCompile(`\b1[78]\d{11}\b`)

// later makes an hour pass for the metadata of the output.
func later(t *testing.T, store *storetest.Store) {
	t.Helper()
	for _, key := range store.Keys(t, "tmp", "fleet.iceberg/") {
		if strings.HasSuffix(key, ".json") {
			text := times.ReplaceAllFunc(store.Content(t, "tmp", key), func(ms []byte) []byte {
				n, err := strconv.ParseInt(string(ms), 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				return strconv.AppendInt(nil, n-time.Hour.Milliseconds(), 10)
			})
			store.Put(t, "tmp", key, text, 0)
		}
	}
}

// TestStoredHalfARun kills runs that add to an output, or replace it, before they
// come to archives, and one that then goes on.
func TestStoredHalfARun(t *testing.T) {
	t.Run("adds", func(t *testing.T) { halfARun(t, false) })
	t.Run("replaces", func(t *testing.T) { halfARun(t, true) })
}

func halfARun(t *testing.T, overwrite bool) {
	store, format := inBucket(t)
	t.Setenv("TMPDIR", t.TempDir())
	want := sinktest.Export(t, format, stored, options(t, "run1"), 5, 0)
	opts := options(t, "killed")
	opts.Overwrite = overwrite
	sink := storedRun(t, format, opts, 50)
	var isDead atomic.Bool
	store.Fault(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Path, "/archives/metadata/v") && r.Method == http.MethodPut {
			isDead.Store(true)
		}
		if isDead.Load() {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
	if err := sink.Commit(t.Context()); !errors.Is(err, errUnsure) {
		t.Errorf("a run whose store is gone: %v", err)
	}
	store.Fault(nil)
	storedRows(t, format, want, halfFindings(t, format))
	var refused *sinks.RefusedError
	if _, err := format.Open(t.Context(), stored, options(t, "early")); !errors.As(err, &refused) || !strings.Contains(err.Error(), "another run is writing") {
		t.Errorf("of a run that may be alive: %v", err)
	}
	later(t, store)
	slow := storedRun(t, format, options(t, "run2"), 100)
	for _, of := range options(t, "").Tables {
		want[of.Name] = append(want[of.Name], sinktest.Values(sinktest.Batch(t, of, 5, 100))...)
	}
	if err := errors.Join(slow.Commit(t.Context()), slow.Close()); err != nil {
		t.Fatal(err)
	}
	storedRows(t, format, want, -1)
	for _, key := range store.Keys(t, "tmp", "fleet.iceberg/") {
		if strings.Contains(key, "killed") {
			t.Errorf("%s is left", key)
		}
	}
}

// halfFindings returns how much an inspection finds of half a run, where nothing of
// that is damage.
func halfFindings(t *testing.T, format sinks.Format) int {
	t.Helper()
	found, err := format.Inspect(t.Context(), stored)
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Findings) == 0 || slices.ContainsFunc(found.Findings, func(f sinks.Finding) bool { return f.Severity == sinks.Damage }) {
		t.Errorf("of half a run: %+v", found)
	}
	return len(found.Findings)
}

// TestStoredDenied has the store refuse the last step of a run, which then takes
// back the others.
func TestStoredDenied(t *testing.T) {
	store, format := inBucket(t)
	t.Setenv("TMPDIR", t.TempDir())
	want := sinktest.Export(t, format, stored, options(t, "run1"), 5, 0)
	before := store.Keys(t, "tmp", "fleet.iceberg/")
	sink := storedRun(t, format, options(t, "run2"), 50)
	store.Fault(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Path, "/archives/metadata/v") && r.Method == http.MethodPut {
			storetest.Fail(w, http.StatusForbidden, "AccessDenied")
			return
		}
		next.ServeHTTP(w, r)
	})
	if err := sink.Commit(t.Context()); err == nil || !strings.Contains(err.Error(), "access is denied") {
		t.Errorf("a commit that is denied: %v", err)
	}
	store.Fault(nil)
	storedRows(t, format, want, 0)
	left := maps.Collect(func(yield func(string, bool) bool) {
		for _, key := range store.Keys(t, "tmp", "fleet.iceberg/") {
			if !slices.Contains(before, key) && !strings.HasSuffix(key, ".json") && !yield(key, true) {
				return
			}
		}
	})
	if len(left) > 0 {
		t.Errorf("left of it are %v", left)
	}
}
