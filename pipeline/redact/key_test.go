package redact_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ckexport/ckexport/pipeline/redact"
)

// TestKeyFile checks that a key is made once, for its owner alone, and that
// nothing that is there is written to.
func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "fleet.redact-key")
	if _, err := redact.ReadKey(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no key: %v", err)
	}
	// Runs that start together make one key between them.
	var all sync.Map
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			key, err := redact.OpenKey(path)
			if err != nil {
				t.Error(err)
				return
			}
			all.Store(key.Fingerprint(), true)
		})
	}
	wait.Wait()
	n := 0
	all.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d keys were made", n)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left beside the key: %v, %v", entries, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := redact.OpenKey(path); err != nil || strings.Contains(string(text), key.Fingerprint()) {
		t.Errorf("second opening: %v", err)
	}
	if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, text) {
		t.Errorf("the key changed, %v", err)
	}
}

// TestUnfitKeys checks that a file that is no key, or not the owner's alone, is
// refused by name, left as it is, and not quoted.
func TestUnfitKeys(t *testing.T) {
	dir := t.TempDir()
	good := strings.Repeat("0123456789abcdef", 4) + "\n"
	for what, c := range map[string]struct {
		text string
		mode fs.FileMode
		want string
	}{
		"readable by group": {good, 0o640, "others than its owner"},
		"readable by all":   {good, 0o604, "others than its owner"},
		"writable by all":   {good, 0o602, "others than its owner"},
		"empty":             {"", 0o600, "is not a key"},
		"short":             {good[:62] + "\n", 0o600, "is not a key"},
		"long":              {good + good, 0o600, "is not a key"},
		"no hexadecimal":    {strings.Replace(good, "0", "g", 1), 0o600, "is not a key"},
	} {
		path := filepath.Join(dir, "key")
		if err := os.WriteFile(path, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := redact.OpenKey(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "89abcdef") {
			t.Errorf("%s: %v", what, err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != c.text {
			t.Errorf("%s: the file was written to: %v", what, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := redact.OpenKey(dir); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := redact.OpenKey(filepath.Join(dir, "no", "such", "folder")); err == nil || !strings.Contains(err.Error(), "its folder does not exist") {
		t.Errorf("a key in a folder that does not exist: %v", err)
	}
}
