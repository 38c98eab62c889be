//go:build !noduckdb

package main

import (
	"bytes"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// bucketRun runs the command with an object store.
type bucketRun struct {
	gofakes3.Backend
	url, dir string
	opened   atomic.Int64 // objects
}

const storeSecret = "a-secret-key-not-to-be-told"

// storeTime is when all objects were made: only their ETags differ.
var storeTime = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)

// newBucketRun starts the store: with TLS, or under a name that is to be resolved.
func newBucketRun(t *testing.T, withTLS bool) *bucketRun {
	t.Helper()
	b := &bucketRun{Backend: s3mem.New(s3mem.WithTimeSource(gofakes3.FixedTimeSource(storeTime))), dir: t.TempDir()}
	if err := b.CreateBucket("fleet"); err != nil {
		t.Fatal(err)
	}
	fake := gofakes3.New(b.Backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, ".tar") {
			b.opened.Add(1)
		}
		fake.ServeHTTP(w, r)
	}))
	if !withTLS {
		server.Start()
		b.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	} else {
		server.StartTLS()
		b.url = server.URL
		certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		if err := os.WriteFile(filepath.Join(b.dir, "certificates"), certificate, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(server.Close)
	return b
}

// put puts an archive of testdata into the bucket.
func (b *bucketRun) put(t *testing.T, archive, key string) {
	t.Helper()
	data, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	meta := map[string]string{"Last-Modified": storeTime.Format(http.TimeFormat)}
	if _, err := b.PutObject("fleet", key, meta, bytes.NewReader(data), int64(len(data)), nil); err != nil {
		t.Fatal(err)
	}
}

// run returns what the command says. It must succeed, and tell no secret.
func (b *bucketRun) run(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ckexport", args...)
	cmd.Dir, cmd.Stdin = b.dir, strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY="+storeSecret, "AWS_ENDPOINT_URL="+b.url, "AWS_REGION=us-east-1", "DOCKER_CONFIG="+b.dir, "SSL_CERT_FILE="+filepath.Join(b.dir, "certificates"))
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), storeSecret) {
		t.Errorf("ckexport %q: %v\n%s", args, err, out)
	}
	return string(out)
}

func testArchives(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("../../testdata/archives/*.tar*")
	if err != nil || len(list) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	for i, path := range list {
		if list[i], err = filepath.Abs(path); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// TestFromBucket exports the archives of testdata from a bucket: all rows are those
// of the files, what is known is not opened again, and the other commands read there too.
func TestFromBucket(t *testing.T) {
	b := newBucketRun(t, true)
	archives := testArchives(t)
	for _, path := range archives {
		b.put(t, path, "2026/"+filepath.Base(path))
	}
	const bucket = "s3://fleet/2026/"
	b.run(t, "", bucket, "-o", "bucket.parquet", "--log-level", "info")
	b.run(t, "", filepath.Dir(archives[0]), "-o", "files.parquet")
	rows := sameRows(t, filepath.Join(b.dir, "bucket.parquet"), filepath.Join(b.dir, "files.parquet"), "source", "etag", "archives.modified_at", "archives.bytes_read")
	if n := rows["archives"]; n != len(archives) {
		t.Errorf("%d of %d archives", n, len(archives))
	}

	b.opened.Store(0)
	b.run(t, "", bucket, "-o", "bucket.parquet")
	if n := b.opened.Load(); n != 0 {
		t.Errorf("what is known was opened again: %d requests", n)
	}
	b.put(t, archives[0], "2026/"+filepath.Base(archives[1])) // another content under a known name
	b.run(t, "", bucket, "-o", "bucket.parquet")
	if b.opened.Load() == 0 {
		t.Error("an object that was replaced was not read")
	}
	b.put(t, archives[1], "2026/"+filepath.Base(archives[1]))

	if said := b.run(t, "", "verify", "files.parquet", "--against", bucket); !strings.Contains(said, "whole") {
		t.Error(said)
	}
	b.run(t, "", "extract", bucket+"life-1.tar", "--log", "-o", "taken")
	if entries, err := os.ReadDir(filepath.Join(b.dir, "taken")); err != nil || len(entries) < 2 {
		t.Errorf("extracted %d files, %v", len(entries), err)
	}
	b.run(t, "", "grep", "--count", "/bin/", bucket+"life-1.tar")
}

// TestMixedInputs exports a file, an object and an image of a registry, named in a list.
func TestMixedInputs(t *testing.T) {
	b := newBucketRun(t, false)
	archives := testArchives(t)
	b.put(t, archives[1], "one.tar")
	host := startRegistry(t)
	push(t, host+"/fleet/web:1", archives[2])
	list := strings.Join([]string{archives[0], "s3://fleet/*.tar", "oci://" + host + "/fleet/web"}, "\n")
	b.run(t, list, "-", "-o", "mixed.duckdb")
	said := b.run(t, list, "-", "-o", "mixed.duckdb", "--dry-run")
	if strings.Count(said, "known") != 3 || !strings.Contains(said, "s3://fleet/one.tar") || !strings.Contains(said, "oci://"+host+"/fleet/web:1") {
		t.Error(said)
	}
	// The archives of an output are found where its ledger says.
	b.run(t, "", "extract", "mixed.duckdb", "--log", "-o", "taken")
}

// startRegistry returns the host of a registry in this process.
func startRegistry(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// push pushes an archive as the layer of a checkpoint image.
func push(t *testing.T, reference, archive string) {
	t.Helper()
	data, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer(data, types.OCILayer))
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(reference)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, image); err != nil {
		t.Fatal(err)
	}
}
