//go:build unix

package archive

import (
	"io/fs"
	"syscall"
)

// owner returns the user and the group that a file of a folder belongs to.
func owner(info fs.FileInfo) (uid, gid int) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid), int(st.Gid)
	}
	return 0, 0
}
