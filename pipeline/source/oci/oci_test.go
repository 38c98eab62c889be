package oci_test

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/pipeline/source/oci"
	"github.com/ckexport/ckexport/schema"
)

// newRegistry returns the host of a registry in this process. Its answers go
// through alter, if that is not nil.
func newRegistry(t *testing.T, alter func(*http.Request, []byte) []byte) string {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	fake := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if alter == nil || r.Method != http.MethodGet {
			fake.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		fake.ServeHTTP(answer, r)
		for key, values := range answer.Header() {
			w.Header()[key] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(alter(r, answer.Body.Bytes()))
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// push pushes an archive of testdata as the layer of a checkpoint image.
func push(t *testing.T, reference, archive string) v1.Hash {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../testdata/archives", archive))
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.Append(mutate.MediaType(empty.Image, types.OCIManifestSchema1), mutate.Addendum{Layer: static.NewLayer(data, types.OCILayer)})
	if err != nil {
		t.Fatal(err)
	}
	image = mutate.Annotations(image, map[string]string{"io.kubernetes.cri-o.annotations.checkpoint.name": "app"}).(v1.Image)
	tag, err := name.NewTag(reference)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, image); err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func find(t *testing.T, input string) ([]source.Item, error) {
	t.Helper()
	found, err := source.Find(t.Context(), []source.Provider{source.Local(""), oci.New(oci.Options{})}, []string{input}, nil)
	if err != nil {
		return nil, err
	}
	return found.Archives, nil
}

func decodeItem(t *testing.T, item source.Item) *decode.Result {
	t.Helper()
	decoder := &decode.Decoder{Tables: schema.Tables(), Limits: decode.DefaultLimits()}
	defer decoder.Close()
	result, err := decoder.Decode(t.Context(), item.Input)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestImages finds images by tag, digest, pattern and repository, and decodes one
// as the archive that is its layer.
func TestImages(t *testing.T) {
	host := newRegistry(t, nil)
	repository := host + "/fleet/web"
	digest := push(t, repository+":1", "life-1.tar")
	push(t, repository+":2", "life-2.tar.gz")
	push(t, repository+":final", "sleep-final.tar.zst")
	for input, want := range map[string][]string{
		"":                    {":1", ":2", ":final"},
		":2":                  {":2"},
		":[0-9]":              {":1", ":2"},
		"@" + digest.String(): {"@" + digest.String()},
	} {
		items, err := find(t, "oci://"+repository+input)
		if err != nil {
			t.Errorf("%q: %v", input, err)
			continue
		}
		var got []string
		for _, i := range items {
			got = append(got, strings.TrimPrefix(i.Name(), "oci://"+repository))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", input, got, want)
		}
	}
	items, err := find(t, "oci://"+repository+":1")
	if err != nil {
		t.Fatal(err)
	}
	if items[0].Version.Tag != digest.String() || items[0].Version.Size < 10_000 {
		t.Errorf("version %s", items[0].Version)
	}
	got := decodeItem(t, items[0])
	want := decodeItem(t, source.Item{Input: source.Path("../../../testdata/archives/life-1.tar")})
	if len(got.Checkpoints) != 1 || got.Archive.Status != schema.StatusOK {
		t.Fatalf("%d checkpoints, status %s, problems %v", len(got.Checkpoints), got.Archive.Status, got.Problems)
	}
	if got.Checkpoints[0].CheckpointID != want.Checkpoints[0].CheckpointID || len(got.Checkpoints[0].Processes) != len(want.Checkpoints[0].Processes) {
		t.Error("the checkpoint differs from that of the archive")
	}
	if c := got.Checkpoints[0].Checkpoints[0]; c.CheckpointImageDigest == nil || *c.CheckpointImageDigest != digest.String() {
		t.Errorf("image digest %v", c.CheckpointImageDigest)
	}
}

// TestBadRegistries: what is not there, and what has another digest than its name.
func TestBadRegistries(t *testing.T) {
	damaged := false
	host := newRegistry(t, func(r *http.Request, answer []byte) []byte {
		if damaged && strings.Contains(r.URL.Path, "/blobs/") && len(answer) > 10_000 {
			answer[len(answer)-700] ^= 1
		}
		return answer
	})
	push(t, host+"/fleet/web:1", "life-1.tar")
	for _, input := range []string{"oci://" + host + "/fleet/web:2", "oci://" + host + "/fleet/web:x*", "oci://" + host + "/none", "oci://web", "oci://" + host + "/fleet/web@sha256:12"} {
		if _, err := find(t, input); !errors.As(err, new(*source.InputError)) {
			t.Errorf("%s: %v", input, err)
		}
	}
	damaged = true
	items, err := find(t, "oci://"+host+"/fleet/web:1")
	if err != nil {
		t.Fatal(err)
	}
	result := decodeItem(t, items[0])
	if result.Archive.Status == schema.StatusOK || result.Archive.Error == nil || !strings.Contains(*result.Archive.Error, "sha256") {
		t.Errorf("a layer with another digest: status %s, %v", result.Archive.Status, result.Archive.Error)
	}
}
