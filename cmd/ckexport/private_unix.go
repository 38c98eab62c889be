//go:build unix

package main

import "golang.org/x/sys/unix"

// keepFilesPrivate leaves new files to their owner alone. Outputs hold secrets.
// Files that we make say so themselves; DuckDB's own, such as what it has no
// memory for, are made with what the umask leaves.
func keepFilesPrivate() { unix.Umask(0o077) }
