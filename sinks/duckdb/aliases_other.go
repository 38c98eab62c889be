//go:build !noduckdb && !linux

package duckdb

import "os"

// Here no descriptor is a part of paths: they stay as they are.

func openPath(path string) (*os.File, error) { return os.Open(path) }

func pathOf(_ *os.File, path string) string { return path }
