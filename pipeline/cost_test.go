package pipeline_test

import (
	"log/slog"
	"runtime"
	"testing"

	"github.com/ckexport/ckexport/cmd/ckbench/measure"
	"github.com/ckexport/ckexport/cmd/ckbench/workload"
	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// cost is what a run over archives takes, counted rather than timed, so that
// it does not depend on the machine.
type cost struct {
	archives, fileBytes            int64
	rows, bytesRead, bytesExpanded uint64
	allocations, allocatedBytes    uint64
	systemRead                     int64 // bytes that read calls returned
}

func costOf(t *testing.T, w workload.Workload) cost {
	t.Helper()
	dir, err := w.Make(t.Context(), "../testdata/archives", t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	found, err := source.Find(t.Context(), []source.Provider{source.Local("")}, []string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var c cost
	for _, a := range found.Archives {
		c.archives, c.fileBytes = c.archives+1, c.fileBytes+a.Version.Size
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	read := measure.ReadBytes("self")
	summary, err := pipeline.Run(t.Context(), pipeline.Options{
		Archives: found.Archives, Tables: schema.Tables(), Sink: &discard{}, Run: schema.Run{RunID: "cost"},
		Limits: decode.DefaultLimits(), Jobs: 1, Log: slog.New(slog.DiscardHandler),
	})
	c.systemRead = measure.ReadBytes("self") - read
	runtime.ReadMemStats(&after)
	if err != nil || summary.Bad() || summary.Checkpoints != w.Archives {
		t.Fatalf("%+v, %v", summary, err)
	}
	c.rows, c.bytesRead, c.bytesExpanded = summary.RowCount(), summary.BytesRead, summary.ExpandedBytes
	c.allocations, c.allocatedBytes = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	t.Logf("%s: %+v; %.1f allocations and %.0f bytes a row", w.Name, c, float64(c.allocations)/float64(c.rows), float64(c.allocatedBytes)/float64(c.rows))
	return c
}

// What a row and an archive's memory may cost: half as much again as they did
// when this was written, 12.2 allocations and 2.3 KiB (a row of registers is a
// hundred of them), or 13 MiB of which most is the window of zstd. The figures are counts, and differ by some percent only.
// Whoever makes it less may lower them.
const (
	allocationsPerRow = 18
	bytesPerRow       = 7 << 9
	bytesForPages     = 20 << 20
)

// TestCost keeps the work per row and per archive within bounds.
func TestCost(t *testing.T) {
	small := costOf(t, workload.Small(22))
	if float64(small.bytesRead) > 1.05*float64(small.fileBytes) { // of plain ones some bytes are read past the buffer, and again with it
		t.Errorf("%d bytes read of archives of %d: more than one pass", small.bytesRead, small.fileBytes)
	}
	// The system counts too: nothing is read but what the run tells of.
	if slack := int64(64 << 10); small.systemRead > int64(small.bytesRead)+slack {
		t.Errorf("%d bytes read, and the run tells of %d", small.systemRead, small.bytesRead)
	}

	// Three times as many archives, three times the work.
	more := costOf(t, workload.Small(66))
	if grown := float64(more.allocations) / float64(small.allocations); grown > 3.5 {
		t.Errorf("%.2f times the allocations for 3 times the archives", grown)
	}
	// The difference is the work of rows alone: what a run sets up once is in both.
	rows := float64(more.rows - small.rows)
	if perRow := float64(more.allocations-small.allocations) / rows; perRow > allocationsPerRow {
		t.Errorf("%.1f allocations a row", perRow)
	}
	if perRow := float64(more.allocatedBytes-small.allocatedBytes) / rows; perRow > bytesPerRow {
		t.Errorf("%.0f bytes allocated a row", perRow)
	}
	if grown := float64(more.bytesRead) / float64(small.bytesRead); grown > 3.5 {
		t.Errorf("%.2f times the bytes read for 3 times the archives", grown)
	}
}

// TestCostOfPages checks that memory costs nothing in a plain archive, and one
// pass in a compressed one; and that it is not kept.
func TestCostOfPages(t *testing.T) {
	const mib = 64
	plain := costOf(t, workload.EasyPages(mib, "none"))
	if plain.bytesRead > mib<<20/100 || plain.systemRead > mib<<20/100 {
		t.Errorf("%d bytes read, %d by the system's count, of a plain archive with %d of memory", plain.bytesRead, plain.systemRead, mib<<20)
	}
	packed := costOf(t, workload.EasyPages(mib, "zstd"))
	if packed.bytesExpanded > uint64(mib+2)<<20 {
		t.Errorf("%d bytes decompressed of %d", packed.bytesExpanded, mib<<20)
	}
	for _, c := range []cost{plain, packed} {
		if c.allocatedBytes > bytesForPages {
			t.Errorf("%d bytes allocated for an archive with %d of memory", c.allocatedBytes, mib<<20)
		}
	}
}
