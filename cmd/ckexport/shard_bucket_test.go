//go:build linux && amd64 && !noduckdb

package main

import (
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// upload puts the files of a folder into the bucket fleet, below a prefix.
func (g *gateway) upload(t *testing.T, dir, prefix string) {
	t.Helper()
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": storeSecret} {
		t.Setenv(name, value)
	}
	store, err := objectstore.Connect(objectstore.Options{Endpoint: g.url, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return store.PutFile(t.Context(), "fleet", prefix+strings.TrimPrefix(path, dir+"/"), path)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// unreliable puts a proxy in front of the store: some connections break, some
// requests meet a server that is overloaded, and at times there is none.
func (g *gateway) unreliable(t *testing.T, chance *rand.Rand) {
	t.Helper()
	target, err := url.Parse(g.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
	}}
	var mu sync.Mutex
	roll := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return chance.IntN(n)
	}
	started := time.Now()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch away := time.Since(started)%(10*time.Second) > 9*time.Second; {
		case away, roll(100) == 0:
			panic(http.ErrAbortHandler)
		case roll(50) == 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
}

// digests returns a digest of the rows of each table of an output, but for what a
// run is told by.
func (g *gateway) digests(t *testing.T, output string) map[string]string {
	t.Helper()
	format, err := formats(places{store: objectstore.Options{Endpoint: g.url, Region: "us-east-1"}}).For(output)
	if err != nil {
		t.Fatal(err)
	}
	db, err := format.OpenSQL(t.Context(), output, sinks.SQLOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := map[string]string{}
	for _, table := range schema.Tables() {
		if table.Name == "runs" {
			continue
		}
		var digest string
		query := `SELECT count(*) || ' rows, ' || coalesce(sum(hash(r::VARCHAR)), 0) FROM (SELECT COLUMNS(c -> c NOT IN ('run_id', 'started_at', 'seconds')) FROM ` + table.Name + `) r`
		if err := db.QueryRowContext(t.Context(), query).Scan(&digest); err != nil {
			t.Fatalf("%s: %v", table.Name, err)
		}
		all[table.Name] = digest
	}
	return all
}

// TestShardsInBucket does runs in shards, from a bucket into a bucket, whose
// processes are killed, and whose store is unreliable and killed, too.
func TestShardsInBucket(t *testing.T) {
	g, seed := startGateway(t), rand.Uint64()
	t.Logf("seed %d", seed)
	t.Setenv("TMPDIR", t.TempDir())
	g.upload(t, backfill(t), "in/")
	if _, code := g.run(t, "s3://fleet/in/", "-o", "s3://fleet/whole.parquet", "-q"); code != exitBadArchives {
		t.Fatalf("exit code %d", code)
	}
	want, reliable := g.digests(t, "s3://fleet/whole.parquet"), g.url
	for i, output := range []string{storedOutput, "s3://fleet/data/fleet.iceberg"} {
		t.Run(filepath.Base(output), func(t *testing.T) {
			g.unreliable(t, rand.New(rand.NewPCG(seed, uint64(2*i))))
			job := &indexedJob{
				dir: t.TempDir(), shards: 16, args: []string{"s3://fleet/in/", "-o", output, "--run", "backfill"},
				kill: true, faults: true, chance: rand.New(rand.NewPCG(seed, uint64(2*i+1))),
			}
			job.env = append(g.command(t).Env[len(os.Environ()):], "TMPDIR="+job.dir)
			g.crashing(t, rand.New(rand.NewPCG(seed, uint64(2*i+4))), func() { job.run(t) })
			t.Logf("%d processes were killed or failed", job.again)
			if output != storedOutput { // a commit that failed counts as alive for a while
				g.url = reliable
			}
			var said string
			for code := exitFailed; code == exitFailed; {
				said, code = g.run(t, "commit", output, "--run", "backfill")
			}
			if !strings.Contains(said, "run backfill is committed") {
				t.Error(said)
			}
			g.url = reliable
			if diff := cmp.Diff(want, g.digests(t, output)); diff != "" {
				t.Errorf("not as in one run (-want +got):\n%s", diff)
			}
			if said := g.ok(t, "commit", output, "--run", "backfill"); !strings.Contains(said, "run backfill is committed already") {
				t.Error(said)
			}
			if said := g.ok(t, "verify", output); !strings.Contains(said, "0 findings of damage, 0 warnings") {
				t.Error(said)
			}
			if left, err := filepath.Glob(filepath.Join(g.data, "fleet", "data", "."+filepath.Base(output)+".*", "*")); err != nil || len(left) > 0 {
				t.Errorf("left in the staging place: %v, %v", left, err)
			}
		})
	}
}
