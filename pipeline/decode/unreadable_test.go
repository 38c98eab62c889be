package decode_test

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// guarded is a folder of which the system lets no one read some parts: open says
// what cannot be opened, look in what nothing can be looked at.
type guarded struct {
	source.Path
	open, look string
}

func (g guarded) Open(ctx context.Context) (archive.Content, error) {
	content, err := g.Path.Open(ctx)
	if err != nil {
		return nil, err
	}
	return guardedContent{content.(archive.FolderContent), g}, nil
}

type guardedContent struct {
	archive.FolderContent
	guarded
}

func (g guardedContent) Open(name string) (fs.File, error) {
	if name == g.open || path.Dir(name) == g.look {
		return nil, &fs.PathError{Op: "openat", Path: name, Err: syscall.EACCES}
	}
	return g.FolderContent.Open(name)
}

func (g guardedContent) Lstat(name string) (fs.FileInfo, error) {
	if path.Dir(name) == g.look {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: syscall.EACCES}
	}
	return g.FolderContent.Lstat(name)
}

// TestUnreadableParts: of an unpacked archive, what the system does not let be
// read costs what is in it, with the system's reason, and nothing else.
func TestUnreadableParts(t *testing.T) {
	members := readTar(t, own("odd-env-argv.tar"))
	for _, c := range []struct {
		name, open, look string
		unreadable       func(member string) bool
		lost             []string // tables that have less
	}{
		{"a pages image", "checkpoint/pages-1.img", "", func(m string) bool { return m == "checkpoint/pages-1.img" },
			[]string{"environment", "processes"}},
		{"a log", "ctr.log", "", func(m string) bool { return m == "ctr.log" }, []string{"container_log_lines"}},
		{"a folder that cannot be listed", "lost+found", "", func(m string) bool { return m == "lost+found" }, nil},
		{"the folder of images", "", "checkpoint", func(m string) bool { return path.Dir(m) == "checkpoint" }, nil},
	} {
		root := unpack(t, members)
		if err := syscall.Mkdir(path.Join(root, "lost+found"), 0o700); err != nil {
			t.Fatal(err)
		}
		whole := decodeFile(t, root).Checkpoints[0]
		d := decode.Decoder{Limits: decode.DefaultLimits()}
		result, err := d.Decode(t.Context(), guarded{source.Path(root), c.open, c.look})
		if err != nil {
			t.Fatal(err)
		}
		noFault(t, c.name, result)
		if result.Archive.Status != decode.StatusPartial {
			t.Fatalf("%s: status %s, problems %v", c.name, result.Archive.Status, problemsOf(result))
		}
		var want, got []string
		for _, m := range whole.ArchiveMembers {
			if c.unreadable(exact(m.Path)) {
				want = append(want, exact(m.Path))
			}
		}
		rows := result.Checkpoints[0]
		for _, p := range rows.Problems {
			if p.Code == decode.Unreadable && strings.Contains(p.Message, "permission denied") {
				got = append(got, exact(p.Member))
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s: unreadable are %q, want %q", c.name, got, want)
		}
		if rows.Checkpoints[0].ContainerName == nil {
			t.Errorf("%s: the metadata is lost", c.name)
		}
		if c.look == "" {
			keepsTables(t, c.name, rows, whole, c.lost)
		}
	}
}

// keepsTables checks that the tables which are not lost are as long as those of
// the whole archive.
func keepsTables(t *testing.T, what string, rows, whole *schema.Rows, lost []string) {
	t.Helper()
	for _, table := range schema.Tables() {
		if table.Name == "problems" || slices.Contains(lost, table.Name) {
			continue
		}
		if got, want := table.Count(rows), table.Count(whole); got != want {
			t.Errorf("%s: %d rows of %s, want %d", what, got, table.Name, want)
		}
	}
}

// TestEachUnreadableMember makes one member after the other of unpacked archives
// unreadable: no decoder stumbles over what is there and has no content.
func TestEachUnreadableMember(t *testing.T) {
	for _, name := range []string{"ghost-files.tar", "tmpfs-data.tar", "checkpoint-evil_prod-c-2026-11-23T14-35-45Z.tar"} {
		root := unpack(t, readTar(t, own(name)))
		for _, m := range decodeFile(t, root).Checkpoints[0].ArchiveMembers {
			if m.Type != "file" {
				continue
			}
			member := exact(m.Path)
			d := decode.Decoder{Limits: decode.DefaultLimits()}
			result, err := d.Decode(t.Context(), guarded{source.Path(root), member, ""})
			if err != nil {
				t.Fatal(err)
			}
			noFault(t, name+" without "+member, result)
			if result.Archive.Status != decode.StatusPartial {
				t.Errorf("%s without %s: status %s", name, member, result.Archive.Status)
			}
			if m.Kind == "PAGES" && result.Digests[0].PagesSHA256 != nil {
				t.Errorf("%s without %s: a digest of pages that were not read", name, member)
			}
		}
	}
}
