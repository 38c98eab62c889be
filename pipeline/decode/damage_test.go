package decode_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// problemsOf returns all problems of a result.
func problemsOf(result *decode.Result) []schema.Problem {
	all := slices.Clone(result.Problems)
	for _, rows := range result.Checkpoints {
		all = append(all, rows.Problems...)
	}
	return all
}

// hasProblem reports whether there is an error with one of the codes, about
// the member unless that is empty.
func hasProblem(result *decode.Result, member string, codes ...string) bool {
	return slices.ContainsFunc(problemsOf(result), func(p schema.Problem) bool {
		return p.Severity == decode.Error && (member == "" || exact(p.Member) == member) && (len(codes) == 0 || slices.Contains(codes, p.Code))
	})
}

// noFault fails the test where decoding met a fault of its own.
func noFault(t testing.TB, what string, result *decode.Result) {
	t.Helper()
	for _, p := range problemsOf(result) {
		if p.Code == decode.Internal {
			t.Errorf("%s: %s", what, p.Message)
		}
	}
}

// TestTruncatedArchive: an archive that ends early, at whatever byte, is never
// whole, and what precedes the cut is decoded.
func TestTruncatedArchive(t *testing.T) {
	data, err := os.ReadFile(own("odd-env-argv.tar"))
	if err != nil {
		t.Fatal(err)
	}
	whole := decodeFile(t, own("odd-env-argv.tar")).Checkpoints[0]
	var cuts []int
	for _, m := range whole.ArchiveMembers {
		content := int(*m.Offset)
		end := content + int(m.SizeBytes+511)/512*512
		cuts = append(cuts, content-512, content-511, content-100, content, content+int(m.SizeBytes)/2, content+int(m.SizeBytes), end-1, end)
	}
	slices.Sort(cuts)
	for _, cut := range slices.Compact(cuts) {
		if cut <= 0 {
			continue
		}
		result := decodeFile(t, writeFile(t, "cut.tar", data[:cut]))
		expectTruncated(t, cut, result, whole)
		var expected []schema.ArchiveMember // headers that precede the cut
		for _, m := range whole.ArchiveMembers {
			if int(*m.Offset) <= cut {
				expected = append(expected, m)
			}
		}
		if len(result.Checkpoints) > 0 {
			if got := len(result.Checkpoints[0].ArchiveMembers); got != len(expected) {
				t.Errorf("cut at %d: %d members, %d precede the cut", cut, got, len(expected))
			}
		}
	}
}

// expectTruncated checks that a cut archive is not taken for a whole one, and that its
// rows are among those of the whole one.
func expectTruncated(t *testing.T, cut int, result *decode.Result, whole *schema.Rows) {
	t.Helper()
	status := result.Archive.Status
	if status != decode.StatusPartial && status != decode.StatusFailed {
		t.Errorf("cut at %d: status %s", cut, status)
	}
	if result.Archive.Error == nil || len(problemsOf(result)) == 0 {
		t.Errorf("cut at %d: no problem is told", cut)
	}
	for _, rows := range result.Checkpoints {
		for _, p := range rows.Processes {
			i := slices.IndexFunc(whole.Processes, func(w schema.Process) bool { return w.PID == p.PID })
			if i < 0 {
				t.Errorf("cut at %d: pid %d is not in the whole archive", cut, p.PID)
				continue
			}
			if w := whole.Processes[i]; p.Argv.Text != nil && !reflect.DeepEqual(p.Argv, w.Argv) {
				t.Errorf("cut at %d: argv %q, want %q or NULL", cut, p.Argv.Text, w.Argv.Text)
			}
		}
		for _, e := range rows.Environment {
			if !slices.ContainsFunc(whole.Environment, func(w schema.EnvironmentVariable) bool { return reflect.DeepEqual(w, e) }) {
				t.Errorf("cut at %d: environment has %q", cut, exact(e.Name))
			}
		}
		for _, f := range rows.FilesystemEntries {
			if f.SHA256 != nil && !slices.ContainsFunc(whole.FilesystemEntries, func(w schema.FilesystemEntry) bool { return w.SHA256 != nil && *w.SHA256 == *f.SHA256 }) {
				t.Errorf("cut at %d: a digest of %q that the whole archive has not", cut, exact(f.Path))
			}
		}
	}
}

// TestTruncatedCompressedArchive does the same to compressed streams.
func TestTruncatedCompressedArchive(t *testing.T) {
	for _, name := range []string{"rootfs-changes.tar.gz", "fd-kinds.tar.zst"} {
		data, err := os.ReadFile(own(name))
		if err != nil {
			t.Fatal(err)
		}
		whole := decodeFile(t, own(name)).Checkpoints[0]
		for cut := 1; cut < len(data); cut += 997 {
			expectTruncated(t, cut, decodeFile(t, writeFile(t, "cut", data[:cut])), whole)
		}
		expectTruncated(t, len(data)-1, decodeFile(t, writeFile(t, "cut", data[:len(data)-1])), whole)
	}
}

// TestNoCheckpoint: files that are no checkpoint archives fail with a reason.
func TestNoCheckpoint(t *testing.T) {
	random := make([]byte, 64<<10)
	r := rand.NewChaCha8([32]byte{1})
	if _, err := r.Read(random); err != nil {
		t.Fatal(err)
	}
	foreign := tarOf(t, []tarMember{{header: tar.Header{Name: "src/main.go", Mode: 0o644}, data: []byte("package main\n")}})
	for _, c := range []struct {
		name string
		data []byte
		code string
	}{
		{"empty", nil, decode.EmptyFile},
		{"random bytes", random, decode.NotAnArchive},
		{"text", []byte("no archive\n"), decode.NotAnArchive},
		{"zeros only", make([]byte, 10240), decode.NotACheckpoint},
		{"foreign tar", foreign, decode.NotACheckpoint},
		{"foreign tar, gzip", gzipOf(t, foreign), decode.NotACheckpoint},
		{"foreign tar, zstd", zstdOf(t, foreign), decode.NotACheckpoint},
		{"random bytes, gzip", gzipOf(t, random), decode.NotAnArchive},
	} {
		t.Run(c.name, func(t *testing.T) {
			result := decodeFile(t, writeFile(t, "a.tar", c.data))
			if result.Archive.Status != decode.StatusFailed || len(result.Checkpoints) != 0 || result.Archive.Error == nil {
				t.Errorf("status %s with %d checkpoints", result.Archive.Status, len(result.Checkpoints))
			}
			if !hasProblem(result, "", c.code) {
				t.Errorf("problems are %+v, want %s", result.Problems, c.code)
			}
		})
	}
	result := decodeFile(t, "no such file")
	if result.Archive.Status != decode.StatusFailed || !hasProblem(result, "", decode.Unreadable) {
		t.Errorf("no such file: %+v", result)
	}
}

// TestWrongMagic: an image that is not what its name says is not decoded; the
// others are.
func TestWrongMagic(t *testing.T) {
	members := readTar(t, own("odd-env-argv.tar"))
	files, fs := indexOf(t, members, "files.img"), indexOf(t, members, "fs-1.img")
	members[files].data = members[fs].data
	result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members)))
	if !hasProblem(result, members[files].header.Name, decode.BadMagic) || result.Archive.Status != decode.StatusPartial {
		t.Errorf("status %s, problems %+v", result.Archive.Status, problemsOf(result))
	}
	rows := result.Checkpoints[0]
	if len(rows.Files) != 0 || len(rows.Environment) == 0 || len(rows.FileDescriptors) == 0 || rows.FileDescriptors[0].Path.Text != nil {
		t.Errorf("%d files, %d variables, descriptors %+v", len(rows.Files), len(rows.Environment), rows.FileDescriptors)
	}
}

// TestDuplicateMember: of two members with a name the first counts, and the
// archive is not whole.
func TestDuplicateMember(t *testing.T) {
	members := readTar(t, own("odd-env-argv.tar"))
	second := members[indexOf(t, members, "pstree.img")]
	second.data = second.data[:8]
	second.header.Name = "./" + second.header.Name
	result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, append(members, second))))
	if !hasProblem(result, "checkpoint/pstree.img", decode.DuplicateMember) || len(result.Checkpoints[0].Processes) != 1 {
		t.Errorf("%d processes, problems %+v", len(result.Checkpoints[0].Processes), problemsOf(result))
	}
	want := decodeFile(t, own("odd-env-argv.tar")).Checkpoints[0].Checkpoints[0].CheckpointBytes
	if got := result.Checkpoints[0].Checkpoints[0].CheckpointBytes; got != want {
		t.Errorf("checkpoint_bytes %d, want %d", got, want)
	}
}

func indexOf(t testing.TB, members []tarMember, base string) int {
	t.Helper()
	i := slices.IndexFunc(members, func(m tarMember) bool { return path.Base(m.header.Name) == base })
	if i < 0 {
		t.Fatalf("no member %s", base)
	}
	return i
}

// TestTruncatedImages cuts each small image at each byte, larger ones at some:
// nothing panics, and unless the cut is between two entries, it is told.
func TestTruncatedImages(t *testing.T) {
	const commonMagic = 0x54564319
	var members []tarMember // images only: captures of file systems cost time
	for _, m := range readTar(t, own("fd-kinds.tar.zst")) {
		if strings.HasSuffix(m.header.Name, ".img") && !strings.Contains(m.header.Name, "tmpfs-dev-") {
			members = append(members, m)
		}
	}
	archive := filepath.Join(t.TempDir(), "a.tar")
	decoder := decode.Decoder{Limits: decode.DefaultLimits()}
	for i, m := range members {
		if len(m.data) < 8 || binary.LittleEndian.Uint32(m.data) != commonMagic {
			continue
		}
		borders := entryBorders(m.data)
		for cut := 0; cut < len(m.data); cut += 1 + len(m.data)/256*13 {
			damaged := slices.Clone(members)
			damaged[i].data = m.data[:cut]
			if err := os.WriteFile(archive, tarOf(t, damaged), 0o600); err != nil {
				t.Fatal(err)
			}
			result, err := decoder.Decode(context.Background(), source.Path(archive))
			if err != nil {
				t.Fatal(err)
			}
			noFault(t, m.header.Name, result)
			if len(result.Checkpoints) != 1 {
				t.Fatalf("%s cut at %d: %+v", m.header.Name, cut, result.Problems)
			}
			if !slices.Contains(borders, cut) && !hasProblem(result, m.header.Name, decode.Truncated, decode.Malformed) {
				t.Errorf("%s cut at %d of %d: nothing is told of it", m.header.Name, cut, len(m.data))
			}
		}
	}
}

// entryBorders returns where the entries of an image without payload end.
func entryBorders(data []byte) []int {
	borders := []int{8}
	for at := 8; at+4 <= len(data); {
		at += 4 + int(binary.LittleEndian.Uint32(data[at:]))
		borders = append(borders, at)
	}
	return borders
}

// TestLargeArchiveIsSoughtOver: of a plain tar, memory that nobody asks for is
// not read. The archive has 1 GiB of it, as a hole in the file.
func TestLargeArchiveIsSoughtOver(t *testing.T) {
	const large = 1 << 30
	members := readTar(t, own("odd-env-argv.tar"))
	pages := members[indexOf(t, members, "pages-1.img")]
	runs := pagemapEntries(t, members[indexOf(t, members, "pagemap-1.img")].data)
	runs = append(runs, newGeneration(0x100000000, large/pageSize))
	members[indexOf(t, members, "pagemap-1.img")].data = pagemapImage(t, 1, runs)

	// the pages come last, so that the hole is easy to make
	others := slices.DeleteFunc(slices.Clone(members), func(m tarMember) bool { return m.header.Name == pages.header.Name })
	front := bytes.TrimSuffix(tarOf(t, others), make([]byte, 1024))
	header := pages.header
	header.Size, header.Format = int64(len(pages.data))+large, tar.FormatPAX
	var buffer bytes.Buffer
	if err := tar.NewWriter(&buffer).WriteHeader(&header); err != nil {
		t.Fatal(err)
	}
	front = append(append(front, buffer.Bytes()...), pages.data...)
	path := writeFile(t, "large.tar", front)
	if err := os.Truncate(path, int64(len(front))+large+1024); err != nil {
		t.Fatal(err)
	}
	result := decodeFile(t, path)
	if result.Archive.Status != decode.StatusOK {
		t.Fatalf("status %s: %+v", result.Archive.Status, problemsOf(result))
	}
	if read := result.Archive.BytesRead; read > large/100 {
		t.Errorf("%d bytes were read", read)
	}
	want := decodeFile(t, own("odd-env-argv.tar")).Checkpoints[0]
	if got := result.Checkpoints[0]; !reflect.DeepEqual(got.Environment, want.Environment) || !reflect.DeepEqual(got.Processes[0].Argv, want.Processes[0].Argv) {
		t.Error("command line or environment differ")
	}
}
