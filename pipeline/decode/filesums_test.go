package decode_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/ckexport/ckexport/schema"
)

// TestFileSums: captured files have their SHA-256, however they lie in what is hashed at
// a time; a file that breaks off has none, and leaves nothing to the next capture.
func TestFileSums(t *testing.T) {
	const block = 256 << 10
	var files []tarMember
	want := map[string]string{}
	add := func(size int) {
		content := bytes.Repeat([]byte(fmt.Sprintf("file %d,", len(files))), size/6)[:size]
		sum := sha256.Sum256(content)
		h := tar.Header{Name: fmt.Sprintf("file-%d", len(files)), Typeflag: tar.TypeReg}
		want[h.Name] = hex.EncodeToString(sum[:])
		files = append(files, tarMember{h, content})
	}
	for _, size := range []int{0, 12, block - 12 - 4096, 4096, 0, block, block - 1, block + 1, 9 * block} {
		add(size)
	}
	for range 2000 {
		add(1200)
	}
	file := tar.Header{Mode: 0o600, Typeflag: tar.TypeReg}
	diff, volume := file, file
	diff.Name, volume.Name = "rootfs-diff.tar", "volumes/v.tar"
	whole := tarOf(t, files)
	for _, cut := range []int{0, 1024 + 1000} { // in the last file
		rows := decodeWith(t, tarMember{diff, whole[:len(whole)-cut]}, tarMember{volume, tarOf(t, files[:3])})
		schema.UnpackTable[schema.FilesystemEntry](rows)
		found := 0
		for _, f := range rows.FilesystemEntries {
			name := deref(f.MemberPath.Text)
			sum, isOurs := want[name]
			if !isOurs { // of the archive that these were put into
				continue
			}
			found++
			if cut > 0 && name == files[len(files)-1].header.Name {
				sum = ""
			}
			equal(t, name, deref(f.SHA256), sum)
		}
		equal(t, "files", found, len(files)+3)
	}
}
