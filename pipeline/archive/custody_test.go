package archive_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/source"
)

// TestDigest reads real archives as a run does, with reads in order, reads at
// offsets and members that nobody wants, and compares the SHA-256 with that of
// the file.
func TestDigest(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/archives/*.tar*")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	opener := archive.Opener{SHA256: true}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{"whole": data, "cut": data[:len(data)*2/3], "followed": append(data[:len(data):len(data)], "more"...)} {
			file := filepath.Join(t.TempDir(), "a")
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
			want := sha256.Sum256(content)
			for _, in := range []archive.Input{source.Path(file), inOrder{source.Path(file)}} {
				a, err := opener.Open(t.Context(), in)
				if err != nil {
					t.Fatal(err)
				}
				readSome(a)
				got, err := a.Finish()
				if err != nil {
					t.Errorf("%s, %s, %T: %v", path, name, in, err)
				}
				if got != hex.EncodeToString(want[:]) {
					t.Errorf("%s, %s, %T: digest %s, want %x", path, name, in, got, want)
				}
				if name == "whole" && a.BytesRead() < int64(len(data)) {
					t.Errorf("%s, %T: %d of %d bytes read", path, in, a.BytesRead(), len(data))
				}
				a.Close()
			}
		}
	}
}

// inOrder is a file that can be read only in order.
type inOrder struct{ source.Path }

func (i inOrder) Open(ctx context.Context) (archive.Content, error) {
	content, err := i.Path.Open(ctx)
	if err != nil {
		return nil, err
	}
	return struct{ archive.FileContent }{content.(archive.FileContent)}, nil
}

// readSome reads every third member, and the end of every fourth.
func readSome(a *archive.Archive) {
	for i := 0; ; i++ {
		m, err := a.Next()
		if err != nil {
			return
		}
		if i%3 == 0 {
			_, _ = io.Copy(io.Discard, m)
		}
		if at, ok := m.ReaderAt(); ok && i%4 == 0 && m.Size > 10 {
			_, _ = at.ReadAt(make([]byte, 10), m.Size-10)
		}
	}
}

// TestChanged changes files while they are read.
func TestChanged(t *testing.T) {
	const original = "../../testdata/archives/life-1.tar"
	for name, change := range map[string]func(string) error{
		"nothing": func(string) error { return nil },
		"grown": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("more")
			return errors.Join(err, f.Close())
		},
		"cut":       func(path string) error { return os.Truncate(path, 100_000) },
		"rewritten": func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) },
		"removed":   os.Remove, // what was opened stays what it was
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(original)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "a.tar")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			var opener archive.Opener
			a, err := opener.Open(t.Context(), source.Path(path))
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			readSome(a)
			_, err = a.Finish()
			want := name != "nothing" && name != "removed"
			if changed := errors.Is(err, archive.ErrChanged); changed != want {
				t.Errorf("error %v", err)
			}
			if name == "removed" {
				return
			}
			again, err := opener.Reopen(t.Context(), a) // compared with what it was at first
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			if _, err = again.Finish(); errors.Is(err, archive.ErrChanged) != want {
				t.Errorf("reopened: error %v", err)
			}
		})
	}
}
