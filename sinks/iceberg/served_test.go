//go:build !noduckdb && !noiceberg

package iceberg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/iceberg-go/catalog/rest"
	"github.com/apache/iceberg-go/table"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/objectstore/storetest"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/iceberg/resttest"
)

const inCatalog = "iceberg://forensics.fleet"

func servedRun(t *testing.T, format sinks.Format, opts sinks.Options, seed int) sinks.Sink {
	t.Helper()
	return runAt(t, format, inCatalog, opts, seed)
}

// servedRows checks the rows of the output, and that an inspection finds no damage.
func servedRows(t *testing.T, format sinks.Format, want map[string][][]any) {
	t.Helper()
	rowsAt(t, format, inCatalog, want)
	found, err := format.Inspect(t.Context(), inCatalog)
	if err != nil || slices.ContainsFunc(found.Findings, func(f sinks.Finding) bool { return f.Severity == sinks.Damage }) {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestServedRunsAtOnce has two runs begin before one of them commits: where there is
// nothing yet, and at an output.
func TestServedRunsAtOnce(t *testing.T) {
	_, _, format := inREST(t)
	for i, seeds := range [][]int{{0}, {0, 200}} {
		first := servedRun(t, format, options(t, "first"+strconv.Itoa(i)), 200*i)
		second := servedRun(t, format, options(t, "second"+strconv.Itoa(i)), 200*i+100)
		commitAndClose(t, first)
		if err := errors.Join(second.Commit(t.Context()), second.Close()); !errors.Is(err, errMeanwhile) {
			t.Errorf("the second of two runs: %v", err)
		}
		servedRows(t, format, rowsOf(t, seeds...))
	}
}

// isCommit tells whether a request is to commit to a table.
func isCommit(r *http.Request, name string) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/tables/"+name)
}

// TestServedHalfARun kills runs before they come to archives.
func TestServedHalfARun(t *testing.T) {
	for _, overwrite := range []bool{false, true} {
		t.Run(fmt.Sprintf("overwrite %v", overwrite), func(t *testing.T) {
			store, catalog, format := inREST(t)
			commitAndClose(t, servedRun(t, format, options(t, "run1"), 0))
			opts := options(t, "killed")
			opts.Overwrite = overwrite
			sink := servedRun(t, format, opts, 50)
			catalog.Fault(diesAt(func(r *http.Request) bool { return isCommit(r, "archives") }))
			if err := errors.Join(sink.Commit(t.Context()), sink.Close()); !errors.Is(err, errUnknown) {
				t.Errorf("a run whose catalog is gone: %v", err)
			}
			catalog.Fault(nil)
			servedRows(t, format, rowsOf(t, 0))
			if _, err := format.Open(t.Context(), inCatalog, options(t, "early")); !errors.As(err, new(*sinks.RefusedError)) {
				t.Errorf("of a run that may be alive: %v", err)
			}
			anHourLater(t, catalog)
			commitAndClose(t, servedRun(t, format, options(t, "run2"), 100))
			servedRows(t, format, rowsOf(t, 0, 100))
			noneIsLeft(t, store.Keys(t, "lake", "warehouse/"), "killed")
		})
	}
}

// anHourLater makes an hour pass for all metadata.
func anHourLater(t *testing.T, catalog *resttest.Catalog) {
	t.Helper()
	for name := range catalog.Tables() {
		catalog.Change(t, name, func(text []byte) []byte { return hourAgo(t, text) })
	}
}

// TestServedFirstRunKilled kills the first run: the next one drops its tables.
func TestServedFirstRunKilled(t *testing.T) {
	store, catalog, format := inREST(t)
	sink := servedRun(t, format, options(t, "killed"), 0)
	catalog.Fault(diesAt(func(r *http.Request) bool { return isCommit(r, "archives") }))
	if err := errors.Join(sink.Commit(t.Context()), sink.Close()); err == nil {
		t.Error("no error")
	}
	catalog.Fault(nil)
	if _, err := format.Open(t.Context(), inCatalog, options(t, "early")); !errors.As(err, new(*sinks.RefusedError)) {
		t.Errorf("of a run that may be alive: %v", err)
	}
	anHourLater(t, catalog)
	commitAndClose(t, servedRun(t, format, options(t, "run1"), 50))
	servedRows(t, format, rowsOf(t, 50))
	noneIsLeft(t, store.Keys(t, "lake", "warehouse/"), "killed")
}

// TestServedAnswersLost has the catalog fail at every commit once, before or after it
// did what it was asked to.
func TestServedAnswersLost(t *testing.T) {
	for what, fail := range map[string]func(w http.ResponseWriter, r *http.Request, next http.Handler){
		"500 before": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			resttest.Fail(w, http.StatusInternalServerError, "InternalServerError", "it broke")
		},
		"504 after": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(httptest.NewRecorder(), r)
			resttest.Fail(w, http.StatusGatewayTimeout, "GatewayTimeout", "it took long")
		},
		"reset after": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		},
		"503 after": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(httptest.NewRecorder(), r)
			resttest.Fail(w, http.StatusServiceUnavailable, "ServiceUnavailableException", "it is busy")
		},
		"429": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.Header().Set("Retry-After", "1")
			resttest.Fail(w, http.StatusTooManyRequests, "TooManyRequests", "it is busy")
		},
		"409": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			resttest.Fail(w, http.StatusConflict, "CommitFailedException", "somebody was there, and is gone")
		},
	} {
		t.Run(what, func(t *testing.T) {
			_, catalog, format := inREST(t)
			var failed atomic.Int32
			seen := map[string]bool{}
			catalog.Fault(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				isFirst := false
				catalog.Locked(func() {
					isFirst = r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/tables/") && !seen[r.URL.Path]
					seen[r.URL.Path] = seen[r.URL.Path] || isFirst
				})
				if !isFirst {
					next.ServeHTTP(w, r)
					return
				}
				failed.Add(1)
				fail(w, r, next)
			})
			commitAndClose(t, servedRun(t, format, options(t, "run1"), 0))
			clear(seen)
			commitAndClose(t, servedRun(t, format, options(t, "run2"), 50))
			servedRows(t, format, rowsOf(t, 0, 50))
			if failed.Load() < 8 {
				t.Errorf("only %d commits failed", failed.Load())
			}
		})
	}
}

// TestServedTokensEnd has tokens end while a request is on its way, several times, or
// whenever one comes.
func TestServedTokensEnd(t *testing.T) {
	_, catalog, format := inREST(t)
	var refusals atomic.Int32
	ends := func(most int32) func(http.ResponseWriter, *http.Request, http.Handler) {
		refusals.Store(0)
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if isCommit(r, "archives") && refusals.Add(1) <= most {
				catalog.EndTokens()
			}
			next.ServeHTTP(w, r)
		}
	}
	catalog.Fault(ends(3))
	commitAndClose(t, servedRun(t, format, options(t, "run1"), 0))
	sink := servedRun(t, format, options(t, "run2"), 50)
	catalog.Fault(ends(math.MaxInt32))
	if err := errors.Join(sink.Commit(t.Context()), sink.Close()); err == nil || !strings.Contains(err.Error(), "401 Unauthorized") {
		t.Errorf("no token is accepted: %v", err)
	}
	servedRows(t, format, rowsOf(t, 0))
}

// TestServedInterrupted ends a run while the catalog keeps it waiting.
func TestServedInterrupted(t *testing.T) {
	_, catalog, format := inREST(t)
	commitAndClose(t, servedRun(t, format, options(t, "run1"), 0))
	sink := servedRun(t, format, options(t, "run2"), 50)
	ctx, cancel := context.WithCancel(t.Context())
	catalog.Fault(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if ctx.Err() == nil {
			_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client is gone
			cancel()
			<-r.Context().Done()
			return
		}
		next.ServeHTTP(w, r)
	})
	if err := errors.Join(sink.Commit(ctx), sink.Close()); !errors.Is(err, context.Canceled) {
		t.Errorf("of an interrupted run: %v", err)
	}
	servedRows(t, format, rowsOf(t, 0))
}

// TestServedSharedWithOthers has iceberg-go's own client commit between the beginning
// and the commit of a run.
func TestServedSharedWithOthers(t *testing.T) {
	catalog, format := restAt(t, "file://"+filepath.ToSlash(t.TempDir()))
	commitAndClose(t, servedRun(t, format, options(t, "run1"), 0))
	sink := servedRun(t, format, options(t, "run2"), 50)
	other, err := rest.NewCatalog(t.Context(), "other", catalog.URL, rest.WithCredential(resttest.ID+":"+resttest.Secret), rest.WithScope(resttest.Scope), rest.WithWarehouseLocation(resttest.Warehouse))
	if err != nil {
		t.Fatal(err)
	}
	for name := range catalog.Tables() {
		theirs, err := other.LoadTable(t.Context(), table.Identifier{"forensics", "fleet", name})
		if err != nil {
			t.Fatal(err)
		}
		txn := theirs.NewTransaction()
		if err := txn.AddFiles(t.Context(), nil, map[string]string{"by": "another program"}, true); err != nil {
			t.Fatal(err)
		}
		if _, err := txn.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	commitAndClose(t, sink)
	servedRows(t, format, rowsOf(t, 0, 50))
}

// TestServedSnapshotsExpired has another program compact archives, and remove the
// snapshots that tell of runs: nothing is taken for half a run.
func TestServedSnapshotsExpired(t *testing.T) {
	_, catalog, format := inREST(t)
	commitAndClose(t, servedRun(t, format, options(t, "run1"), 0))
	c, err := format.Open(t.Context(), inCatalog, options(t, "other"))
	if err != nil {
		t.Fatal(err)
	}
	archives := c.(*servedOutput).base.tables["archives"]
	old := archives.CurrentSnapshot().SnapshotID
	txn := archives.NewTransaction()
	if err := txn.AddFiles(t.Context(), nil, map[string]string{"by": "another program"}, true); err != nil {
		t.Fatal(err)
	}
	if _, err := txn.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.(*servedOutput).catalog.CommitTable(t.Context(), archives.Identifier(), nil, []table.Update{table.NewRemoveSnapshotsUpdate([]int64{old}, false)}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	anHourLater(t, catalog)
	servedRows(t, format, rowsOf(t, 0))
	commitAndClose(t, servedRun(t, format, options(t, "run2"), 50))
	servedRows(t, format, rowsOf(t, 0, 50))
}

// TestServedForget forgets a checkpoint: no file is left but those that the tables
// name, and none of these tells of it.
func TestServedForget(t *testing.T) {
	store, catalog, format := inREST(t)
	commitAndClose(t, servedRun(t, format, options(t, "run1"), 0))
	commitAndClose(t, servedRun(t, format, options(t, "run2"), 50))
	id := fmt.Sprintf("%032x", 50)
	rewrite := func(run string) error {
		_, err := format.Rewrite(t.Context(), inCatalog, options(t, run), sinks.Rewrite{Forget: func([]sinks.Checkpoint) (map[string]bool, *schema.Rows, error) {
			return map[string]bool{id: true}, nil, nil
		}})
		return err
	}
	catalog.KeepsSnapshots = true
	if err := rewrite("refused"); !errors.As(err, new(*sinks.CommittedError)) || !strings.Contains(err.Error(), "still there, in files below s3://lake/warehouse/") {
		t.Errorf("a catalog that keeps snapshots: %v", err)
	}
	commitAndClose(t, servedRun(t, format, options(t, "run3"), 100)) // others can still add
	catalog.KeepsSnapshots = false
	// A run that was killed before it removed what it replaced leaves the same.
	commitAndClose(t, servedRun(t, format, options(t, "run4"), 150))
	noneIsLeft(t, store.Keys(t, "lake", "warehouse/"), "run1", "run2")
	if err := rewrite("forget"); err != nil {
		t.Fatal(err)
	}
	tables := catalog.Tables()
	noneIsLeft(t, store.Keys(t, "lake", "warehouse/"), "run1", "run2", "run3", "run4", "refused")
	for _, key := range store.Keys(t, "lake", "warehouse/") {
		parts := strings.Split(key, "/")
		if parts[len(parts)-2] == metadataDir && parts[len(parts)-3] != "archives" && bytes.Contains(store.Content(t, "lake", key), []byte(id)) {
			t.Errorf("%s tells of what was forgotten", key)
		}
	}
	for name, metadata := range tables {
		if n := len(metadata.Snapshots()); n != 1 {
			t.Errorf("%s has %d snapshots", name, n)
		}
	}
	want := rowsOf(t, 0, 50, 100, 150)
	for _, name := range []string{"checkpoints", "processes"} {
		want[name] = slices.DeleteFunc(want[name], func(row []any) bool { return row[0] == id })
	}
	servedRows(t, format, want)
}

// TestServedWrong is about mistakes: none tells a secret.
func TestServedWrong(t *testing.T) {
	_, catalog, right := inREST(t)
	commitAndClose(t, servedRun(t, right, options(t, "run1"), 0))
	const secret = "wrong-secret-not-to-be-told"
	for name, of := range map[string]struct {
		lines []string
		mode  os.FileMode
		want  string
	}{
		"type":       {[]string{"type=hive", "uri=thrift://x"}, 0o600, `type "hive": want rest or sql`},
		"key":        {[]string{"type=rest", "wharehouse=x"}, 0o600, `:2: unknown property "wharehouse": did you mean warehouse?`},
		"no uri":     {[]string{"type=rest"}, 0o600, "no property uri"},
		"SigV4":      {[]string{"rest.sigv4-enabled=true"}, 0o600, "(SigV4) are not supported"},
		"shared":     {[]string{"type=rest", "token=" + secret}, 0o644, ":2: token holds a secret"},
		"variable":   {[]string{"token=${CKEXPORT_NO_SUCH}"}, 0o644, "the environment has no CKEXPORT_NO_SUCH"},
		"user":       {[]string{"type=rest", "uri=http://me:" + secret + "@host"}, 0o600, "must hold no name and password"},
		"token":      {[]string{"type=rest", "uri=" + catalog.URL, "token=" + secret}, 0o600, "401 Unauthorized: NotAuthorizedException"},
		"secret":     {[]string{"type=rest", "uri=" + catalog.URL, "credential=ckexport:" + secret, "scope=" + resttest.Scope}, 0o600, "asking for a token: the catalog says 401"},
		"warehouse":  {[]string{"type=rest", "uri=" + catalog.URL, "warehouse=x", "credential=ckexport:" + resttest.Secret, "scope=" + resttest.Scope}, 0o600, "400 Bad Request"},
		"PostgreSQL": {[]string{"type=sql", "uri=postgresql://me:" + secret + "@127.0.0.1:1/x"}, 0o600, "connecting: "},
		"database":   {[]string{"type=sql", "uri=mysql://me:" + secret + "@127.0.0.1:1/x"}, 0o600, "want sqlite:///PATH or postgresql://HOST/DATABASE"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "catalog.properties")
			if err := os.WriteFile(file, []byte(strings.Join(of.lines, "\n")), of.mode); err != nil {
				t.Fatal(err)
			}
			err := CatalogFormat(duckdb.Engine(), objectstore.Options{}, file).Check(t.Context(), inCatalog)
			if err == nil || !strings.Contains(err.Error(), of.want) {
				t.Errorf("got %v", err)
			}
			if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), resttest.Secret) || strings.Contains(err.Error(), storetest.Secret)) {
				t.Errorf("%v tells a secret", err)
			}
		})
	}
	if _, err := (sinks.Formats{right}).At(t.Context(), "iceberg://none"); !errors.As(err, new(*sinks.RefusedError)) {
		t.Errorf("no namespace: %v", err)
	}
}
