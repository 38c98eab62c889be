package workload

import (
	"archive/tar"
	"bytes"
	"fmt"
	"path/filepath"
	"time"
)

// makeRootfs makes an archive whose container changed n files: small ones
// mostly, as caches and packages are.
func makeRootfs(originals, dir string, seed uint64, n int) error {
	b, err := readBase(originals)
	if err != nil {
		return err
	}
	r := newRand(seed, "rootfs")
	lines := text(r, nil, 1<<20)
	var diff bytes.Buffer
	err = writeTar(&diff, func(t *tar.Writer) error {
		for i := range n {
			size := r.IntN(4 << 10)
			if i%100 == 0 {
				size = r.IntN(64 << 10)
			}
			from := r.IntN(len(lines) - size)
			m := member{tar.Header{
				Name: fmt.Sprintf("usr/lib/app/%03d/module-%06d.js", i%512, i), Mode: 0o644, Typeflag: tar.TypeReg,
				Uid: 1000, Gid: 1000, ModTime: time.Date(2026, 11, 23, 12, 0, i%86400, 0, time.UTC),
			}, lines[from : from+size]}
			if err := writeMember(t, &m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.members = append(b.members, member{tar.Header{Name: "rootfs-diff.tar", Mode: 0o600, Typeflag: tar.TypeReg}, diff.Bytes()})
	return b.write(filepath.Join(dir, "rootfs.tar.zst"), zstdC, nil)
}
