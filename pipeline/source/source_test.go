package source_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

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
