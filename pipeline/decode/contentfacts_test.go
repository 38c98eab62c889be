package decode_test

import (
	"archive/tar"
	"debug/elf"
	"encoding/hex"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// TestContentFacts: what the bytes of captured files tell arrives in the rows,
// whatever capture they are in; also in an archive that is read in pieces.
func TestContentFacts(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	withXattr := func(m tarMember, value string) tarMember {
		m.header.PAXRecords = map[string]string{"SCHILY.xattr.security.capability": value}
		return m
	}
	const netRaw = "\x01\x00\x00\x02\x01\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"                     // setcap cap_net_raw,cap_chown+ep
	const namespaced = "\x01\x00\x00\x03\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xa0\x86\x01\x00" // setcap -n 100000 cap_net_raw+ep
	const mixed = "\x00\x00\x00\x02\x00\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00"                      // setcap 'cap_sys_admin=p cap_bpf=i'
	suid := withXattr(member("bin/program", program), netRaw)
	suid.header.Mode = 0o4755
	files := []tarMember{
		suid, withXattr(member("bin/script", []byte("#!/usr/bin/env -S python3 -u\n")), namespaced), withXattr(member("bin/mixed", nil), mixed),
		withXattr(member("bin/odd", []byte{0}), "short"), member("key", []byte("-----BEGIN PRIVATE KEY-----\nMII\n")), member("packed", gzipOf(t, program[:1000])),
		{header: tar.Header{Typeflag: tar.TypeLink, Name: "link", Linkname: "bin/program"}},
	}
	members := readTar(t, own("rootfs-changes.tar.gz"))
	capture := tarOf(t, files)
	members[indexOf(t, members, "rootfs-diff.tar")].data = capture
	members[indexOf(t, members, "devshm-checkpoint.tar")].data = capture
	members = append(members, member("artifacts/script", files[1].data))
	for _, file := range []string{writeFile(t, "a.tar", tarOf(t, members)), writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, members)))} {
		rows := decodeFile(t, file).Checkpoints[0]
		for _, origin := range []string{"rootfs_diff", "devshm"} {
			sawContent(t, origin, rows.FilesystemEntries, self)
		}
		i := slices.IndexFunc(rows.FilesystemEntries, func(e schema.FilesystemEntry) bool { return e.Origin == "artifact" })
		if i < 0 || exact(rows.FilesystemEntries[i].ScriptInterpreter) != "/usr/bin/env" {
			t.Error("the artifact is no script")
		}
		var problems int
		for _, p := range rows.Problems {
			if p.TableName != nil && *p.TableName == "filesystem_entries" && p.Code == decode.Malformed {
				problems++
			}
		}
		if problems != 2 {
			t.Errorf("%d problems of file capabilities, want 2: %+v", problems, rows.Problems)
		}
	}
}

func sawContent(t *testing.T, origin string, entries []schema.FilesystemEntry, self string) {
	t.Helper()
	byName := map[string]schema.FilesystemEntry{}
	for _, e := range entries {
		if e.Origin == origin {
			byName[path.Base(exact(e.Path))] = e
		}
	}
	for name, want := range map[string]string{
		"program": "elf  cap_chown,cap_net_raw=ep", "script": "script  cap_net_raw=ep", "mixed": "empty  cap_sys_admin=p cap_bpf=i", "odd": "data  ",
		"key": "private_key pem ", "packed": "archive gzip ", "link": "  ",
	} {
		e := byName[name]
		if got := strings.Join([]string{deref(e.ContentKind), deref(e.ContentFormat), deref(e.FileCapabilities)}, " "); got != want {
			t.Errorf("%s %s is %q, want %q", origin, name, got, want)
		}
	}
	f, err := elf.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := byName["program"]
	if deref(p.ELFClass) != strings.Replace(f.Class.String(), "CLASS", "", 1) || "EM_"+deref(p.ELFMachine.Name) != f.Machine.String() || *p.ELFType.Code != int64(f.Type) ||
		*p.ELFStripped != (f.Section(".symtab") == nil) || !*p.IsSetuid {
		t.Errorf("%s: %+v", origin, p.FileContent)
	}
	id := ""
	if s := f.Section(".note.gnu.build-id"); s != nil {
		data, err := s.Data()
		if err != nil {
			t.Fatal(err)
		}
		id = hex.EncodeToString(data[16:])
	}
	if deref(p.ELFBuildID) != id {
		t.Errorf("%s: build id %s, want %s", origin, deref(p.ELFBuildID), id)
	}
	if s := byName["script"]; exact(s.ScriptInterpreter) != "/usr/bin/env" || exact(s.ScriptArguments) != "-S python3 -u" ||
		s.FileCapRootUID == nil || *s.FileCapRootUID != 100000 || *s.FileCapVersion != 3 || !slices.Equal(s.FileCapPermitted.Names, []string{"CAP_NET_RAW"}) {
		t.Errorf("%s: %+v", origin, s)
	}
}

// TestGhostContent: deleted files too.
func TestGhostContent(t *testing.T) {
	members := readTar(t, own("ghost-files.tar"))
	i := indexOf(t, members, "ghost-file-2.img")
	script := "#!/bin/sh -e\n# of thirty-six bytes..\n"
	data := slices.Clone(members[i].data)
	copy(data[len(data)-36:], script)
	members[i].data = data
	for _, g := range decodeFile(t, writeFile(t, "a.tar", tarOf(t, members))).Checkpoints[0].GhostFiles {
		want := map[string]string{"/tmp/ghost.txt": "script", "/tmp/ghost.map": "data", "/tmp/ghost.bin": "text", "/tmp/ghost.sparse": "data"}[exactList(g.Paths)[0]]
		if deref(g.ContentKind) != want || g.IsSetuid == nil || *g.IsSetuid {
			t.Errorf("%s is %s, want %s", exactList(g.Paths), deref(g.ContentKind), want)
		}
	}
}
