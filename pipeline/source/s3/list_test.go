package s3_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/pipeline/source/s3"
)

// TestWhatInputsName lists prefixes, keys and patterns, mixed with a path.
func TestWhatInputsName(t *testing.T) {
	s := newStore(t)
	for _, key := range []string{"a.tar", "a.tar.gz", "2026/01/x.tar", "2026/01/node 1/ü[1].tar", "2026/02/y.tar", "odd[.tar"} {
		s.put(t, key, []byte("content"))
	}
	s.put(t, "2026/02/by content", []byte("\x1f\x8b\x08"))
	s.put(t, "2026/02/notes.txt", []byte("no archive"))
	s.put(t, "2026/02/", nil)
	for input, want := range map[string][]string{
		"":                         {"2026/01/node 1/ü[1].tar", "2026/01/x.tar", "2026/02/by content", "2026/02/y.tar", "a.tar", "a.tar.gz", "odd[.tar"},
		"/":                        {"2026/01/node 1/ü[1].tar", "2026/01/x.tar", "2026/02/by content", "2026/02/y.tar", "a.tar", "a.tar.gz", "odd[.tar"},
		"/odd[.tar":                {"odd[.tar"},
		"/a.tar":                   {"a.tar"},
		"/a.":                      {"a.tar", "a.tar.gz"},
		"/2026/02/":                {"2026/02/by content", "2026/02/y.tar"},
		"/2026/02/notes.txt":       {"2026/02/notes.txt"},
		"/2026/0*/?.tar":           {"2026/01/x.tar", "2026/02/y.tar"},
		"/2026/*1":                 {"2026/01/node 1/ü[1].tar", "2026/01/x.tar"},
		"/2026/02/n*":              {"2026/02/notes.txt"},
		"/2026/01/node 1/ü[1].tar": {"2026/01/node 1/ü[1].tar"},
	} {
		found, err := source.Find(t.Context(), s.providers(), []string{"-"}, strings.NewReader("s3://"+bucket+input))
		if err != nil {
			t.Errorf("%q: %v", input, err)
			continue
		}
		var got []string
		for _, a := range found.Archives {
			got = append(got, strings.TrimPrefix(a.Name(), "s3://"+bucket+"/"))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", input, got, want)
		}
	}
	for _, input := range []string{"s3://" + bucket + "/none", "s3://" + bucket + "/none*", "s3://other", "s3://other/a.tar"} {
		_, err := source.Find(t.Context(), s.providers(), []string{input}, nil)
		if !errors.As(err, new(*source.InputError)) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", input, err)
		}
	}
	if _, err := source.Find(t.Context(), s.providers(), []string{"s3:///a.tar", "x"}, nil); err == nil || !strings.Contains(err.Error(), "s3://BUCKET") {
		t.Errorf("an input without a bucket: %v", err)
	}
}

// TestOutputIsNoInput lists a bucket that the output lies in.
func TestOutputIsNoInput(t *testing.T) {
	s := newStore(t)
	s.output = "s3://" + bucket + "/fleet.parquet"
	for _, key := range []string{"a.tar", "fleet.parquet.tar", "fleet.parquet/processes/x.tar"} {
		s.put(t, key, []byte("content"))
	}
	found, err := source.Find(t.Context(), s.providers(), []string{"s3://" + bucket}, nil)
	if err != nil || len(found.Archives) != 2 {
		t.Errorf("got %v, %v", found, err)
	}
}

// TestPages lists more objects than one answer has.
func TestPages(t *testing.T) {
	s := newStore(t)
	for n := range 2500 {
		s.put(t, fmt.Sprintf("node/%04d.tar", n), nil)
	}
	found, err := source.Find(t.Context(), s.providers(), []string{"s3://" + bucket + "/node"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Archives) != 2500 || s.lists != 3 || len(s.gets) != 0 {
		t.Errorf("%d archives in %d lists, %d objects opened; want 2500 in 3, and none", len(found.Archives), s.lists, len(s.gets))
	}
}

// TestEndpoint: what names the store is checked, and no secret of it is told.
func TestEndpoint(t *testing.T) {
	newStore(t)
	for _, endpoint := range []string{"localhost:9000", "ftp://host", "http://host/path", "http://user:s3cret@host", "http://user:s3cret@ho st"} {
		_, err := s3.New(objectstore.Options{Endpoint: endpoint}, "").List(t.Context(), "s3://b")
		if !errors.As(err, new(*source.InputError)) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

// TestRefusals: what the store refuses is said in words, with what it was asked for
// and without the secret key.
func TestRefusals(t *testing.T) {
	s := newStore(t)
	s.put(t, "a.tar", []byte("content"))
	item := s.find(t, "s3://"+bucket+"/a.tar")
	for code, want := range map[string]string{
		"AccessDenied": "access is denied", "RequestTimeTooSkewed": "clocks", "InvalidAccessKeyId": "does not know the access key", "SignatureDoesNotMatch": "secret key",
	} {
		s.failing(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, "<Error><Code>%s</Code><Message>as the store says</Message></Error>", code)
		})
		_, err := item.Open(t.Context())
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "s3://"+bucket+"/a.tar") || strings.Contains(err.Error(), "not to be told") {
			t.Errorf("%s: %v", code, err)
		}
	}
}
