package decode_test

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// faulty is a context that panics when one function asks whether it has ended:
// a fault of the program at a place of the test's choice.
type faulty struct {
	context.Context
	beneath string // function, without its package
	faults  int
}

func (f *faulty) Err() error {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, f.beneath) {
			f.faults++
			var list []string
			_ = list[f.faults]
		}
		if !more {
			return nil
		}
	}
}

// TestFaults: a fault of the program costs the image or member it came about
// in. It is told with its place, and without the stack, or a path of the machine; everything else is decoded.
func TestFaults(t *testing.T) {
	name := unpack(t, readTar(t, own("everything.tar.zst"))) // a folder asks at each read
	whole := decodeFile(t, name)
	for _, c := range []struct {
		beneath, member string
		lost            []string // tables that lack rows
	}{
		{".(*imageSet).decodeMounts", "checkpoint/mountpoints-13.img", []string{"mounts"}},
		{".(*imageSet).decodePipes", "checkpoint/pipes-data.img", []string{"pipe_buffers"}},
		{".(*container).readContainerLog", "ctr.log", []string{"container_log_lines"}},
		{".(*container).readFilesystem", "rootfs-diff.tar", []string{"filesystem_entries"}},
	} {
		t.Run(c.beneath, func(t *testing.T) {
			ctx := &faulty{Context: t.Context(), beneath: c.beneath}
			d := decode.Decoder{Limits: decode.DefaultLimits()}
			result, err := d.Decode(ctx, source.Path(name))
			if err != nil || ctx.faults == 0 {
				t.Fatalf("%v, %d faults", err, ctx.faults)
			}
			if result.Archive.Status != decode.StatusPartial || len(result.Checkpoints) != 1 {
				t.Fatalf("status %s, %d checkpoints", result.Archive.Status, len(result.Checkpoints))
			}
			rows := result.Checkpoints[0]
			found := slices.DeleteFunc(slices.Clone(rows.Problems), func(p schema.Problem) bool { return p.Code != decode.Internal })
			if len(found) != ctx.faults {
				t.Errorf("%d problems of %d faults: %+v", len(found), ctx.faults, found)
			}
			for _, p := range found {
				if !strings.Contains(p.Message, "faults_test.go:") || !strings.Contains(p.Message, "index out of range") {
					t.Errorf("the place is not told: %s", p.Message)
				}
				if strings.Contains(p.Message, "/faults_test.go") || strings.Contains(p.Message, "goroutine") {
					t.Errorf("more than the place is told: %s", p.Message)
				}
			}
			if !slices.ContainsFunc(found, func(p schema.Problem) bool { return exact(p.Member) == c.member }) {
				t.Errorf("no fault of %s: %+v", c.member, found)
			}
			for _, table := range schema.Tables() {
				got, want := table.Count(rows), table.Count(whole.Checkpoints[0])
				switch {
				case table.Name == "problems":
				case slices.Contains(c.lost, table.Name):
					if got >= want {
						t.Errorf("%s: %d rows of %d, where a fault came about", table.Name, got, want)
					}
				case got != want:
					t.Errorf("%s: %d rows of %d", table.Name, got, want)
				}
			}
		})
	}
}
