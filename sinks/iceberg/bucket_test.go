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

// storedRows checks the rows of the output, and how much an inspection finds. For -1
// these are notes only.
func storedRows(t *testing.T, format sinks.Format, want map[string][][]any, findings int) {
	t.Helper()
	rowsAt(t, format, stored, want)
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
	for i, seeds := range [][]int{{0}, {0, 200}} {
		first := runAt(t, format, stored, options(t, "first"+strconv.Itoa(i)), 200*i)
		second := runAt(t, format, stored, options(t, "second"+strconv.Itoa(i)), 200*i+100)
		commitAndClose(t, first)
		if err := second.Commit(t.Context()); !errors.Is(err, errMeanwhile) {
			t.Errorf("the second of two runs: %v", err)
		}
		storedRows(t, format, rowsOf(t, seeds...), 0)
	}
}

var times = regexp.MustCompile(`\b1[78]\d{11}\b`)

// hourAgo makes an hour pass for metadata.
func hourAgo(t *testing.T, metadata []byte) []byte {
	return times.ReplaceAllFunc(metadata, func(ms []byte) []byte {
		n, err := strconv.ParseInt(string(ms), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return strconv.AppendInt(nil, n-time.Hour.Milliseconds(), 10)
	})
}

// diesAt aborts the first request that is the last one, and all after it.
func diesAt(isLast func(*http.Request) bool) func(http.ResponseWriter, *http.Request, http.Handler) {
	var isDead atomic.Bool
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if isLast(r) {
			isDead.Store(true)
		}
		if isDead.Load() {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	}
}

// noneIsLeft checks that no object is of one of the runs.
func noneIsLeft(t *testing.T, keys []string, runs ...string) {
	t.Helper()
	for _, key := range keys {
		if slices.ContainsFunc(runs, func(run string) bool { return strings.Contains(key, run) }) {
			t.Errorf("%s is left", key)
		}
	}
}

// isLastStep tells whether a request makes a version of archives.
func isLastStep(r *http.Request) bool {
	return strings.Contains(r.URL.Path, "/archives/metadata/v") && r.Method == http.MethodPut
}

// TestStoredHalfARun kills runs that add to an output, or replace it, before they
// come to archives, and one that then goes on.
func TestStoredHalfARun(t *testing.T) {
	t.Run("adds", func(t *testing.T) { halfARun(t, false) })
	t.Run("replaces", func(t *testing.T) { halfARun(t, true) })
}

func halfARun(t *testing.T, overwrite bool) {
	store, format := inBucket(t)
	commitAndClose(t, runAt(t, format, stored, options(t, "run1"), 0))
	opts := options(t, "killed")
	opts.Overwrite = overwrite
	sink := runAt(t, format, stored, opts, 50)
	store.Fault(diesAt(isLastStep))
	if err := sink.Commit(t.Context()); !errors.Is(err, errUnsure) {
		t.Errorf("a run whose store is gone: %v", err)
	}
	store.Fault(nil)
	storedRows(t, format, rowsOf(t, 0), halfFindings(t, format))
	var refused *sinks.RefusedError
	if _, err := format.Open(t.Context(), stored, options(t, "early")); !errors.As(err, &refused) || !strings.Contains(err.Error(), "another run is writing") {
		t.Errorf("of a run that may be alive: %v", err)
	}
	for _, key := range store.Keys(t, "tmp", "fleet.iceberg/") {
		if strings.HasSuffix(key, ".json") {
			store.Put(t, "tmp", key, hourAgo(t, store.Content(t, "tmp", key)), 0)
		}
	}
	commitAndClose(t, runAt(t, format, stored, options(t, "run2"), 100))
	storedRows(t, format, rowsOf(t, 0, 100), -1)
	noneIsLeft(t, store.Keys(t, "tmp", "fleet.iceberg/"), "killed")
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
	commitAndClose(t, runAt(t, format, stored, options(t, "run1"), 0))
	before := store.Keys(t, "tmp", "fleet.iceberg/")
	sink := runAt(t, format, stored, options(t, "run2"), 50)
	store.Fault(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if isLastStep(r) {
			storetest.Fail(w, http.StatusForbidden, "AccessDenied")
			return
		}
		next.ServeHTTP(w, r)
	})
	if err := sink.Commit(t.Context()); err == nil || !strings.Contains(err.Error(), "access is denied") {
		t.Errorf("a commit that is denied: %v", err)
	}
	if err := sink.Close(); err != nil {
		t.Error(err)
	}
	if done, err := format.Rewrite(t.Context(), stored, options(t, "compact"), sinks.Rewrite{Compact: true}); err == nil || !strings.Contains(err.Error(), "access is denied") || done != nil {
		t.Errorf("a rewrite that is denied: %+v, %v", done, err)
	}
	store.Fault(nil)
	storedRows(t, format, rowsOf(t, 0), 0)
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
