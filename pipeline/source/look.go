package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/pipeline/archive"
)

// Found is what the inputs hold.
type Found struct {
	Archives []Item // in the order of the inputs, each once
	// Ignored names what stands in folders and neither looks like an archive nor is
	// named like one, or is no file.
	Ignored []string
}

// Look chooses the archives: what an input names is one, and so is what stands
// in a folder and is named like one, or begins like one. It sums up folders.
func (l *Listing) Look(ctx context.Context) (*Found, error) {
	found := &Found{}
	seen := map[string]bool{}
	for _, c := range l.Candidates {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		switch name := c.Name(); {
		case seen[name]:
			continue
		case c.Unsure && (c.Special || !mayBeArchive(ctx, c)):
			found.Ignored = append(found.Ignored, name)
			continue
		case c.Folder:
			if err := c.sumUp(ctx); err != nil {
				return nil, err
			}
		}
		seen[c.Name()] = true
		found.Archives = append(found.Archives, c.Item)
	}
	return found, nil
}

// sumUp makes the version of an unpacked archive: the sum of its files' sizes,
// the newest time. What cannot be read is left out: reading the archive tells of
// it. The error is not nil only if the context ended.
func (i *Item) sumUp(ctx context.Context) error {
	content, err := i.Open(ctx)
	if err != nil {
		return ctx.Err()
	}
	defer content.Close()
	folder, ok := content.(archive.FolderContent)
	if !ok {
		return nil // it is a file by now
	}
	return fs.WalkDir(folder, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return ctx.Err()
		}
		info, err := folder.Lstat(name)
		if err != nil {
			return ctx.Err()
		}
		if info.Mode().IsRegular() {
			i.Version.Size += info.Size()
		}
		if info.ModTime().After(i.Version.ModTime) {
			i.Version.ModTime = info.ModTime()
		}
		return ctx.Err()
	})
}

// mayBeArchive reports whether a file is named like an archive, or begins like
// one. What cannot be read may be one, unless it is gone by now.
func mayBeArchive(ctx context.Context, in archive.Input) bool {
	if namedLikeArchive(in.Name()) {
		return true
	}
	head, err := firstBytes(ctx, in)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	return looksLikeArchive(head)
}

// IsArchive reports whether a file of this machine is named like an archive, or
// begins like one.
func IsArchive(ctx context.Context, path string) bool {
	if namedLikeArchive(path) {
		return true
	}
	head, err := firstBytes(ctx, Path(path))
	return err == nil && looksLikeArchive(head)
}

// firstBytes returns how a file begins, nil for a folder.
func firstBytes(ctx context.Context, in archive.Input) ([]byte, error) {
	content, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	file, ok := content.(archive.FileContent)
	if !ok {
		return nil, nil
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(file, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return head[:n], err
}

var archiveSuffixes = []string{".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.lz4", ".tar.br"}

// namedLikeArchive reports whether a name has an ending of archives.
func namedLikeArchive(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(archiveSuffixes, func(s string) bool { return strings.HasSuffix(name, s) })
}

// looksLikeArchive reports whether a file that begins so may be a tar or a
// compressed stream. Podman writes archives under any name.
func looksLikeArchive(head []byte) bool {
	if len(head) == 512 && bytes.Equal(head[257:262], []byte("ustar")) { // POSIX 1003.1, pax: header block
		return true
	}
	for _, m := range []string{"\x1f\x8b\x08", "\x28\xb5\x2f\xfd", "\xfd7zXZ\x00", "BZh"} {
		if bytes.HasPrefix(head, []byte(m)) {
			return true
		}
	}
	return false
}
