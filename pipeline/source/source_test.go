package source_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/source"
)

// TestFoldersThatAreOneInput: unpacked archives, folders of images and layouts
// of container images are one input each; what lies in them is none.
func TestFoldersThatAreOneInput(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{
		"unpacked/spec.dump":           "{}",
		"unpacked/rootfs-diff.tar":     "x",
		"images/inventory.img":         "x",
		"layout/oci-layout":            `{"imageLayoutVersion": "1.0.0"}`,
		"layout/index.json":            "{}",
		"layout/blobs/sha256/0123":     "\x1f\x8b\x08",
		"docker/manifest.json":         `[{"Config":"x.json","RepoTags":null,"Layers":["0123.tar"]}]`,
		"docker/0123.tar":              "x",
		"pod/pod.options":              `{"version":1}`,
		"pod/one/config.dump":          "{}",
		"pod/two.tar":                  "x",
		"others/manifest.json":         `{"name": "something else"}`,
		"others/a.tar.xz":              "x",
		"others/b.tbz2":                "x",
		"others/named by nobody":       "\xfd7zXZ\x00",
		"others/deeper/oci-layout/dir": "a folder of that name is no mark",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := source.Find(t.Context(), []source.Provider{source.Local("")}, []string{root}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var folders, files []string
	for _, a := range found.Archives {
		name, _ := filepath.Rel(root, a.Name())
		if a.Folder {
			folders = append(folders, name)
		} else {
			files = append(files, name)
		}
	}
	if want := []string{"docker", "images", "layout", "pod", "unpacked"}; !slices.Equal(folders, want) {
		t.Errorf("folders %q, want %q", folders, want)
	}
	if want := []string{"others/a.tar.xz", "others/b.tbz2", "others/named by nobody"}; !slices.Equal(files, want) {
		t.Errorf("files %q, want %q", files, want)
	}
}

// memory is a provider of objects in memory: mem://PREFIX names those whose
// names begin so.
type memory map[string]string

func (memory) Scheme() string { return "mem" }

func (m memory) List(_ context.Context, input string) (*source.Listing, error) {
	l := &source.Listing{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if strings.HasPrefix(name, input) {
			item := source.Item{Input: object{name, m[name]}, Version: archive.Version{Size: int64(len(m[name])), Tag: "1"}}
			l.Candidates = append(l.Candidates, source.Candidate{Item: item, Unsure: name != input})
		}
	}
	if len(l.Candidates) == 0 {
		return nil, &source.InputError{Input: input, Err: fs.ErrNotExist}
	}
	return l, nil
}

type object struct{ name, content string }

func (o object) Name() string { return o.name }

func (o object) Open(context.Context) (archive.Content, error) {
	return openObject{strings.NewReader(o.content)}, nil
}

type openObject struct{ io.Reader }

func (openObject) Version() (archive.Version, error) { return archive.Version{}, nil }

func (openObject) Close() error { return nil }

// TestProviders mixes paths, patterns and another provider's inputs in the
// arguments and in a list; what looks like a scheme that nobody has is a path.
func TestProviders(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"a.tar", "b1.tar", "b2.tar", "ftp:/c.tar"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	providers := []source.Provider{
		source.Local("fleet.parquet"),
		memory{"mem://x/1.tar": "", "mem://x/2": "\x1f\x8b\x08", "mem://x/note": "none", "mem://y": "named, so taken"},
	}
	list := strings.NewReader("b*.tar\r\nmem://x/\n\nftp://c.tar\nmem://x/1.tar\n")
	found, err := source.Find(t.Context(), providers, []string{"mem://y", "-", "a.tar"}, list)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range found.Archives {
		names = append(names, strings.TrimPrefix(a.Name(), workingFolder(t)))
	}
	if want := []string{"mem://y", "b1.tar", "b2.tar", "mem://x/1.tar", "mem://x/2", "ftp:/c.tar", "a.tar"}; !slices.Equal(names, want) {
		t.Errorf("found %q, want %q", names, want)
	}
	if want := []string{"mem://x/note"}; !slices.Equal(found.Ignored, want) {
		t.Errorf("ignored %q, want %q", found.Ignored, want)
	}
	for _, input := range []string{"mem://z", "ftp://d.tar", "fleet.parquet"} {
		if _, err := source.Find(t.Context(), providers, []string{input}, nil); !errors.As(err, new(*source.InputError)) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", input, err)
		}
	}
}

func workingFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir + "/"
}
