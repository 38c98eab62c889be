package filelock

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestBeside makes files for two pages while others are there: those that killed
// processes left of the page at hand go, and nothing else.
func TestBeside(t *testing.T) {
	dir := t.TempDir()
	others := []string{".other[*].html.1.new", ".page[*].html.swp", "page[*].html", "x.page[*].html.1.new"}
	for _, name := range append([]string{".page[*].html.1.new", ".page[*].html.22.new"}, others...) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("left"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".page[*].html.3.new"), 0o700); err != nil {
		t.Fatal(err)
	}
	want := append([]string{".page[*].html.3.new"}, others...)
	for range 2 { // the second leaves what the first has open
		f, err := Beside(filepath.Join(dir, "page[*].html"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if info, err := f.Stat(); err != nil || info.Mode() != 0o600 || info.Size() != 0 {
			t.Errorf("a new file: %v, %v", info, err)
		}
		want = append(want, filepath.Base(f.Name()))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
}
