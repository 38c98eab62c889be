package source

import (
	"context"
	"os"
	"path/filepath"

	"github.com/ckexport/ckexport/pipeline/layout"
)

// isUnpacked reports whether the folder is one input: an archive was unpacked
// into it, it holds CRIU images, or it is the layout of a container image.
func isUnpacked(ctx context.Context, folder string) bool {
	for _, mark := range layout.FolderMarks() {
		path := filepath.Join(folder, filepath.FromSlash(mark.Path))
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if mark.Head == nil {
			return true
		}
		if head, err := firstBytes(ctx, Path(path)); err == nil && mark.Head(head) {
			return true
		}
	}
	return false
}
