package decode_test

import (
	"archive/tar"
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// memberRow returns the row of a member, by its name as it stands.
func memberRow(t *testing.T, rows *schema.Rows, name string) schema.ArchiveMember {
	t.Helper()
	i := slices.IndexFunc(rows.ArchiveMembers, func(m schema.ArchiveMember) bool { return exact(m.Path) == name })
	if i < 0 {
		t.Fatalf("no member %q", name)
	}
	return rows.ArchiveMembers[i]
}

// unsafeNames returns the problems with names.
func unsafeNames(rows *schema.Rows) (found []schema.Problem) {
	for _, p := range rows.Problems {
		if p.Code == decode.UnsafeName {
			found = append(found, p)
		}
	}
	return found
}

// TestNamesOfMembers: a member is shown by the name that it has in the archive.
// Forms that tar allows are read for what they mean; one that leads out of the
// archive is no metadata.
func TestNamesOfMembers(t *testing.T) {
	members := readTar(t, own("odd-env-argv.tar"))
	for _, c := range []struct {
		name, clean string
		status      schema.Status
		problem     string
	}{
		{"config.dump", "config.dump", decode.StatusOK, ""},
		{"./config.dump", "config.dump", decode.StatusOK, ""},
		{"/config.dump", "config.dump", decode.StatusOK, ""},
		{".//x/.././config.dump", "config.dump", decode.StatusOK, "the name has .. in it"},
		{"../config.dump", "", decode.StatusPartial, "the name leads out of the archive; the member was not decoded"},
		{"/../../\xff\x1b[2J/config.dump", "", decode.StatusPartial, "the name leads out of the archive; the member was not decoded"},
		{"checkpoint/../../config.dump", "", decode.StatusPartial, "the name leads out of the archive; the member was not decoded"},
	} {
		renamed := slices.Clone(members)
		i := slices.IndexFunc(renamed, func(m tarMember) bool { return m.header.Name == "config.dump" })
		renamed[i].header.Name = c.name
		result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, renamed)))
		rows := result.Checkpoints[0]
		m := memberRow(t, rows, c.name)
		if got := m.CleanPath; (got.Text == nil) != (c.clean == "") || got.Text != nil && exact(got) != c.clean {
			t.Errorf("%q: clean path %q, want %q", c.name, exact(got), c.clean)
		}
		if known := rows.Checkpoints[0].ContainerName != nil; known != (c.clean != "") || result.Archive.Status != c.status {
			t.Errorf("%q: metadata was read: %v, status %s", c.name, known, result.Archive.Status)
		}
		problems := unsafeNames(rows)
		if c.problem == "" && len(problems) == 0 {
			continue
		}
		if len(problems) != 1 || problems[0].Message != c.problem {
			t.Errorf("%q: problems %v, want %q", c.name, problems, c.problem)
		}
	}
}

// TestNamesOfFiles: paths of captured and deleted files are absolute and clean,
// beside the names as they stand.
func TestNamesOfFiles(t *testing.T) {
	diff := tarOf(t, []tarMember{
		{header: tar.Header{Name: "../../etc/passwd", Typeflag: tar.TypeReg, Mode: 0o644}},
		{header: tar.Header{Name: "a/.wh.b", Typeflag: tar.TypeReg}},
		{header: tar.Header{Name: "a/.wh...", Typeflag: tar.TypeReg}},
		{header: tar.Header{Name: "a/.wh.", Typeflag: tar.TypeReg}},
		{header: tar.Header{Name: "l", Typeflag: tar.TypeLink, Linkname: "../x"}},
	})
	members := slices.DeleteFunc(readTar(t, own("odd-env-argv.tar")), func(m tarMember) bool {
		return m.header.Name == "rootfs-diff.tar" || m.header.Name == "deleted.files"
	})
	add := func(name string, data []byte) {
		members = append(members, tarMember{tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(data))}, data})
	}
	add("rootfs-diff.tar", diff)
	add("deleted.files", []byte(`["../../tmp/x", "/etc/../../x", "/etc/ok", "", "/", "/a//b/"]`))
	rows := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members))).Checkpoints[0]
	var got []string
	for _, f := range rows.FilesystemEntries {
		if f.Origin == "rootfs_diff" || f.Origin == "deleted_files" {
			got = append(got, exact(f.MemberPath)+" is "+strings.TrimPrefix(exact(f.Path), "\x00"))
		}
	}
	want := []string{
		"../../etc/passwd is /etc/passwd", "a/.wh.b is /a/b", "a/.wh... is /a/.wh...", "a/.wh. is /a/.wh.", "l is /l",
		"../../tmp/x is /tmp/x", "/etc/../../x is /x", "/etc/ok is /etc/ok", " is NULL", "/ is /", "/a//b/ is /a/b",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	var keys []string
	for _, p := range unsafeNames(rows) {
		keys = append(keys, exact(p.Member)+" "+*p.RowKey)
	}
	want = []string{
		"rootfs-diff.tar position=0", "rootfs-diff.tar position=2", "rootfs-diff.tar position=3", "rootfs-diff.tar position=4",
		"deleted.files position=0", "deleted.files position=1", "deleted.files position=3",
	}
	if !slices.Equal(keys, want) {
		t.Errorf("problems %q\nwant %q", keys, want)
	}
}

// TestBehindTheEnd: members behind the end mark are named, whatever the archive
// is packed as, and not decoded. Zeros are no members.
func TestBehindTheEnd(t *testing.T) {
	members := readTar(t, own("odd-env-argv.tar"))
	i := slices.IndexFunc(members, func(m tarMember) bool { return m.header.Name == "checkpoint/pages-1.img" })
	front, back := tarOf(t, members[:i]), tarOf(t, members[i:])
	zeros := make([]byte, 20<<10)
	for name, c := range map[string]struct {
		data   []byte
		behind int
		bytes  string
	}{
		"padded":        {slices.Concat(front, back[:0], zeros), 0, ""},
		"two archives":  {slices.Concat(front, back), len(members) - i, "bytes follow its end mark"},
		"zeros between": {slices.Concat(front, zeros, back, zeros), len(members) - i, "bytes follow its end mark"},
		"three":         {slices.Concat(front, back, zeros, back), 2 * (len(members) - i), "bytes follow its end mark"},
		"no members":    {slices.Concat(front, []byte("something")), 0, "and 9 bytes follow its end mark"},
	} {
		for packing, data := range map[string][]byte{"plain": c.data, "gzip": gzipOf(t, c.data), "zstd": zstdOf(t, c.data)} {
			result := decodeFile(t, writeFile(t, "a.tar", data))
			rows := result.Checkpoints[0]
			behind := 0
			for _, m := range rows.ArchiveMembers {
				if m.DecodeStatus == "behind_end" && m.SHA256 == nil {
					behind++
				}
			}
			told := slices.ContainsFunc(rows.Problems, func(p schema.Problem) bool {
				return p.Code == decode.TrailingData && p.Severity == decode.Error && strings.Contains(p.Message, c.bytes)
			})
			if behind != c.behind || told != (c.bytes != "") {
				t.Errorf("%s, %s: %d members behind the end, want %d; problems %v", name, packing, behind, c.behind, rows.Problems)
			}
		}
	}
}

// TestSizeBeyondAllFiles: a member that claims all the bytes there can be is a
// bad header, and no fault.
func TestSizeBeyondAllFiles(t *testing.T) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range readTar(t, own("odd-env-argv.tar")) {
		if m.header.Name == "checkpoint/mm-1.img" {
			m.header.Size, m.header.Format = 1<<63-1, tar.FormatGNU
		}
		if err := w.WriteHeader(&m.header); err != nil {
			t.Fatal(err)
		}
		if m.header.Size == 1<<63-1 {
			break
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	data := append(out.Bytes(), make([]byte, 4096)...)
	for _, data := range [][]byte{data, gzipOf(t, data)} {
		result := decodeFile(t, writeFile(t, "a.tar", data))
		if !hasProblem(result, "", decode.Malformed) || result.Archive.Status != decode.StatusPartial {
			t.Errorf("status %s, problems %v", result.Archive.Status, problemsOf(result))
		}
	}
}
