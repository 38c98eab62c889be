package workload_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/ckexport/ckexport/cmd/ckbench/workload"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

const originals = "../../../testdata/archives"

// TestWorkloads makes each kind of workload, small, and decodes it: whole, without
// problems, and each archive a checkpoint of its own.
func TestWorkloads(t *testing.T) {
	const clones = 44
	for _, c := range []struct {
		workload.Workload
		has func(*schema.Rows) bool
	}{
		{workload.Small(clones), func(*schema.Rows) bool { return true }},
		{workload.Kubernetes("crio", 6), ofEngine("cri-o")},
		{workload.Kubernetes("containerd", 3), ofEngine("containerd")},
		{workload.Pages(2, "none"), hasPages(2)},
		{workload.Pages(2, "gzip"), hasPages(2)},
		{workload.Pages(2, "zstd"), hasPages(2)},
		{workload.EasyPages(3, "none"), hasPages(3)},
		{workload.EasyPages(3, "zstd"), hasPages(3)},
		{workload.Processes(11, 1000), func(r *schema.Rows) bool {
			return len(r.Processes) == 11 && len(r.FileDescriptors) >= 1000 && len(r.Environment) >= 11
		}},
		{workload.Mappings(500), func(r *schema.Rows) bool { return len(r.MemoryMappings) > 500 && len(r.Environment) > 0 }},
		{workload.Rootfs(300), func(r *schema.Rows) bool { return len(r.FilesystemEntries) >= 300 }},
	} {
		t.Run(c.Name, func(t *testing.T) {
			dir, err := c.Make(t.Context(), originals, t.TempDir(), 1)
			if err != nil {
				t.Fatal(err)
			}
			files, err := workload.Files(dir)
			if err != nil || len(files) != c.Archives {
				t.Fatalf("%d files, %v; want %d", len(files), err, c.Archives)
			}
			ids := map[string]string{}
			for _, file := range files {
				d := &decode.Decoder{Limits: decode.DefaultLimits()}
				result, err := d.Decode(t.Context(), source.Path(file))
				if err != nil {
					t.Fatal(err)
				}
				if result.Archive.Status != decode.StatusOK {
					t.Fatalf("%s: %s: %v", file, result.Archive.Status, result.Archive.Error)
				}
				rows := result.Checkpoints[0]
				if !c.has(rows) {
					t.Errorf("%s: not what was asked for", file)
				}
				if other, ok := ids[rows.CheckpointID]; ok {
					t.Errorf("%s is the same checkpoint as %s", file, other)
				}
				ids[rows.CheckpointID] = file
				for _, p := range rows.Problems {
					if p.Severity != decode.Info { // leftovers of life-2 and life-3
						t.Errorf("%s: %s: %s", file, p.Code, p.Message)
					}
				}
			}
		})
	}
}

// ofEngine tells whether an engine made the checkpoint.
func ofEngine(name string) func(*schema.Rows) bool {
	return func(r *schema.Rows) bool { return r.Checkpoints[0].Engine == name }
}

// hasPages tells whether so many MiB are in one mapping.
func hasPages(mib uint64) func(*schema.Rows) bool {
	return func(r *schema.Rows) bool {
		for _, m := range r.MemoryMappings {
			if m.SizeBytes == mib<<20 && m.PagesPresent == mib<<8 {
				return len(r.Environment) > 0
			}
		}
		return false
	}
}

// TestSameSeed makes archives twice: the bytes are the same, and others for
// another seed.
func TestSameSeed(t *testing.T) {
	for _, w := range []workload.Workload{workload.Small(25), workload.Pages(1, "zstd"), workload.Processes(5, 40), workload.Mappings(50), workload.Rootfs(10)} {
		read := func(seed uint64) []byte {
			dir, err := w.Make(t.Context(), originals, t.TempDir(), seed)
			if err != nil {
				t.Fatal(err)
			}
			files, err := workload.Files(dir)
			if err != nil {
				t.Fatal(err)
			}
			var all []byte
			for _, f := range files {
				data, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				all = append(append(all, filepath.Base(f)...), data...)
			}
			return all
		}
		first := read(1)
		if !bytes.Equal(first, read(1)) {
			t.Errorf("%s: other bytes for the same seed", w.Name)
		}
		if bytes.Equal(first, read(2)) {
			t.Errorf("%s: the same bytes for another seed", w.Name)
		}
	}
}
