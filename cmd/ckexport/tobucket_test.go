//go:build !noduckdb

package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/schema"
)

const storedOutput = "s3://fleet/data/fleet.parquet"

// stored is where the gateway has the objects of storedOutput.
func (g *gateway) stored() string { return filepath.Join(g.data, "fleet", "data", "fleet.parquet") }

// sameRows compares all tables of two dataset folders, but for what a run is told by
// and for columns, named as such or with their table before. It returns how many rows
// the tables have.
func sameRows(t *testing.T, got, want string, columns ...string) map[string]int {
	t.Helper()
	but := "'" + strings.Join(append(columns, "run_id", "started_at", "seconds"), "', '") + "'"
	count := map[string]int{}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, table := range schema.Tables() {
		if table.Name == "runs" {
			continue
		}
		rows := func(output string) string {
			return fmt.Sprintf(`(SELECT COLUMNS(c -> c NOT IN (%[1]s) AND '%[2]s.' || c NOT IN (%[1]s)) FROM '%[3]s')`, but, table.Name, filepath.Join(output, table.Name, "*.parquet"))
		}
		var n, differ int
		query := fmt.Sprintf(`SELECT (SELECT count(*) FROM %[2]s), (SELECT count(*) FROM (FROM %[1]s EXCEPT ALL FROM %[2]s)) + (SELECT count(*) FROM (FROM %[2]s EXCEPT ALL FROM %[1]s))`, rows(got), rows(want))
		if err := db.QueryRowContext(t.Context(), query).Scan(&n, &differ); err != nil {
			t.Fatalf("%s: %v", table.Name, err)
		}
		if differ != 0 || n == 0 && table.Name == "processes" {
			t.Errorf("%s: %d rows, %d differ", table.Name, n, differ)
		}
		count[table.Name] = n
	}
	return count
}

func exportedLocally(t *testing.T, inputs ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fleet.parquet")
	local(t, append(inputs, "-o", path, "-q")...)
	return path
}

// local returns what a command says that needs no store, and must succeed.
func local(t *testing.T, args ...string) string {
	t.Helper()
	said, err := exec.CommandContext(t.Context(), "ckexport", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return string(said)
}

// TestToBucket runs all commands on an output in an object store.
func TestToBucket(t *testing.T) {
	g := startGateway(t)
	archives := testArchives(t)
	folder := filepath.Dir(archives[0])
	g.ok(t, archives[0], "-o", storedOutput, "-q")
	g.ok(t, folder, "-o", storedOutput, "-q", "--log-level", "info")
	if said := g.ok(t, folder, "-o", storedOutput); !strings.Contains(said, "nothing new") {
		t.Error(said)
	}
	sameRows(t, g.stored(), exportedLocally(t, folder))

	isWhole := func() {
		t.Helper()
		if said := g.ok(t, "verify", storedOutput); !strings.Contains(said, "whole") || !strings.Contains(said, "0 findings of damage, 0 warnings") {
			t.Error(said)
		}
	}
	isWhole()
	var fetched sync.Map
	g.answering(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		fetched.Store(filepath.Base(filepath.Dir(r.URL.Path)), true)
		next.ServeHTTP(w, r)
	})
	if said := g.ok(t, "query", storedOutput, "SELECT count(*) AS n FROM archives", "--format", "csv"); said != fmt.Sprintf("n\n%d\n", len(archives)) {
		t.Error(said)
	}
	g.answering(nil)
	if _, ok := fetched.Load("processes"); ok {
		t.Error("a query about archives fetches processes")
	}
	g.ok(t, "query", storedOutput, "shells-under-servers")
	g.ok(t, "report", storedOutput, "-o", "page.html")
	if said := g.ok(t, "diff", storedOutput, "life@first", "life@last", "--tables", "processes"); !strings.Contains(said, "1 added") {
		t.Error(said)
	}
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte("/etc/passwd\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := g.ok(t, "iocs", storedOutput, list, "--format", "csv"); !strings.Contains(said, "/etc/passwd") {
		t.Error(said)
	}
	g.ok(t, "extract", storedOutput, "--checkpoint", "life@last", "--file", "/tmp/*", "-o", "dropped")
	g.ok(t, "compact", storedOutput)
	isWhole()
	sameRows(t, g.stored(), exportedLocally(t, folder))
	g.ok(t, "forget", storedOutput, "--keep-last", "1")
	isWhole()
	if said := g.ok(t, "verify", storedOutput, "--against", folder); !strings.Contains(said, "whole") {
		t.Error(said)
	}
	g.ok(t, archives[1], "-o", storedOutput, "--overwrite", "-q")
	isWhole()
	sameRows(t, g.stored(), exportedLocally(t, archives[1]))
}

// TestBucketWriters has many processes add to an output at once, and others at the
// same archives.
func TestBucketWriters(t *testing.T) { manyWriters(t, startGateway(t), 8) }

// TestBucketFaults has several processes add to an output in a store that is
// overloaded, breaks connections, and does what it is asked to without an answer.
func TestBucketFaults(t *testing.T) {
	g := startGateway(t)
	var n atomic.Int64
	g.answering(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		switch n.Add(1) % 31 {
		case 5:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 15:
			panic(http.ErrAbortHandler)
		case 25:
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			next.ServeHTTP(w, r)
		}
	})
	manyWriters(t, g, 3)
	g.ok(t, "compact", storedOutput)
	g.ok(t, "verify", storedOutput)
}

func manyWriters(t *testing.T, g *gateway, writers int) {
	archives := testArchives(t)
	var all sync.WaitGroup
	var mu sync.Mutex
	refused := 0
	for i := range 2 * writers {
		all.Go(func() {
			args := []string{"-o", storedOutput, "-q"}
			for n, path := range archives {
				if n%writers == i%writers {
					args = append(args, path)
				}
			}
			for range 100 {
				said, code := g.run(t, args...)
				if code == exitOK {
					return
				}
				if code != exitFailed || !strings.Contains(said, "another run committed meanwhile") {
					t.Errorf("exit code %d: %s", code, said)
					return
				}
				mu.Lock()
				refused++
				mu.Unlock()
			}
			t.Error("never came through")
		})
	}
	all.Wait()
	t.Logf("%d runs were refused", refused)
	sameRows(t, g.stored(), exportedLocally(t, filepath.Dir(archives[0])))
	if said := g.ok(t, "verify", storedOutput); !strings.Contains(said, "0 findings of damage, 0 warnings") {
		t.Error(said)
	}
}

// TestBucketWriterKilled kills a run when it has sent its parts, and is about to
// replace the manifest.
func TestBucketWriterKilled(t *testing.T) {
	g := startGateway(t)
	archives := testArchives(t)
	g.ok(t, archives[0], "-o", storedOutput, "-q")
	before, err := os.ReadFile(filepath.Join(g.stored(), "_ckexport.json"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	arrived := make(chan struct{})
	var once sync.Once
	g.answering(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "_ckexport.json") {
			once.Do(func() { close(arrived) })
			<-ctx.Done()
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
	cmd := g.command(t, archives[1], "-o", storedOutput, "-q")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-arrived:
	case <-ctx.Done():
		t.Fatal("the run does not come to the manifest")
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	g.answering(nil)
	cancel()
	after, err := os.ReadFile(filepath.Join(g.stored(), "_ckexport.json"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the manifest was changed: %v", err)
	}
	parts, err := filepath.Glob(filepath.Join(g.stored(), "processes", "*.parquet"))
	if err != nil || len(parts) != 2 {
		t.Fatalf("the parts are %v, %v", parts, err)
	}
	if said := g.ok(t, "verify", storedOutput); !strings.Contains(said, "0 findings of damage") {
		t.Error(said)
	}
	if said := g.ok(t, "query", storedOutput, "SELECT count(*) AS n FROM archives", "--format", "csv"); said != "n\n1\n" {
		t.Error(said)
	}
	// The run may be alive for all that others know, until a day has passed.
	g.ok(t, archives[1], "-o", storedOutput, "-q")
	old := time.Now().Add(-25 * time.Hour)
	err = filepath.WalkDir(g.stored(), func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, old, old)
	})
	if err != nil {
		t.Fatal(err)
	}
	g.ok(t, archives[1], "-o", storedOutput, "-q")
	sameRows(t, g.stored(), exportedLocally(t, archives[0], archives[1]))
	if said := g.ok(t, "verify", storedOutput); !strings.Contains(said, "0 findings of damage, 0 warnings") {
		t.Error(said)
	}
}

// TestBucketRefuses checks what is said where there can be no output.
func TestBucketRefuses(t *testing.T) {
	g := startGateway(t)
	archive := testArchives(t)[0]
	for _, c := range []struct {
		args []string
		want string
		code int
	}{
		{[]string{archive, "-o", "s3://nobody/fleet.parquet"}, "there is no bucket nobody", exitUsage},
		{[]string{archive, "-o", "s3://fleet/fleet.duckdb"}, "the kind of output is told by its ending", exitUsage},
		{[]string{archive, "-o", "s3://fleet"}, "the kind of output is told by its ending", exitUsage},
		{[]string{archive, "-o", "s3:///fleet.parquet"}, "want s3://BUCKET/NAME", exitUsage},
		{[]string{archive, "-o", storedOutput, "--redact", "env"}, "--redact-key-file", exitUsage},
		{[]string{"query", "s3://fleet/none.parquet", "SELECT 1 FROM runs"}, "cannot be looked at", exitUsage},
		{[]string{archive, "-o", storedOutput, "--endpoint", "http://127.0.0.1:1"}, "connection refused", exitFailed},
	} {
		if said, code := g.run(t, c.args...); code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("ckexport %q: exit code %d, %s", c.args, code, said)
		}
	}
	cmd := g.command(t, archive, "-o", storedOutput)
	cmd.Env = append(cmd.Env, "AWS_SECRET_ACCESS_KEY=another")
	if said, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(said), "the secret key does not belong to the access key") {
		t.Errorf("a wrong key: %s", said)
	}
	if err := os.MkdirAll(g.stored(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(g.stored(), "photo.jpeg"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, code := g.run(t, archive, "-o", storedOutput); code != exitUsage || !strings.Contains(said, "is not ours") {
		t.Errorf("what is not ours: exit code %d, %s", code, said)
	}
}

// TestLargeObject writes an object in several parts, which the store of the unit
// tests can't take.
func TestLargeObject(t *testing.T) {
	g := startGateway(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", storeSecret)
	store, err := objectstore.Connect(objectstore.Options{Endpoint: g.url, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	var parts atomic.Int64
	g.answering(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Query().Has("partNumber") {
			parts.Add(1)
		}
		next.ServeHTTP(w, r)
	})
	content := bytes.Repeat([]byte("0123456789abcde\n"), 40<<20/16)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := store.PutFile(t.Context(), "fleet", "large", path); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	err = store.Copy(t.Context(), "fleet", "large", int64(len(content)), &got)
	if err != nil || !bytes.Equal(got.Bytes(), content) || parts.Load() != 3 {
		t.Errorf("%d bytes in %d parts, %v", got.Len(), parts.Load(), err)
	}
}
