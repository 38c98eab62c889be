//go:build !noduckdb

package duckdb

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openPath opens a file or folder for being a part of paths.
func openPath(path string) (*os.File, error) {
	return os.OpenFile(path, unix.O_PATH, 0)
}

// pathOf returns the path of what openPath opened.
func pathOf(f *os.File, _ string) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }
