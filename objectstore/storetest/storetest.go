// Package storetest is an object store for tests, in the test's process.
package storetest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/ckexport/ckexport/objectstore"
)

// Store is the store. Unlike gofakes3, it heeds the conditions of writes.
type Store struct {
	gofakes3.Backend
	URL string

	clock  clock
	mu     sync.Mutex
	fault  func(http.ResponseWriter, *http.Request, http.Handler)
	writes sync.Mutex
}

// Secret is the secret key, which nothing must tell.
const Secret = "a-secret-key-not-to-be-told"

// inherited is the variable that tells a test's other processes of its store.
const inherited = "CKEXPORT_TEST_STORE"

// New starts a store with a bucket, and sets the credentials for it. In a process
// that such a test started, it is the store of that test.
func New(t testing.TB, bucket string) *Store {
	t.Helper()
	if url := os.Getenv(inherited); url != "" {
		return &Store{URL: url}
	}
	s := &Store{}
	s.Backend = s3mem.New(s3mem.WithTimeSource(&s.clock))
	if err := s.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	fake := gofakes3.New(s.Backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, fake) }))
	t.Cleanup(server.Close)
	s.URL = server.URL
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": Secret, "AWS_SESSION_TOKEN": "", inherited: s.URL} {
		if outer, ok := t.(*testing.T); ok {
			outer.Setenv(name, value)
		}
	}
	return s
}

// Options are those of a client.
func (s *Store) Options() objectstore.Options {
	return objectstore.Options{Endpoint: s.URL, Region: "us-east-1"}
}

// Fault sets what answers requests instead, with the handler that would have.
func (s *Store) Fault(do func(http.ResponseWriter, *http.Request, http.Handler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = do
}

func (s *Store) serve(w http.ResponseWriter, r *http.Request, fake http.Handler) {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, fake) })
	if fault != nil {
		fault(w, r, next)
		return
	}
	next(w, r)
}

// answer heeds the conditions of writes.
func (s *Store) answer(w http.ResponseWriter, r *http.Request, fake http.Handler) {
	is, isNot := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	if r.Method != http.MethodPut || is+isNot == "" {
		fake.ServeHTTP(w, r)
		return
	}
	s.writes.Lock()
	defer s.writes.Unlock()
	head := httptest.NewRecorder()
	fake.ServeHTTP(head, httptest.NewRequest(http.MethodHead, r.URL.Path, nil))
	exists := head.Code == http.StatusOK
	switch {
	case isNot == "*" && exists, is != "" && exists && is != head.Header().Get("ETag"):
		Fail(w, http.StatusPreconditionFailed, "PreconditionFailed")
	case is != "" && !exists:
		Fail(w, http.StatusNotFound, "NoSuchKey")
	default:
		r.Header.Del("If-Match")
		r.Header.Del("If-None-Match")
		fake.ServeHTTP(w, r)
	}
}

// Fail answers with an error.
func Fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>as the test wants it</Message></Error>", code)
}

// Keys returns the keys of the objects of a bucket that begin with prefix.
func (s *Store) Keys(t testing.TB, bucket, prefix string) []string {
	t.Helper()
	list, err := s.ListBucket(bucket, &gofakes3.Prefix{HasPrefix: true, Prefix: prefix}, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, o := range list.Contents {
		keys = append(keys, o.Key)
	}
	return keys
}

// Content returns that of an object.
func (s *Store) Content(t testing.TB, bucket, key string) []byte {
	t.Helper()
	o, err := s.GetObject(bucket, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Contents.Close()
	data, err := io.ReadAll(o.Contents)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Put writes an object, as if that had been some time ago.
func (s *Store) Put(t testing.TB, bucket, key string, content []byte, ago time.Duration) {
	t.Helper()
	s.clock.back.Store(int64(ago))
	defer s.clock.back.Store(0)
	if _, err := s.PutObject(bucket, key, map[string]string{}, bytes.NewReader(content), int64(len(content)), nil); err != nil {
		t.Fatal(err)
	}
}

// clock is the store's.
type clock struct{ back atomic.Int64 }

func (c *clock) Now() time.Time                  { return time.Now().Add(-time.Duration(c.back.Load())) }
func (c *clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// IsPut tells whether a request writes an object whose key ends so.
func IsPut(r *http.Request, suffix string) bool {
	return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, suffix)
}
