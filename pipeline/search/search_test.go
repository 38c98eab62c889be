package search

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
)

// TestRunSideBySide searches real archives several at a time: what was found comes in
// their order, and the first failure to take it ends the search.
func TestRunSideBySide(t *testing.T) {
	listed, err := source.Find(t.Context(), []source.Provider{source.Local("")}, []string{"../../testdata/archives"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	opts := Options{Archives: listed.Archives, Pattern: parse(t, "RWX-SHELLCODE|GHOST-FILE|#!/bin/sh", Syntax{}), Most: 100, Limits: decode.DefaultLimits(), Jobs: 4}
	var found []string
	opts.OnCheckpoint = func(f *Found) error {
		for _, m := range f.Matches {
			found = append(found, f.Container+" "+m.Origin+" "+string(m.Text))
		}
		return nil
	}
	summary, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	found = slices.Compact(found)
	for _, want := range []string{"f-everything memory RWX-SHELLCODE", "f-ghost-files ghost GHOST-FILE", "f-p5-everything memory RWX-SHELLCODE", "f-rootfs-changes file #!/bin/sh"} {
		i := slices.Index(found, want)
		if i < 0 {
			t.Fatalf("found %q, and no %q behind it", found, want)
		}
		found = found[i+1:]
	}
	if len(summary.Bad) > 0 || summary.Hidden > 0 || summary.Matches < 4 {
		t.Errorf("summary %+v", summary)
	}
	full := errors.New("full")
	opts.OnCheckpoint = func(*Found) error { return full }
	if _, err := Run(t.Context(), opts); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := Run(ended, opts); !errors.Is(err, context.Canceled) && !errors.Is(err, full) {
		t.Errorf("error %v of a search that was ended", err)
	}
}
