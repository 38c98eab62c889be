package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ckexport/ckexport/pipeline/source"
)

// TestShard splits what folders at two mount points hold: each archive is in one
// shard, the same for both, and those of a shard are in the order of their keys.
func TestShard(t *testing.T) {
	names := []string{"a-b.tar", "a.tar", "a/z.tar", "a/b/c.tar", "unpacked"}
	for i := range 40 {
		names = append(names, fmt.Sprintf("node-%d/checkpoint.tar", i))
	}
	slices.SortFunc(names, source.CompareKeys)
	folder := func() string {
		root := t.TempDir()
		for _, name := range names {
			if name == "unpacked" {
				name += "/spec.dump"
			}
			path := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return root
	}
	keys := func(index, n int, inputs ...string) []string {
		l, err := source.List(t.Context(), []source.Provider{source.Local("")}, inputs, nil)
		if err != nil {
			t.Fatal(err)
		}
		l.Shard(index, n)
		var keys []string
		for _, c := range l.Candidates {
			keys = append(keys, c.Key())
		}
		return keys
	}
	here, there := folder(), folder()
	var all []string
	for i := range 7 {
		shard := keys(i, 7, here)
		if other := keys(i, 7, there+"/"); !slices.Equal(shard, other) {
			t.Errorf("shard %d has %q here and %q there", i, shard, other)
		}
		if !slices.IsSortedFunc(shard, source.CompareKeys) || len(shard) > len(names)/2 {
			t.Errorf("shard %d is %q", i, shard)
		}
		all = append(all, shard...)
	}
	slices.SortFunc(all, source.CompareKeys)
	if !slices.Equal(all, names) {
		t.Errorf("all shards together have %q", all)
	}
	if got := keys(0, 1, here); !slices.Equal(got, names) {
		t.Errorf("a folder is walked in the order of keys, not %q", got)
	}

	t.Chdir(here)
	if got := keys(0, 1, "a/z.tar", "./a.tar", "node-1*/*.tar", "unpacked"); !slices.Contains(got, "a/z.tar") || !slices.Contains(got, "a.tar") ||
		!slices.Contains(got, "node-11/checkpoint.tar") || !slices.Contains(got, "unpacked") {
		t.Errorf("what is named has the keys %q", got)
	}
	// Named twice, it is in one shard.
	n := 0
	for i := range 5 {
		n += len(keys(i, 5, here+"/a", here+"/a/b"))
	}
	if n != 3 { // each shard still has it as often as it is named: it is read once
		t.Errorf("%d candidates of two archives, one of them named twice", n)
	}
}
