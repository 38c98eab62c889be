package s3_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

func random(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data) // it never fails
	return data
}

// TestReading reads objects at offsets and in order, and counts the requests.
func TestReading(t *testing.T) {
	s := newStore(t)
	data := random(9<<20 + 77)
	s.put(t, "any", data)
	s.put(t, "named.tar.gz", data)
	s.put(t, "empty.tar", nil)
	c := s.open(t, "s3://"+bucket+"/any").(io.ReaderAt)
	for _, r := range [][2]int{{0, 10}, {5 << 20, 300 << 10}, {128<<10 - 1, 2}, {len(data) - 5, 5}, {100, 1 << 20}} {
		got := make([]byte, r[1])
		if _, err := c.ReadAt(got, int64(r[0])); err != nil || !bytes.Equal(got, data[r[0]:r[0]+r[1]]) {
			t.Errorf("%v: %v, or other bytes", r, err)
		}
	}
	if n, err := c.ReadAt(make([]byte, 10), int64(len(data)-5)); n != 5 || !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %d bytes, %v", n, err)
	}
	for key, most := range map[string]int{"any": 8, "named.tar.gz": 1} {
		s.failing(nil)
		if got, err := io.ReadAll(s.open(t, "s3://"+bucket+"/"+key)); err != nil || !bytes.Equal(got, data) || len(s.gets) > most {
			t.Errorf("%s: %v, %d bytes in %d requests: %q", key, err, len(got), len(s.gets), s.gets)
		}
	}
	if got, err := io.ReadAll(s.open(t, "s3://"+bucket+"/empty.tar")); err != nil || len(got) != 0 {
		t.Errorf("an empty object: %d bytes, %v", len(got), err)
	}
}

// TestBrokenConnections: answers that end early, and a store that is overloaded,
// cost time only, as long as it is not always.
func TestBrokenConnections(t *testing.T) {
	s := newStore(t)
	data := random(3 << 20)
	s.put(t, "a.tar.gz", data)
	answers := 0
	s.failing(func(w http.ResponseWriter, r *http.Request, fake http.Handler) {
		switch answers++; answers % 3 {
		case 1:
			whole := httptest.NewRecorder()
			fake.ServeHTTP(whole, r)
			for name, values := range whole.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(whole.Code)
			_, _ = w.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			fake.ServeHTTP(w, r)
		}
	})
	if got, err := io.ReadAll(s.open(t, "s3://"+bucket+"/a.tar.gz")); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	s.failing(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("Last-Modified", "Wed, 06 May 2026 07:08:09 GMT")
		_, _ = w.Write(data[:10])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	began := time.Now()
	item := s.find(t, "s3://"+bucket+"/a.tar.gz")
	content, err := item.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	_, err = io.ReadAll(content.(io.Reader))
	if err == nil || errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), item.Name()) || time.Since(began) > 30*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
	interrupted, interrupt := context.WithCancel(t.Context())
	content, err = item.Open(interrupted)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	interrupt()
	if _, err = io.ReadAll(content.(io.Reader)); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// TestChanges: an object that is replaced, or removed, while it is read is an
// archive that changed, whether the store heeds If-Match or not.
func TestChanges(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *store){
		"replaced": func(t *testing.T, s *store) { s.put(t, "a.tar", random(4 << 20)[1:]) },
		"removed": func(t *testing.T, s *store) {
			if _, err := s.DeleteObject(bucket, "a.tar"); err != nil {
				t.Fatal(err)
			}
		},
		"If-Match fails": func(_ *testing.T, s *store) {
			s.failing(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
				if r.Header.Get("If-Match") == "" {
					t.Error("If-Match is missing")
				}
				w.WriteHeader(http.StatusPreconditionFailed)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.put(t, "a.tar", random(4<<20))
			c := s.open(t, "s3://"+bucket+"/a.tar")
			if _, err := io.ReadFull(c, make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			change(t, s)
			_, err := c.(io.ReaderAt).ReadAt(make([]byte, 1000), 3<<20)
			_, versionErr := c.Version()
			if !errors.Is(err, archive.ErrChanged) || !errors.Is(versionErr, archive.ErrChanged) {
				t.Errorf("%v, %v", err, versionErr)
			}
		})
	}
}

// TestPlainTarCosts decodes a real archive to which memory was added, and counts:
// what is sought over must not be asked for.
func TestPlainTarCosts(t *testing.T) {
	s := newStore(t)
	const pages = 200 << 20
	s.put(t, "large.tar", enlarged(t, "checkpoint-web-7d4b9c6f5-x2x9q_shop-app-2026-11-23T14-34-49Z.tar", pages))
	item := s.find(t, "s3://"+bucket+"/large.tar")
	s.failing(nil)
	decoder := &decode.Decoder{Tables: schema.Tables(), Limits: decode.DefaultLimits()}
	defer decoder.Close()
	result, err := decoder.Decode(t.Context(), item.Input)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Checkpoints) != 1 || len(result.Checkpoints[0].Processes) == 0 {
		t.Fatalf("%d checkpoints; problems %v", len(result.Checkpoints), result.Problems)
	}
	t.Logf("%d bytes of %d in %d requests", s.bytes, pages, len(s.gets))
	if s.bytes > pages/100 || int64(len(s.gets)) > s.bytes/(100<<10) {
		t.Errorf("%d bytes of %d in %d requests", s.bytes, pages, len(s.gets))
	}
}

// enlarged returns an archive of testdata with a pages image of zeros in its middle.
func enlarged(t *testing.T, name string, size int64) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("../../../testdata/archives", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := bytes.NewBuffer(make([]byte, 0, size+2<<20))
	in, w := tar.NewReader(f), tar.NewWriter(out)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = w.WriteHeader(h)
		}
		if err == nil {
			_, err = io.Copy(w, in)
		}
		if err == nil && strings.HasSuffix(h.Name, "inventory.img") {
			err = w.WriteHeader(&tar.Header{Name: strings.Replace(h.Name, "inventory.img", "pages-99.img", 1), Mode: 0o600, Size: size})
			if err == nil {
				_, err = w.Write(make([]byte, size))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
