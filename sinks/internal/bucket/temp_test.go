package bucket

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestScratch checks that folders in use stay, however old, and those of killed
// processes go.
func TestScratch(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	used, err := NewScratch()
	if err != nil {
		t.Fatal(err)
	}
	parent := filepath.Dir(used.Dir)
	left, fresh := filepath.Join(parent, "read-left"), filepath.Join(parent, "read-fresh")
	for _, dir := range []string{left, fresh} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(left, "rows"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	for _, dir := range []string{left, used.Dir} {
		if err := os.Chtimes(dir, old, old); err != nil {
			t.Fatal(err)
		}
	}
	another, err := NewScratch()
	if err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]bool{left: false, fresh: true, used.Dir: true, another.Dir: true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s: %v", filepath.Base(dir), err)
		}
	}
	for range 2 {
		if err := used.Remove(); err != nil {
			t.Error(err)
		}
	}
	if err := another.Remove(); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := NewScratch(); err == nil {
		t.Error("a folder that others may enter is used")
	}
}
