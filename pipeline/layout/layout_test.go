package layout_test

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/layout"
)

// TestMarks: each mark is a member that is told from others, and the package's
// documentation names it.
func TestMarks(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "layout.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	doc := strings.Join(strings.Fields(file.Doc.Text()), " ")
	for _, mark := range layout.FolderMarks() {
		if m := layout.Classify(layout.Entry{Name: mark.Path}); m.Role == layout.Candidate || m.Site != "" {
			t.Errorf("%s: %s at %q", mark.Path, m.Role, m.Site)
		}
		if !strings.Contains(doc, mark.Path) || !strings.Contains(doc, mark.Layout) {
			t.Errorf("the package's documentation does not name %s of %s", mark.Path, mark.Layout)
		}
	}
}

func TestDockerManifest(t *testing.T) {
	for head, want := range map[string]bool{
		` [{"Config":"a.json","RepoTags":null,"Layers":["a/layer.tar"]}]`: true,
		`[{"Layers":[]}]`:                   true,
		`{"schemaVersion":2,"Config":"no"}`: false,
		`[{"name":"icon"}]`:                 false,
		``:                                  false,
	} {
		for _, mark := range layout.FolderMarks() {
			if mark.Path == "manifest.json" && mark.Head([]byte(head)) != want {
				t.Errorf("%s: want %t", head, want)
			}
		}
	}
}

// TestPodManifest: checkpoints of models have files of that name too.
func TestPodManifest(t *testing.T) {
	for _, mark := range layout.FolderMarks() {
		if mark.Path == "checkpoint-manifest.json" && (!mark.Head([]byte(`{"version": 2, "sandboxId": "a"`)) || mark.Head([]byte(`{"weights": ["a"]}`))) {
			t.Error("a pod's manifest is not told from others")
		}
	}
}

// TestRoleNames: roles without a name, or with another's, could not be told
// apart in messages and lists.
func TestRoleNames(t *testing.T) {
	seen := map[string]layout.Role{}
	for role := range layout.Candidate + 1 {
		name := role.String()
		if other, known := seen[name]; known || name == "" {
			t.Errorf("role %d is called %q, as is %d", role, name, other)
		}
		seen[name] = role
	}
}
