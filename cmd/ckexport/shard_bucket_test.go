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

	"github.com/ckexport/ckexport/objectstore"
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

// TestShardsInBucket does a run in shards, from a bucket into a bucket, whose
// processes are killed and whose store is unreliable.
func TestShardsInBucket(t *testing.T) {
	g, archives, seed := startGateway(t), backfill(t), rand.Uint64()
	t.Logf("seed %d", seed)
	g.upload(t, archives, "in/")
	if _, code := g.run(t, "s3://fleet/in/", "-o", "s3://fleet/whole.parquet", "-q"); code != exitBadArchives {
		t.Fatalf("exit code %d", code)
	}
	chance := rand.New(rand.NewPCG(seed, 1))
	reliable := g.url
	g.unreliable(t, rand.New(rand.NewPCG(seed, 2)))
	job := &indexedJob{
		dir: t.TempDir(), shards: 16, args: []string{"s3://fleet/in/", "-o", storedOutput, "--run", "backfill"},
		kill: true, faults: true, chance: chance,
	}
	job.env = append(g.command(t).Env[len(os.Environ()):], "TMPDIR="+job.dir)
	job.run(t)
	t.Logf("%d processes were killed or failed", job.again)

	var said string
	for code := exitFailed; code == exitFailed; {
		said, code = g.run(t, "commit", storedOutput, "--run", "backfill")
	}
	if !strings.Contains(said, "run backfill is committed") {
		t.Error(said)
	}
	g.url = reliable
	sameRows(t, g.stored(), filepath.Join(g.data, "fleet", "whole.parquet"))
	for _, want := range []struct{ said, command string }{
		{"run backfill is committed already", "commit"}, {"0 findings of damage, 0 warnings", "verify"},
	} {
		args := []string{want.command, storedOutput}
		if want.command == "commit" {
			args = append(args, "--run", "backfill")
		}
		if said := g.ok(t, args...); !strings.Contains(said, want.said) {
			t.Error(said)
		}
	}
	if left, err := filepath.Glob(filepath.Join(g.data, "fleet", "data", ".fleet.parquet.*", "*")); err != nil || len(left) > 0 {
		t.Errorf("left in the staging place: %v, %v", left, err)
	}
}
