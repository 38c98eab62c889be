package decode

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"weak"

	"github.com/ckexport/ckexport/pipeline/source"
)

// TestRowsLetGoOfImages decodes archives and looks whether the rows keep
// anything else of the decoding in memory: a pointer into an image set or a
// message is enough to keep the images of the archive as long as its rows.
func TestRowsLetGoOfImages(t *testing.T) {
	for _, name := range []string{"everything.tar.zst", "fd-kinds.tar.zst", "nginx.tar.zst", "checkpoint-web-7d4b9c6f5-x2x9q_shop-app-2026-11-23T14-34-49Z.tar"} {
		t.Run(name, func(t *testing.T) {
			ar := newArchiveReader(context.Background(), &Decoder{Limits: DefaultLimits(), programs: programs{}}, source.Path("../../testdata/archives/"+name))
			result := new(Result)
			ar.decodeArchive(result)
			ar.settle(result)
			if len(result.Checkpoints) == 0 {
				t.Fatal("no checkpoint")
			}
			type piece struct {
				what   string
				isKept func() bool
			}
			pieces := []piece{{"the reader", isKept(ar)}}
			for _, s := range ar.allSets() {
				pieces = append(pieces, piece{"set " + s.dir, isKept(s)})
				for _, img := range s.images {
					pieces = append(pieces, piece{img.name, isKept(&img.data[0])})
				}
				for _, f := range s.files().byID {
					pieces = append(pieces, piece{fmt.Sprintf("open file %d", f.id), isKept(f)})
				}
				for _, m := range s.memory.Spaces() {
					pieces = append(pieces, piece{fmt.Sprintf("the memory of %d", m.ID), isKept(m)})
				}
			}
			ar = nil
			runtime.GC()
			for _, p := range pieces {
				if p.isKept() {
					t.Errorf("%s is still in memory", p.what)
				}
			}
			runtime.KeepAlive(result)
		})
	}
}

// isKept tells later whether what p points to is still in memory.
func isKept[T any](p *T) func() bool {
	ar := weak.Make(p)
	return func() bool { return ar.Value() != nil }
}
