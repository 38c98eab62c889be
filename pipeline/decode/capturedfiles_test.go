package decode_test

import (
	"archive/tar"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ckexport/ckexport/schema"
)

// changedFiles decodes a checkpoint whose container changed so many files, of all
// sorts in turn, and deleted as many.
func changedFiles(t *testing.T, n int) *schema.Rows {
	when := time.Date(2026, 11, 23, 12, 0, 0, 5000, time.UTC)
	sorts := []tarMember{
		{tar.Header{Typeflag: tar.TypeReg, Mode: 0o4755}, []byte("some text\n")},
		{tar.Header{Typeflag: tar.TypeReg, Mode: 0o2644, Uname: "app", Gname: "app"}, nil},
		{tar.Header{Typeflag: tar.TypeReg}, []byte("#!/bin/sh -e\n")},
		{tar.Header{Typeflag: tar.TypeReg, PAXRecords: map[string]string{
			"SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "SCHILY.xattr.user.a": "b\xff",
		}}, []byte("\x00\x01")},
		{tar.Header{Typeflag: tar.TypeDir, AccessTime: when, ChangeTime: when.Add(time.Second)}, nil},
		{tar.Header{Typeflag: tar.TypeSymlink, Linkname: "../b\xff"}, nil},
		{tar.Header{Typeflag: tar.TypeLink, Linkname: "srv/0/file"}, nil},
		{tar.Header{Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}, nil},
		{tar.Header{Name: ".wh.", Typeflag: tar.TypeReg}, nil},
	}
	var files []tarMember
	var deleted strings.Builder
	for i := range n {
		f := sorts[i%len(sorts)]
		f.header.Name, f.header.ModTime = fmt.Sprintf("srv/%d/%sfile", i, f.header.Name), when
		if i%2 == 0 {
			f.header.Name += "\xff"
		}
		files = append(files, f)
		fmt.Fprintf(&deleted, ",\"/tmp/%d\"", i)
	}
	file := tar.Header{Mode: 0o600, Typeflag: tar.TypeReg}
	diff, volume, list := file, file, file
	diff.Name, volume.Name, list.Name = "rootfs-diff.tar", "volumes/nowhere.tar", "deleted.files"
	return decodeWith(t, tarMember{diff, tarOf(t, files)}, tarMember{volume, tarOf(t, files[:1])}, tarMember{list, []byte("[" + deleted.String()[1:] + "]")})
}

// TestManyFiles: there are the same rows of captured files, be they few, which are
// kept, or many, which are made when they are written.
func TestManyFiles(t *testing.T) {
	few, many := changedFiles(t, 200), changedFiles(t, 9_000)
	sameBeginning(t, few, many, func(r *schema.Rows) *[]schema.FilesystemEntry { return &r.FilesystemEntries }, 200)
	equal(t, "problems", len(many.Problems), len(few.Problems))

	packed := many.Packed["filesystem_entries"]
	if packed == nil {
		t.Fatal("many rows are kept")
	}
	count := packed.Len()
	schema.UnpackTable[schema.FilesystemEntry](many)
	equal(t, "rows", len(many.FilesystemEntries), count)
	seen := map[string]bool{}
	for _, f := range many.FilesystemEntries {
		seen[deref(f.Type)+" "+deref(f.ContentKind)+" "+deref(f.FileCapabilities)+" "+deref(f.Change)] = true
	}
	for _, sort := range []string{"file text  written", "file empty  written", "file script  written", "file data cap_net_raw=ep written", "directory   written", "symlink   written", "hardlink   written", "char_device   written", "   deleted"} {
		if !seen[sort] {
			t.Errorf("there is no %q in %v", sort, seen)
		}
	}
}
