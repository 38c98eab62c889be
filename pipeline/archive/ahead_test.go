package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/source"
)

// outcome is all that a reader sees of an archive.
type outcome struct {
	Members []string // name and SHA-256 of what could be read
	Err     string
	Sum     string
	Read    int64
}

// readOutcome reads an archive to its end, or closes it after some members.
func readOutcome(t *testing.T, o *archive.Opener, in archive.Input, members int) (got outcome) {
	t.Helper()
	a, err := o.Open(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for len(got.Members) < members && err == nil {
		var m *archive.Member
		if m, err = a.Next(); err == nil {
			h := sha256.New()
			_, err = io.Copy(h, m)
			got.Members = append(got.Members, fmt.Sprintf("%s %x", m.Name, h.Sum(nil)))
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		got.Err = err.Error()
	}
	if got.Sum, err = a.Finish(); err != nil {
		t.Error(err)
	}
	got.Read = a.BytesRead()
	return got
}

// TestReadAhead: a large archive that is decompressed ahead of its reader is the same
// as one that is decompressed when asked, as a file is that can be read only in order:
// whole, cut off, damaged, left early and beyond each limit. How much of it counts as
// read depends on nothing else.
func TestReadAhead(t *testing.T) {
	plain := largeTar(t)
	for _, c := range []struct {
		name       string
		compressed []byte
	}{{"zstd", compress(t, plain, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })},
		{"gzip", compress(t, plain, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, gzip.BestSpeed) })}} {
		damaged := bytes.Clone(c.compressed)
		damaged[len(damaged)*3/4] ^= 0x55
		all := len(plain)
		for name, try := range map[string]struct {
			data    []byte
			members int
			opener  archive.Opener
			err     string // empty for none
		}{
			"whole":         {data: c.compressed, members: all},
			"with a digest": {data: c.compressed, members: all, opener: archive.Opener{SHA256: true}},
			"cut":           {data: c.compressed[:len(c.compressed)*2/3], members: all, opener: archive.Opener{SHA256: true}, err: archive.ErrTruncated.Error()},
			"damaged":       {data: damaged, members: all, err: " "}, // of the decompressor's own words
			"left":          {data: c.compressed, members: 5},
			"left, summed":  {data: c.compressed, members: 5, opener: archive.Opener{SHA256: true}},
			"read":          {data: c.compressed, members: all, opener: archive.Opener{Budget: archive.Budget{MaxRead: int64(len(c.compressed) / 2)}}, err: archive.ErrRead.Error()},
			"expanded":      {data: c.compressed, members: all, opener: archive.Opener{Budget: archive.Budget{MaxExpanded: int64(len(plain) / 2)}}, err: archive.ErrExpanded.Error()},
		} {
			file := filepath.Join(t.TempDir(), "a")
			if err := os.WriteFile(file, try.data, 0o600); err != nil {
				t.Fatal(err)
			}
			want := readOutcome(t, &try.opener, inOrder{source.Path(file)}, try.members)
			if !strings.Contains(want.Err, try.err) || try.err == "" && want.Err != "" {
				t.Errorf("%s, %s: error %q, want %q", c.name, name, want.Err, try.err)
			}
			got := readOutcome(t, &try.opener, source.Path(file), try.members)
			read := got.Read
			for range 3 {
				if again := readOutcome(t, &try.opener, source.Path(file), try.members); !reflect.DeepEqual(again, got) {
					t.Errorf("%s, %s: %+v, and then %+v", c.name, name, got, again)
				}
			}
			got.Read = want.Read // a file and a stream have buffers of their own sizes,
			if name == "read" {  // which decide how far they are when no more may be read
				got.Members = want.Members
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: %+v, want %+v", c.name, name, got, want)
			}
			if size := int64(len(try.data)); name == "whole" && read != size || try.opener.SHA256 && read < size || name == "left" && read > size/2 {
				t.Errorf("%s, %s: %d of %d bytes read", c.name, name, read, size)
			}
		}
	}
}

// TestReadAheadEnds: when an archive is closed, nothing reads its file any more.
func TestReadAheadEnds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	data := compress(t, largeTar(t), func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var o archive.Opener
	for members := range 8 {
		readOutcome(t, &o, untilClosed{source.Path(file), t}, members)
	}
}

// untilClosed is a file that must not be read once it is closed.
type untilClosed struct {
	source.Path
	t *testing.T
}

type closable struct {
	archive.FileContent
	io.ReaderAt
	t      *testing.T
	closed atomic.Bool
}

func (u untilClosed) Open(ctx context.Context) (archive.Content, error) {
	content, err := u.Path.Open(ctx)
	if err != nil {
		return nil, err
	}
	return &closable{FileContent: content.(archive.FileContent), ReaderAt: content.(io.ReaderAt), t: u.t}, nil
}

func (c *closable) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	if c.closed.Load() {
		c.t.Error("the file was read when it was closed")
	}
	return n, err
}

func (c *closable) Close() error {
	c.closed.Store(true)
	return c.FileContent.Close()
}

// largeTar returns a tar of 8 MiB, which compresses to half of that.
func largeTar(t *testing.T) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	random := rand.NewChaCha8([32]byte{1})
	for i := range 16 {
		content := make([]byte, 512<<10)
		_, _ = random.Read(content[:256<<10])
		if err := errors.Join(w.WriteHeader(&tar.Header{Name: fmt.Sprint("checkpoint/pages-", i, ".img"), Mode: 0o600, Size: int64(len(content))}), second(w.Write(content))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func second(_ int, err error) error { return err }

func compress(t *testing.T, data []byte, writer func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := writer(&b)
	if err == nil {
		err = errors.Join(second(w.Write(data)), w.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
