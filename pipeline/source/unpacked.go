package source

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
)

// marks are files that stand at the top of an unpacked archive, a folder of
// CRIU images, an unpacked pod archive, or an OCI image layout.
var marks = []string{
	"spec.dump", "config.dump", "inventory.img", "checkpoint/inventory.img", "pre-checkpoint/inventory.img", "pod.options", "pod.dump", "oci-layout",
}

// isUnpacked reports whether the folder is one input: an archive was unpacked
// into it, it holds CRIU images, or it is the layout of a container image.
func isUnpacked(ctx context.Context, folder string) bool {
	for _, mark := range marks {
		if info, err := os.Lstat(filepath.Join(folder, mark)); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return isDockerArchive(ctx, folder)
}

// isDockerArchive reports whether an archive of docker save was unpacked into
// the folder: its manifest.json lists images with their layers.
func isDockerArchive(ctx context.Context, folder string) bool {
	manifest := filepath.Join(folder, "manifest.json")
	if info, err := os.Lstat(manifest); err != nil || !info.Mode().IsRegular() {
		return false
	}
	head := bytes.TrimLeft(firstBytes(ctx, Path(manifest)), " \t\r\n")
	return bytes.HasPrefix(head, []byte("[")) && (bytes.Contains(head, []byte(`"Layers"`)) || bytes.Contains(head, []byte(`"Config"`)))
}
