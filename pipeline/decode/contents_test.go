package decode_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/schema"
)

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// TestCapturedFiles compares each entry of the captures within archives, read
// by archive/tar, with its row: of Podman's tar, containerd's compressed layer
// with whiteouts, a tmpfs and a volume.
func TestCapturedFiles(t *testing.T) {
	for _, c := range []struct{ archive, member, origin, root string }{
		{"rootfs-changes.tar.gz", "rootfs-diff.tar", "rootfs_diff", "/"},
		{"checkpoint-evil_prod-c-2026-11-23T14-35-45Z.tar", "rootfs-diff.tar", "rootfs_diff", "/"},
		{"fd-kinds.tar.zst", "rootfs-diff.tar", "rootfs_diff", "/"},
		{"volumes.tar.gz", "fleetvol.tar", "volume", "/vol"},
		{"tmpfs-data.tar", "devshm-checkpoint.tar", "devshm", "/dev/shm"},
		{"tmpfs-data.tar", "tmpfs-dev-43.tar.gz.img", "tmpfs", "/data"},
	} {
		t.Run(c.archive+"/"+c.member, func(t *testing.T) {
			members := readTar(t, own(c.archive))
			nested := membersOf(t, expand(t, writeFile(t, "nested", members[indexOf(t, members, c.member)].data)))
			var rows []schema.FilesystemEntry
			for _, e := range decodeFile(t, own(c.archive)).Checkpoints[0].FilesystemEntries {
				if e.Origin == c.origin && path.Base(exact(e.Member)) == c.member {
					rows = append(rows, e)
				}
			}
			if len(rows) != len(nested) || len(rows) == 0 {
				t.Fatalf("%d rows, %d entries", len(rows), len(nested))
			}
			for i, m := range nested {
				sameEntry(t, rows[i], m, c.root)
			}
		})
	}
}

func sameEntry(t *testing.T, row schema.FilesystemEntry, m tarMember, root string) {
	t.Helper()
	name := path.Join(root, m.header.Name)
	if dir, base := path.Split(name); strings.HasPrefix(base, ".wh.") {
		name = dir + strings.TrimPrefix(base, ".wh.")
		if exact(row.Path) != name || row.Change == nil || *row.Change != "deleted" || row.Type != nil || row.SizeBytes != nil || row.SHA256 != nil {
			t.Errorf("whiteout %s: %+v", m.header.Name, row)
		}
		return
	}
	if exact(row.Path) != name || *row.Mode != uint32(m.header.Mode)&0o7777 || *row.UID != uint32(m.header.Uid) || !row.ModifiedAt.Equal(m.header.ModTime) {
		t.Errorf("%s: path %q, mode %o, uid %d, mtime %v", name, exact(row.Path), *row.Mode, *row.UID, row.ModifiedAt)
	}
	if *row.Type == "file" {
		if row.SHA256 == nil || *row.SHA256 != digestOf(m.data) || *row.SizeBytes != uint64(len(m.data)) {
			t.Errorf("%s: sha256 %v, size %v", name, row.SHA256, row.SizeBytes)
		}
	} else if row.SHA256 != nil || row.SizeBytes != nil {
		t.Errorf("%s is a %s and has a size or digest", name, *row.Type)
	}
	if m.header.Linkname != "" && !strings.HasSuffix(exact(row.LinkTarget), m.header.Linkname) {
		t.Errorf("%s: link target %q, want %q", name, exact(row.LinkTarget), m.header.Linkname)
	}
}

// TestGhostFiles compares deleted files with what the program wrote: whole
// ones, one in chunks, and one that is nearly all hole.
func TestGhostFiles(t *testing.T) {
	members := readTar(t, own("ghost-files.tar"))
	rows := map[string]schema.GhostFile{}
	for _, g := range decodeFile(t, own("ghost-files.tar")).Checkpoints[0].GhostFiles {
		rows[exactList(g.Paths)[0]] = g
	}
	tail := func(name string, n int) []byte {
		data := members[indexOf(t, members, name)].data
		return data[len(data)-n:]
	}
	sparse := make([]byte, 200003)
	copy(sparse[200003-200003%4096:], tail("ghost-file-4.img", 200003%4096))
	for path, want := range map[string][]byte{
		"/tmp/ghost.map":    tail("ghost-file-1.img", 8192),
		"/tmp/ghost.txt":    tail("ghost-file-2.img", 36),
		"/tmp/ghost.bin":    tail("ghost-file-3.img", 100<<10),
		"/tmp/ghost.sparse": sparse,
	} {
		g, ok := rows[path]
		if !ok {
			t.Errorf("no row for %s", path)
			continue
		}
		if g.SHA256 == nil || *g.SHA256 != digestOf(want) || *g.SizeBytes != uint64(len(want)) || !slices.Equal(g.PIDs, []uint32{1}) {
			t.Errorf("%s: sha256 %v, size %d, pids %v; want %s, %d", path, g.SHA256, *g.SizeBytes, g.PIDs, digestOf(want), len(want))
		}
	}
	if !bytes.Contains(tail("ghost-file-2.img", 36), []byte("GHOST-FILE-CONTENT")) {
		t.Errorf("the text is %q", tail("ghost-file-2.img", 36))
	}
}

// TestDecodedImagesAreWhole: of real archives every image is read to its end.
func TestDecodedImagesAreWhole(t *testing.T) {
	for _, folder := range []string{ownArchives, sharedArchives} {
		for _, path := range archivesWithTruth(t, folder) {
			for _, rows := range decodeFile(t, path).Checkpoints {
				var sum uint64
				for _, m := range rows.ArchiveMembers {
					if m.Type == "file" && m.DecodeStatus != "ok" && m.Kind != "PAGES" {
						t.Errorf("%s: %s has status %s", path, exact(m.Path), m.DecodeStatus)
					}
					if m.Type == "file" && strings.HasPrefix(exact(m.Path), rows.Checkpoints[0].ImageDir+"/") {
						sum += m.SizeBytes
					}
				}
				if sum != rows.Checkpoints[0].CheckpointBytes {
					t.Errorf("%s: checkpoint_bytes %d, files of the folder sum up to %d", path, rows.Checkpoints[0].CheckpointBytes, sum)
				}
				for _, u := range rows.UnknownFields {
					t.Errorf("%s: unknown field %s of %s", path, u.Path, u.Member)
				}
			}
		}
	}
}
