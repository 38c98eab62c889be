package decode_test

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
)

// stream is a file that can be read only in order, by a reader of its own.
type stream struct {
	source.Path
	reader func(io.Reader) io.Reader
	opened *int
}

func (s stream) Open(ctx context.Context) (archive.Content, error) {
	*s.opened++
	content, err := s.Path.Open(ctx)
	if err != nil {
		return nil, err
	}
	file := content.(archive.FileContent)
	return streamContent{s.reader(file), file}, nil
}

type streamContent struct {
	io.Reader
	file archive.FileContent
}

func (c streamContent) Version() (archive.Version, error) { return c.file.Version() }

func (c streamContent) Close() error { return c.file.Close() }

// dribble returns a few bytes a call, or none.
type dribble struct {
	r    io.Reader
	rand *rand.Rand
}

func newDribble(r io.Reader) io.Reader {
	return &dribble{bufio.NewReader(r), rand.New(rand.NewPCG(1, 2))}
}

func (d *dribble) Read(p []byte) (int, error) { return d.r.Read(p[:min(len(p), d.rand.IntN(600))]) }

// TestStreams decodes real archives as streams, also with the pages of memory
// in front of what tells what they are: rows and digests are those of a file
// that can be read anywhere.
func TestStreams(t *testing.T) {
	paths := archivesBelow(t, ownArchives)
	for _, name := range []string{"life-1.tar", "odd-env-argv.tar", "nginx.tar.zst"} {
		paths = append(paths, writeFile(t, "reversed-"+filepath.Base(name)+".tar", tarOf(t, reversed(readTar(t, own(name))))))
	}
	paths = append(paths, writeFile(t, "empty.tar", nil), writeFile(t, "text.tar", []byte("no archive")))
	d := &decode.Decoder{Limits: decode.DefaultLimits(), PayloadLimit: 1 << 16, SHA256: true}
	for _, path := range paths {
		want, err := d.Decode(t.Context(), source.Path(path))
		if err != nil {
			t.Fatal(err)
		}
		for how, reader := range map[string]func(io.Reader) io.Reader{
			"in order": func(r io.Reader) io.Reader { return struct{ io.Reader }{r} },
			"dribbled": newDribble,
		} {
			opened := 0
			got, err := d.Decode(t.Context(), stream{source.Path(path), reader, &opened})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []*decode.Result{want, got} { // what a pass costs differs
				r.Memory, r.Archive.BytesRead, r.Archive.ExpandedBytes, r.Archive.Seconds, r.Archive.StartedAt = 0, 0, 0, 0, want.Archive.StartedAt
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s: %s", path, how, diff)
			}
			if strings.HasPrefix(filepath.Base(path), "reversed-") && opened != 2 {
				t.Errorf("%s, %s: opened %d times, want a second time for its memory", path, how, opened)
			}
		}
	}
}
