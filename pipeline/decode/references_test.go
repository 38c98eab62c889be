package decode

import (
	"context"
	"fmt"
	"testing"

	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// TestDanglingReferencesAreBounded: what nothing answers is under the bound on
// problems as all else is, and names its archive as the other columns do.
func TestDanglingReferencesAreBounded(t *testing.T) {
	for _, known := range []int{0, maxProblems - 1, maxProblems + 1} {
		ar := newArchiveReader(context.Background(), &Decoder{Limits: DefaultLimits()}, source.Path("/archives/\xff\n.tar"))
		s := ar.container(site{}).imageSet("checkpoint")
		s.main = true
		for i := range known {
			s.dangling("files", fmt.Sprintf("file_id=%d", i), "mount", uint64(i))
		}
		s.rows.UnknownFields = []schema.UnknownField{{Member: "checkpoint/core-1.img"}}
		s.rows.ImageEntries = []schema.ImageEntry{{Member: "checkpoint/core-1.img"}}
		s.finish()
		counts := map[string]int{}
		for _, p := range s.rows.Problems {
			if want := `/archives/\xff\x0a.tar`; p.Source != want {
				t.Fatalf("source %q, want %q", p.Source, want)
			}
			if p.TableName != nil {
				counts[*p.TableName]++
			}
		}
		kept := min(known+2, maxProblems)
		rest := min(known+2-kept, 1)
		if got := counts["files"] + counts["unknown_fields"] + counts["image_entries"]; got != kept || len(s.rows.Problems) != kept+rest {
			t.Errorf("of %d references %d are listed, %d problems in all: %v", known+2, got, len(s.rows.Problems), counts)
		}
	}
}
