package layout_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/pipeline/source"
)

var update = flag.Bool("update", false, "write testdata/members.txt")

// TestMembers compares what is told of every member of the archives in testdata
// with a reviewed list.
func TestMembers(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/*/*.tar*")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d archives, %v", len(paths), err)
	}
	var lines []string
	for _, p := range paths {
		lines = append(lines, linesOf(t, p)...)
	}
	slices.Sort(lines)
	got := strings.Join(slices.Compact(lines), "\n") + "\n"
	const golden = "testdata/members.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("members are told to be something else (-want +got); if that is right, run go test ./pipeline/layout -update\n%s", diff)
	}
}

// linesOf describes the members of an archive: name, type, and what they are.
func linesOf(t *testing.T, path string) (lines []string) {
	opener := archive.Opener{Budget: archive.Budget{MaxRead: 1 << 40, MaxExpanded: 1 << 40, MaxRatio: 1000}}
	a, err := opener.Open(context.Background(), source.Path(path))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for {
		m, err := a.Next()
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		e := layout.Entry{Name: m.Name, Type: layout.Other}
		switch m.Type {
		case archive.File:
			e.Type = layout.File
		case archive.Symlink:
			e.Type = layout.Symlink
		}
		lines = append(lines, fmt.Sprintf("%q\t%s\t%s", m.Name, m.Type, describe(e)))
	}
}

// describe puts the role of a member, the details of it and its site in a line.
func describe(e layout.Entry) string {
	m := layout.Classify(e)
	what := m.Role.String()
	if m.Kind.Name != "" && m.Role != layout.Ordinary {
		what += fmt.Sprintf(" %s %d", m.Kind.Name, m.Number)
	}
	if m.Volume != "" {
		what += " " + m.Volume
	}
	return fmt.Sprintf("%s\t%q", what, m.Site)
}

// TestClassify tells what the archives in testdata do not have.
func TestClassify(t *testing.T) {
	digest := strings.Repeat("0123456789abcdef", 4)
	for _, test := range []struct {
		name string
		role layout.Role
		site string
	}{
		// a pod, with a folder for each container
		{"pod.options", layout.PodMetadata, ""},
		{"pod.dump", layout.PodMetadata, ""},
		{"1f-web/config.dump", layout.Metadata, "1f-web"},
		{"1f-web/checkpoint/pages-1.img", layout.Pages, "1f-web"},
		{"1f-web/checkpoint/descriptors.json", layout.Metadata, "1f-web"},
		{"1f-web/dump.log", layout.CRIULog, "1f-web"},
		{"1f-web/checkpoint/new-kind.img", layout.UnknownImage, "1f-web"},
		{"1f-web/rootfs-diff.tar", layout.RootfsDiff, "1f-web"},
		{"1f-web/volumes/a.b.tar", layout.Volume, "1f-web"},
		{"1f-web/artifacts/create/config", layout.Artifact, "1f-web"},
		{"1f-web/stats-dump", layout.ServiceImage, "1f-web"},
		{"web.tar", layout.Archive, ""},

		// folders of images
		{"inventory.img", layout.Image, ""},
		{"a/b/pre-checkpoint/pagemap-1.img", layout.Image, "a/b"},
		{"checkpoint/checkpoint/mm-1.img", layout.Image, "checkpoint"},
		{"amdgpu-pages-1-2f.img", layout.GPUPages, ""},
		{"ghost-file-ff.img", layout.GhostFile, ""},
		{"irmap-cache", layout.ServiceImage, ""},

		// streams of images
		{"img.lz4", layout.ImageStream, ""},
		{"checkpoint/img-12.lz4", layout.ImageStream, ""},
		{"web/checkpoint/img.0", layout.ImageStream, "web"},
		{"web/checkpoint/web.lz4", layout.ImageStream, "web"},
		{"img", layout.ImageStream, ""},
		{"img-a.lz4", layout.Candidate, ""},
		{"images.lz4", layout.Candidate, ""},

		// Docker's folder
		{"cp1/config.json", layout.Metadata, "cp1"},
		{"cp1/criu.work/stats-dump", layout.ServiceImage, "cp1"},
		{"checkpoint/criu.work/dump.log", layout.CRIULog, ""},
		{"cipher.img", layout.Cipher, ""},
		{"checkpoint/core-x.img", layout.UnknownImage, ""},

		// container images
		{"oci-layout", layout.Document, ""},
		{"image/index.json", layout.Document, ""},
		{"manifest.json", layout.Document, ""},
		{digest + ".json", layout.Document, ""},
		{digest + ".tar", layout.Archive, ""},
		{"blobs/sha256/" + digest, layout.Blob, ""},
		{"image/blobs/sha256/" + digest, layout.Blob, ""},
		{"blobs/sha256/" + digest[1:] + "G", layout.Archive, ""},
		{"blobs/" + digest, layout.Archive, ""},

		// names that only look alike
		{"artifacts", layout.Candidate, ""},
		{"volumes.tar", layout.Archive, ""},
		{"my-volumes/x.tar", layout.Archive, ""},
		{"my-artifacts/x", layout.Candidate, ""},
		{"parent", layout.Candidate, ""},
		{"config.dump.bak", layout.Candidate, ""},
		{"Config.dump", layout.Candidate, ""},
		{"pages-1.img/x", layout.Candidate, ""},
		{"a-checkpoint/core-1.img", layout.Image, "a-checkpoint"},
		{"", layout.Candidate, ""},
		{"../../config.dump", layout.Metadata, "../.."},
		{"pages-18446744073709551616.img", layout.UnknownImage, ""},
		{"a\nb/\xff/spec.dump", layout.Metadata, "a\nb/\xff"},
	} {
		got := layout.Classify(layout.Entry{Name: test.name})
		if got.Role != test.role || got.Site != test.site {
			t.Errorf("%q: %s at %q, want %s at %q", test.name, got.Role, got.Site, test.role, test.site)
		}
	}
}

// TestRawNames takes names as tars have them, through the archive's cleaning.
func TestRawNames(t *testing.T) {
	for raw, want := range map[string]string{
		"./checkpoint/core-1.img": "image CORE 1\t\"\"",
		"/checkpoint/core-1.img":  "image CORE 1\t\"\"",
		"./":                      "candidate\t\"\"",
		"a//b/./spec.dump":        "metadata\t\"a/b\"",
	} {
		if got := describe(layout.Entry{Name: archive.CleanName(raw)}); got != want {
			t.Errorf("%q: %s, want %s", raw, got, want)
		}
	}
}

// TestNested: in an archive within the archive only what is near the top may
// hold another.
func TestNested(t *testing.T) {
	for name, want := range map[string]layout.Role{
		"web.tar": layout.Archive, "pod/web": layout.Candidate, "index.json": layout.Document, "usr/share/doc.tar": layout.Ordinary,
		"a/b/config.dump": layout.Metadata, "blobs/sha256/" + strings.Repeat("0", 64): layout.Blob,
	} {
		if got := layout.Classify(layout.Entry{Name: name, Nested: true}); got.Role != want {
			t.Errorf("%q: %s, want %s", name, got.Role, want)
		}
	}
}

// TestTypes: what is no regular file is ordinary whatever its name, but for
// the link to the checkpoint before.
func TestTypes(t *testing.T) {
	link := layout.Classify(layout.Entry{Name: "web/checkpoint/parent", Type: layout.Symlink})
	if link.Role != layout.ParentLink || link.Site != "web" || link.Dir != "web/checkpoint" {
		t.Errorf("link: %s at %q, in %q", link.Role, link.Site, link.Dir)
	}
	for _, e := range []layout.Entry{
		{Name: "config.dump", Type: layout.Symlink}, {Name: "checkpoint/pages-1.img", Type: layout.Other}, {Name: "parent", Type: layout.Other}, {Name: "x", Type: layout.Other},
	} {
		if got := layout.Classify(e); got.Role != layout.Ordinary {
			t.Errorf("%q: %s", e.Name, got.Role)
		}
	}
}

func TestEngines(t *testing.T) {
	for name, want := range map[string]string{
		"config.dump": "podman, cri-o, containerd", "ctr.log": "podman", "io.kubernetes.cri-o.LogPath": "cri-o", "container.log": "containerd", "inventory.img": "",
	} {
		if got := layout.Classify(layout.Entry{Name: name}); got.Engines.String() != want {
			t.Errorf("%s: %s, want %s", name, got.Engines, want)
		}
	}
}

func FuzzClassify(f *testing.F) {
	for _, name := range []string{"checkpoint/core-1.img", "a/volumes/b.tar", "a/artifacts/b/c", "blobs/sha256/" + strings.Repeat("a", 64), "/..//", "checkpoint/parent"} {
		f.Add(name, uint8(0), false)
	}
	f.Fuzz(func(t *testing.T, name string, kind uint8, nested bool) {
		m := layout.Classify(layout.Entry{Name: name, Type: layout.Type(kind % 3), Nested: nested})
		for _, folder := range []string{m.Dir, m.Site} {
			if rest, ok := strings.CutPrefix(name, folder); !ok || folder != "" && rest[0] != '/' {
				t.Errorf("%q is no folder of %q", folder, name)
			}
		}
		if m.Role > layout.Candidate || !strings.HasPrefix(m.Dir, m.Site) {
			t.Errorf("%q: %+v", name, m)
		}
		if b, ok := layout.ParseBlob(name); ok && b.Member() != filepath.Clean(name) {
			t.Errorf("%q is taken for the blob %q", name, b.Member())
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	for _, name := range []string{"usr/share/doc/some-package/copyright", "checkpoint/core-1.img", "checkpoint/tmpfs-12.tar.gz.img", "spec.dump"} {
		b.Run(filepath.Base(name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				layout.Classify(layout.Entry{Name: name})
			}
		})
	}
}
