package main

import (
	"archive/tar"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
)

// hostileTars are archives that lie in their headers.
func hostileTars() []hostile {
	const huge = 1 << 62
	return []hostile{
		{name: "sparse members of GNU", status: "partial", limit: "max-ratio", both: true,
			write: func(t *testing.T, out io.Writer) {
				writeTar(t, out, healthyMembers(t)...)
				for _, name := range []string{"a", "b", "checkpoint/cgroup.img", "artifacts/x", "dump.log", "rootfs-diff.tar"} {
					write(t, out, gnuSparse(name, huge, []byte("end")))
				}
				endTar(t, out)
			}, query: "SELECT count(*) FROM archive_members WHERE size_bytes = 4611686018427387904", answer: "6"},
		{name: "sparse members of PAX", status: "partial", limit: "max-ratio",
			write: func(t *testing.T, out io.Writer) {
				writeTar(t, out, healthyMembers(t)...)
				for _, name := range []string{"a", "b", "checkpoint/ghost-file-1.img", "rootfs-diff.tar"} {
					write(t, out, paxSparse(name, huge, []byte("end")))
				}
				endTar(t, out)
			}, query: "SELECT count(*) FROM archive_members WHERE size_bytes = 4611686018427387904", answer: "4"},
		{name: "sparse members in a tar of files", status: "partial", limit: "max-ratio",
			write: withMembers(func(t *testing.T) []tarEntry {
				var files strings.Builder
				write(t, &files, gnuSparse("first", huge, nil))
				write(t, &files, paxSparse("second", huge, []byte("x")))
				writeTar(t, &files, entryOf("third", []byte("whole")))
				endTar(t, &files)
				return []tarEntry{entryOf("rootfs-diff.tar", []byte(files.String()))}
			})},
		{name: "a member that claims 2^62 bytes", status: "partial",
			write: func(t *testing.T, out io.Writer) {
				writeTar(t, out, healthyMembers(t)...)
				write(t, out, rawHeader('0', "checkpoint/seccomp.img", huge))
				write(t, out, make([]byte, 4096))
			}},
		{name: "many of one name", status: "partial",
			write: withMembers(func(*testing.T) []tarEntry {
				var list []tarEntry
				for range 50_000 {
					list = append(list, entryOf("checkpoint/inventory.img", nil), entryOf("spec.dump", nil))
				}
				return list[1:]
			}), query: "SELECT count(*) BETWEEN 1000 AND 1001 FROM problems WHERE code = 'duplicate_member'", answer: "true"},
		{name: "links and names that lead outside", status: "ok", both: true,
			write: withMembers(func(*testing.T) []tarEntry {
				link := func(typ byte, name, target string) tarEntry {
					return tarEntry{header: tar.Header{Typeflag: typ, Name: name, Linkname: target, Mode: 0o777}}
				}
				return []tarEntry{
					link(tar.TypeSymlink, "checkpoint/parent", "../../../../etc"), link(tar.TypeSymlink, "link/dump.log", "/etc/passwd"),
					link(tar.TypeSymlink, "ctr.log", "/dev/zero"), link(tar.TypeLink, "volumes/v.tar", "/etc/shadow"), link(tar.TypeLink, "x/spec.dump", "../../spec.dump"),
					link(tar.TypeSymlink, "artifacts", "/tmp"), entryOf("/etc/cron.d/evil", []byte("x")), entryOf("../../../etc/evil", []byte("x")),
					entryOf("a/../../b/./..//c", []byte("x")), link(tar.TypeSymlink, "checkpoint", "/"),
				}
			}), query: "SELECT count(*) FROM archive_members WHERE path LIKE '%evil%'", answer: "2"},
		{name: "records of a megabyte", status: "partial", limit: "max-archive-memory",
			write: withMembers(func(*testing.T) []tarEntry {
				var list []tarEntry
				for i := range 200 {
					m := entryOf(fmt.Sprintf("%s%d", strings.Repeat("n", 500<<10), i), nil)
					m.header.PAXRecords = map[string]string{"SCHILY.xattr.user.x": strings.Repeat("v", 500<<10)}
					list = append(list, m)
				}
				return list
			})},
		{name: "records of more than a megabyte", status: "partial",
			write: func(t *testing.T, out io.Writer) {
				writeTar(t, out, healthyMembers(t)...)
				record := strings.Repeat("v", 8<<20)
				write(t, out, rawHeader('x', "pax", int64(len(record)+14+8)))
				write(t, out, padded(fmt.Sprintf("%d comment=%s\n", len(record)+len("8388629 comment=\n"), record)))
				writeTar(t, out, entryOf("behind", nil))
				endTar(t, out)
			}},
		{name: "half a million members", status: "partial", limit: "max-archive-memory",
			write: func(t *testing.T, out io.Writer) {
				writeTar(t, out, healthyMembers(t)...)
				for i := range 500_000 {
					write(t, out, rawHeader('0', fmt.Sprintf("member-%d", i), 0))
				}
				endTar(t, out)
			}},
		{name: "more members than are allowed", status: "partial", limit: "max-members", flags: []string{"--max-members", "1000"},
			write: func(t *testing.T, out io.Writer) {
				writeTar(t, out, healthyMembers(t)...)
				for i := range 2000 {
					write(t, out, rawHeader('0', fmt.Sprintf("member-%d", i), 0))
				}
				endTar(t, out)
			}, query: "SELECT count(*) FROM archive_members JOIN checkpoints USING (checkpoint_id) WHERE archive_name = 'hostile'", answer: "1000"},
		{name: "a hundred thousand checkpoints", status: "partial", limit: "max-checkpoints",
			write: func(t *testing.T, out io.Writer) {
				members := healthyMembers(t)
				writeTar(t, out, members...)
				for i := range 100_000 {
					write(t, out, rawHeader('0', fmt.Sprintf("%d/checkpoint/inventory.img", i), 0))
				}
				endTar(t, out)
			}},
		{name: "archives within archives", status: "partial", limit: "max-nesting",
			write: withMembers(func(t *testing.T) []tarEntry {
				inner := entryOf("inner", []byte("x"))
				for i := range 10 {
					var out strings.Builder
					writeTar(t, &out, inner)
					endTar(t, &out)
					inner = entryOf(fmt.Sprintf("%d.tar", i), []byte(out.String()))
				}
				return []tarEntry{inner}
			})},
		{name: "names that steer terminals", status: "partial", both: true,
			write: withMembers(func(*testing.T) []tarEntry {
				var list []tarEntry
				for _, evil := range evilNames {
					list = append(list, entryOf("checkpoint/"+evil+".img", []byte(evil)), entryOf(evil+"/checkpoint/core-1.img", []byte(evil)), entryOf(evil+".tar", nil))
				}
				return list
			}), query: "SELECT count(*) FROM archive_members WHERE path_raw IS NOT NULL", answer: "3"},
	}
}

// evilNames are names with escapes of terminals, newlines, right-to-left
// overrides, bytes that are no text, and what SQL and shells quote with.
var evilNames = []string{
	"\x1b]0;pwned\x07\x1b[2J", "line\nlevel=ERROR msg=\"forged\"", "\u009b31mC1", "\u202egnp.exe", "bad \xff\xfe utf8", "\r overwritten",
	"'; DROP TABLE processes; --", `" OR 1=1`, "a*b?[c]{d}", "$(reboot)`reboot`", "|a|b|", "<script>", "\u2028paragraph", "tab\there", "del\x7f", "\xc2\x9b",
}

// rawHeader makes a tar header that archive/tar would not write.
func rawHeader(typ byte, name string, size int64) []byte {
	block := make([]byte, 512)
	copy(block, name)
	copy(block[100:], "0000644\x00")
	copy(block[108:], "0000000\x00")
	copy(block[116:], "0000000\x00")
	putNumber(block[124:136], size)
	copy(block[136:], "00000000000\x00")
	block[156] = typ
	copy(block[257:], "ustar\x0000")
	if typ == 'S' {
		copy(block[257:], "ustar  \x00")
	}
	return checksummed(block)
}

func checksummed(block []byte) []byte {
	copy(block[148:], "        ")
	sum := 0
	for _, b := range block {
		sum += int(b)
	}
	copy(block[148:], fmt.Sprintf("%06o\x00 ", sum))
	return block
}

// putNumber writes a number in base 256, which holds any.
func putNumber(field []byte, n int64) {
	clear(field)
	binary.BigEndian.PutUint64(field[len(field)-8:], uint64(n))
	field[0] |= 0x80
}

// padded fills up a content to whole blocks.
func padded(s string) []byte { return append([]byte(s), make([]byte, -len(s)&511)...) }

// gnuSparse makes a sparse member of GNU's old form: a hole, then data.
func gnuSparse(name string, size int64, data []byte) []byte {
	block := rawHeader('S', name, int64(len(data)))
	putNumber(block[386:398], size-int64(len(data)))
	putNumber(block[398:410], int64(len(data)))
	putNumber(block[483:495], size)
	return append(checksummed(block), padded(string(data))...)
}

// paxSparse makes a sparse member of the form PAX 1.0.
func paxSparse(name string, size int64, data []byte) []byte {
	record := func(k, v string) string {
		for n := len(k) + len(v) + 3; ; n++ {
			if s := fmt.Sprintf("%d %s=%s\n", n, k, v); len(s) == n {
				return s
			}
		}
	}
	records := record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.name", name) + record("GNU.sparse.realsize", fmt.Sprint(size))
	content := append(padded(fmt.Sprintf("1\n%d\n%d\n", size-int64(len(data)), len(data))), data...)
	out := append(rawHeader('x', "pax", int64(len(records))), padded(records)...)
	out = append(out, rawHeader('0', "GNUSparseFile.0/"+name, int64(len(content)))...)
	return append(out, padded(string(content))...)
}
