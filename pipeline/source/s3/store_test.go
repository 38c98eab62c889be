package s3_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/pipeline/source/s3"
)

// store is an object store in this process. It counts what is asked for, and what
// is sent, and fails as a test wants it.
type store struct {
	gofakes3.Backend
	url, output string

	mu    sync.Mutex
	gets  []string // ranges asked for of objects
	lists int
	bytes int64
	fault func(http.ResponseWriter, *http.Request, http.Handler) // instead of the answer to a GET of an object
}

const bucket = "checkpoints"

func newStore(t *testing.T) *store {
	t.Helper()
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "not to be told", "AWS_SESSION_TOKEN": ""} {
		t.Setenv(name, value)
	}
	s := &store{Backend: s3mem.New()}
	if err := s.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	fake := gofakes3.New(s.Backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		isObject := r.Method == http.MethodGet && strings.Count(strings.Trim(r.URL.Path, "/"), "/") > 0
		s.mu.Lock()
		fault := s.fault
		switch {
		case isObject:
			s.gets = append(s.gets, r.Header.Get("Range"))
		case r.URL.Query().Has("list-type"):
			s.lists++
		}
		s.mu.Unlock()
		if isObject && fault != nil {
			fault(w, r, fake)
			return
		}
		fake.ServeHTTP(&counted{w, s}, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// counted counts the bytes of answers.
type counted struct {
	http.ResponseWriter
	store *store
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.store.mu.Lock()
	c.store.bytes += int64(n)
	c.store.mu.Unlock()
	return n, err
}

func (s *store) put(t *testing.T, key string, content []byte) {
	t.Helper()
	meta := map[string]string{"Last-Modified": time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC).Format(http.TimeFormat)}
	if _, err := s.PutObject(bucket, key, meta, bytes.NewReader(content), int64(len(content)), nil); err != nil {
		t.Fatal(err)
	}
}

// failing sets what happens instead of the next answers.
func (s *store) failing(fault func(http.ResponseWriter, *http.Request, http.Handler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.gets, s.bytes = fault, nil, 0
}

func (s *store) providers() []source.Provider {
	return []source.Provider{source.Local(""), s3.New(objectstore.Options{Endpoint: s.url, Region: "us-east-1"}, s.output)}
}

// find returns the only archive that an input names.
func (s *store) find(t *testing.T, input string) source.Item {
	t.Helper()
	found, err := source.Find(t.Context(), s.providers(), []string{input}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Archives) != 1 {
		t.Fatalf("%s names %d archives", input, len(found.Archives))
	}
	return found.Archives[0]
}

func (s *store) open(t *testing.T, input string) archive.FileContent {
	t.Helper()
	content, err := s.find(t, input).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { content.Close() })
	return content.(archive.FileContent)
}
