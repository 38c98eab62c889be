package decode

import (
	"context"
	"runtime"
	"testing"
	"weak"
)

// TestRowsLetGoOfImages decodes archives and looks whether the rows keep
// anything else of the decoding in memory: a pointer into an image set or a
// message is enough to keep the images of the archive as long as its rows.
func TestRowsLetGoOfImages(t *testing.T) {
	for _, name := range []string{"everything.tar.zst", "fd-kinds.tar.zst", "nginx.tar.zst", "checkpoint-web-7d4b9c6f5-x2x9q_shop-app-2026-11-23T14-34-49Z.tar"} {
		t.Run(name, func(t *testing.T) {
			w := newWalk(context.Background(), &Decoder{Limits: DefaultLimits(), programs: programs{}}, "../../testdata/archives/"+name)
			result := new(Result)
			w.decodeArchive(result)
			w.settle(result)
			if len(result.Checkpoints) == 0 {
				t.Fatal("no checkpoint")
			}
			kept := map[string]func() bool{"the walk": isKept(w)}
			for _, s := range w.allSets() {
				kept["a set"] = isKept(s)
				for _, img := range s.images {
					kept[img.name] = isKept(&img.data[0])
				}
				for _, f := range s.files.byID {
					kept["an open file"] = isKept(f)
				}
				for _, m := range s.memory {
					kept["a memory"] = isKept(m)
				}
			}
			w = nil
			runtime.GC()
			for what, is := range kept {
				if is() {
					t.Errorf("%s is still in memory", what)
				}
			}
			runtime.KeepAlive(result)
		})
	}
}

// isKept tells later whether what p points to is still in memory.
func isKept[T any](p *T) func() bool {
	w := weak.Make(p)
	return func() bool { return w.Value() != nil }
}
