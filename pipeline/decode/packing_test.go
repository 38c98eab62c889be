package decode_test

import (
	"archive/tar"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

func decodeFile(t testing.TB, path string) *decode.Result {
	t.Helper()
	d := decode.Decoder{Limits: decode.DefaultLimits()}
	result, err := d.Decode(context.Background(), source.Path(path))
	if err != nil {
		t.Fatal(err)
	}
	noFault(t, path, result)
	return result
}

// own returns the path of an archive of the test data.
func own(name string) string { return filepath.Join(ownArchives, name) }

// reversed returns the members last first, folders excepted.
func reversed(members []tarMember) []tarMember {
	members = slices.Clone(members)
	slices.Reverse(members)
	return members
}

// unpack writes members into a folder as tar would.
func unpack(t *testing.T, members []tarMember) string {
	t.Helper()
	root := t.TempDir()
	for _, m := range members {
		path := filepath.Join(root, filepath.FromSlash(m.header.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		switch m.header.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(path, 0o700)
		case tar.TypeSymlink:
			err = os.Symlink(m.header.Linkname, path)
		default:
			err = os.WriteFile(path, m.data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestSameCheckpointHoweverPacked: compression, order, prefix and name of an
// archive change neither the checkpoint's id nor what is decoded of it. In
// reversed order memory stands before the images that say what it is, so that
// a compressed archive is read a second time.
func TestSameCheckpointHoweverPacked(t *testing.T) {
	for _, name := range []string{"odd-env-argv.tar", "rootfs-changes.tar.gz", "life-2.tar.gz"} {
		members := readTar(t, own(name))
		prefixed := slices.Clone(members)
		for i := range prefixed {
			prefixed[i].header.Name = "./" + strings.TrimPrefix(prefixed[i].header.Name, "./")
		}
		plain := tarOf(t, members)
		want := decodeFile(t, own(name)).Checkpoints[0]
		for variant, path := range map[string]string{
			"plain":           writeFile(t, "a.tar", plain),
			"gzip":            writeFile(t, "a.tar.gz", gzipOf(t, plain)),
			"zstd":            writeFile(t, "a.tar.zst", zstdOf(t, plain)),
			"xz":              writeFile(t, "a.tar.xz", xzOf(t, plain)),
			"reversed xz":     writeFile(t, "r.tar.xz", xzOf(t, tarOf(t, reversed(members)))),
			"renamed":         writeFile(t, "no archive by its name", plain),
			"reversed":        writeFile(t, "r.tar", tarOf(t, reversed(members))),
			"reversed gzip":   writeFile(t, "r.tar.gz", gzipOf(t, tarOf(t, reversed(members)))),
			"reversed zstd":   writeFile(t, "r.tar.zst", zstdOf(t, tarOf(t, reversed(members)))),
			"prefixed":        writeFile(t, "p.tar", tarOf(t, prefixed)),
			"unpacked folder": unpack(t, members),
		} {
			t.Run(name+"/"+variant, func(t *testing.T) {
				result := decodeFile(t, path)
				if result.Archive.Status != decode.StatusOK || len(result.Checkpoints) != 1 {
					t.Fatalf("status %s, %d checkpoints, error %v", result.Archive.Status, len(result.Checkpoints), result.Archive.Error)
				}
				sameRows(t, result.Checkpoints[0], want)
			})
		}
	}
}

// TestBzip2: as above, of an archive that the program bzip2 packed.
func TestBzip2(t *testing.T) {
	result := decodeFile(t, "testdata/odd-env-argv.tar.bz2")
	if result.Archive.Status != decode.StatusOK || *result.Archive.Compression != "bzip2" {
		t.Fatalf("status %s, compression %v", result.Archive.Status, result.Archive.Compression)
	}
	sameRows(t, result.Checkpoints[0], decodeFile(t, own("odd-env-argv.tar")).Checkpoints[0])
	data, err := os.ReadFile("testdata/odd-env-argv.tar.bz2")
	if err != nil {
		t.Fatal(err)
	}
	for cut := 1; cut < len(data); cut += 4999 {
		if result := decodeFile(t, writeFile(t, "a.tar.bz2", data[:cut])); result.Archive.Status == decode.StatusOK {
			t.Errorf("cut at %d it is ok", cut)
		}
	}
}

// sameRows compares the rows that do not tell of the packing.
func sameRows(t *testing.T, got, want *schema.Rows) {
	t.Helper()
	if got.CheckpointID != want.CheckpointID || got.CheckpointID == "" {
		t.Errorf("checkpoint_id is %q, want %q", got.CheckpointID, want.CheckpointID)
	}
	g, w := reflect.ValueOf(*got), reflect.ValueOf(*want)
	for _, table := range []string{
		"ContainerSpecs", "Annotations", "Processes", "Threads", "Credentials", "Environment", "ResourceLimits", "FileDescriptors", "Files",
		"MemoryMappings", "Pagemaps", "SharedMemory", "GhostFiles", "Sockets", "Mounts", "Namespaces",
	} {
		if !reflect.DeepEqual(g.FieldByName(table).Interface(), w.FieldByName(table).Interface()) {
			t.Errorf("rows of %s differ", table)
		}
	}
	if len(got.FilesystemEntries) != len(want.FilesystemEntries) {
		t.Errorf("%d filesystem entries, want %d", len(got.FilesystemEntries), len(want.FilesystemEntries))
	}
	if len(want.Environment) == 0 || want.Processes[0].Argv.Text == nil {
		t.Error("nothing to compare: no command line or environment")
	}
}

// TestDifferentCheckpointsHaveDifferentIDs: neighbouring checkpoints of one
// container are two checkpoints.
func TestDifferentCheckpointsHaveDifferentIDs(t *testing.T) {
	seen := map[string]string{}
	for _, folder := range []string{ownArchives, sharedArchives} {
		for _, path := range archivesWithTruth(t, folder) {
			for _, rows := range decodeFile(t, path).Checkpoints {
				if other := seen[rows.CheckpointID]; other != "" && folder == ownArchives {
					t.Errorf("%s has the id of %s", path, other)
				}
				if folder == sharedArchives && seen[rows.CheckpointID] != "" && !strings.HasPrefix(seen[rows.CheckpointID], ownArchives) {
					t.Errorf("%s has the id of %s", path, seen[rows.CheckpointID])
				}
				seen[rows.CheckpointID] = path
			}
		}
	}
}

// TestKubeletName: kubelet's file names are taken apart, and a name that
// disagrees with the metadata is told.
func TestKubeletName(t *testing.T) {
	data, err := os.ReadFile(own("checkpoint-web-fleet-node-1_shop-app-2026-11-23T14-50-52Z.tar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, pod, rest string
		at              time.Time
		mismatch        bool
	}{
		{"checkpoint-web-fleet-node-1_shop-app-2026-11-23T14:50:52Z.tar", "web-fleet-node-1", "shop-app", time.Date(2026, 11, 23, 14, 50, 52, 0, time.UTC), false},
		{"checkpoint-web-fleet-node-1_shop-app-2026-11-23T22:50:52+08:00.tar", "web-fleet-node-1", "shop-app", time.Date(2026, 11, 23, 14, 50, 52, 0, time.UTC), false},
		{"checkpoint-other_shop-app-2026-11-23T14:50:52Z.tar", "other", "shop-app", time.Date(2026, 11, 23, 14, 50, 52, 0, time.UTC), true},
	} {
		row := decodeFile(t, writeFile(t, c.name, data)).Checkpoints[0].Checkpoints[0]
		if row.KubeletPod == nil || *row.KubeletPod != c.pod || *row.KubeletRest != c.rest || !row.KubeletAt.Equal(c.at) || *row.KubeletNameMismatch != c.mismatch {
			t.Errorf("%s: got %v %v %v %v", c.name, row.KubeletPod, row.KubeletRest, row.KubeletAt, row.KubeletNameMismatch)
		}
		if row.PodName == nil || *row.PodName != "web-fleet-node-1" {
			t.Errorf("%s: pod_name must come from the metadata, got %v", c.name, row.PodName)
		}
	}
	row := decodeFile(t, writeFile(t, "backup.tar", data)).Checkpoints[0].Checkpoints[0]
	if row.KubeletPod != nil || row.KubeletNameMismatch != nil {
		t.Errorf("a name that is not kubelet's was taken apart: %v", *row.KubeletPod)
	}
}
