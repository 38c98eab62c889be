//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// keepFilesPrivate leaves new files to their owner alone. Outputs hold secrets.
// Files that we make say so themselves; DuckDB's own, such as what it has no
// memory for, are made with what the umask leaves.
func keepFilesPrivate() { unix.Umask(0o077) }

// isOwn tells whether a file is the user's own.
func isOwn(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
