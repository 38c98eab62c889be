package decode_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/decode"
)

// memoryInput is an archive in memory.
type memoryInput struct {
	name string
	data []byte
}

func (m memoryInput) Name() string { return m.name }

func (m memoryInput) Open(context.Context) (archive.Content, error) {
	return memoryContent{bytes.NewReader(m.data), int64(len(m.data))}, nil
}

type memoryContent struct {
	*bytes.Reader
	size int64
}

func (c memoryContent) Version() (archive.Version, error) {
	return archive.Version{Size: c.size, ModTime: time.Unix(0, 0)}, nil
}

func (memoryContent) Close() error { return nil }

var _ io.ReaderAt = memoryContent{}

// damages are what a test does to a member: each is one way in which content is
// lost.
var damages = map[string]func([]byte) []byte{
	"emptied": func([]byte) []byte { return nil },
	"cut":     func(data []byte) []byte { return data[:min(8, len(data))] },
	"braces":  func([]byte) []byte { return []byte("{}") },
	"zeros":   func(data []byte) []byte { return make([]byte, len(data)) },
}

func TestPrintMissing(t *testing.T) {
	for _, name := range []string{"everything.tar.zst", "tcp-established.tar.zst", "bridge-net.tar.gz", "checkpoint-evil_prod-c-2026-11-23T14-35-45Z.tar", "checkpoint-web-7d4b9c6f5-x2x9q_shop-app-2026-11-23T14-34-49Z.tar", "checkpoint-web-fleet-node-1_shop-app-2026-11-23T14-50-52Z.tar"} {
		members := readTar(t, own(name))
		decoder := decode.Decoder{Limits: decode.DefaultLimits()}
		status := func(members []tarMember) string {
			result, err := decoder.Decode(t.Context(), memoryInput{name, tarOf(t, members)})
			if err != nil {
				t.Fatal(err)
			}
			return string(result.Archive.Status)
		}
		start := time.Now()
		n, all := 0, 0
		for i, m := range members {
			if m.header.Typeflag != '0' {
				continue
			}
			var ok []string
			all++
			if status(slices.Delete(slices.Clone(members), i, i+1)) == "ok" {
				ok = append(ok, "removed")
			}
			for _, how := range slices.Sorted(maps.Keys(damages)) {
				changed := slices.Clone(members)
				changed[i].data = damages[how](m.data)
				changed[i].header.Size = int64(len(changed[i].data))
				if bytes.Equal(changed[i].data, m.data) {
					continue
				}
				all++
				if status(changed) == "ok" {
					ok = append(ok, how)
				}
			}
			n += len(ok)
			if len(ok) > 0 {
				t.Log(name, path.Clean(m.header.Name), len(m.data), strings.Join(ok, " "))
			}
		}
		t.Log(name, status(members), n, "ok of", all, time.Since(start))
	}
}
