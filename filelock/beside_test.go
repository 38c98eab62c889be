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

// TestReplacement: what another file held is there until Commit, and stays where there
// is none.
func TestReplacement(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.html")
	write := func(text string, isWhole bool) {
		t.Helper()
		f, err := Beside(path)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(path)
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if now, _ := os.ReadFile(path); string(now) != string(before) {
			t.Errorf("before Commit there is %q, and was %q", now, before)
		}
		if isWhole {
			if err := f.Commit(); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	write("half", false)
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("there is a file without Commit: %v", err)
	}
	write("a first one", true)
	write("second", true)
	write("half", false)
	entries, err := os.ReadDir(filepath.Dir(path))
	if text, _ := os.ReadFile(path); string(text) != "second" || err != nil || len(entries) != 1 {
		t.Errorf("there is %q among %v, %v", text, entries, err)
	}
}
