// Package local is what sinks whose outputs are files or folders have in
// common, beside staging.
package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ckexport/ckexport/sinks"
)

// Check refuses a path in a folder that does not exist.
func Check(_ context.Context, path string) error {
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return &sinks.RefusedError{Path: path, Reason: "its folder does not exist"}
	}
	return nil
}

// Footprint is that of queries: the folder that the output lies in, as a run
// may put a new one in its place meanwhile.
func Footprint(_ context.Context, path string) (sinks.Footprint, error) {
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return sinks.Footprint{}, fmt.Errorf("finding output: %w", err)
	}
	return sinks.Footprint{Read: []string{filepath.Dir(resolved)}}, nil
}

// HasMagic tells whether path is a file that has the bytes magic at an offset.
func HasMagic(path, magic string, offset int64) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() { // opening a FIFO may wait for ever
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	got := make([]byte, len(magic))
	_, err = f.ReadAt(got, offset)
	return err == nil && string(got) == magic
}
