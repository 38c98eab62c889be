//go:build unix

package bucket

import (
	"io/fs"
	"os"
	"syscall"
)

// isOwners tells whether a folder is this user's alone.
func isOwners(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && info.Mode().Perm()&0o077 == 0
}
