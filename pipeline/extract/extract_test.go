package extract_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/extract"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

func own(name string) string { return filepath.Join("../../testdata/archives", name) }

// extracted is what an extraction wrote.
type extracted struct {
	dir     string
	items   []extract.Item
	summary *extract.Summary
}

func run(t *testing.T, s extract.Selection, archives ...string) extracted {
	t.Helper()
	e := extracted{dir: filepath.Join(t.TempDir(), "out")}
	to, err := extract.CreateFolder(e.dir)
	if err != nil {
		t.Fatal(err)
	}
	opts := extract.Options{Selection: s, Limits: decode.DefaultLimits(), Jobs: 2, To: to, OnItem: func(i extract.Item) { e.items = append(e.items, i) }}
	for _, a := range archives {
		opts.Archives = append(opts.Archives, source.Item{Input: source.Path(a)})
	}
	if e.summary, err = extract.Run(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	e.checkFolder(t)
	return e
}

// checkFolder checks that the folder has what the manifest says, and no more: whole
// files of the right name, for the owner only.
func (e *extracted) checkFolder(t *testing.T) {
	t.Helper()
	expected := map[string]bool{}
	manifest, err := os.Open(filepath.Join(e.dir, extract.ManifestName))
	if errors.Is(err, os.ErrNotExist) && len(e.items) == 0 {
		return
	} else if err != nil {
		t.Fatal(err)
	}
	defer manifest.Close()
	lines := bufio.NewScanner(manifest)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var i extract.Item
		if err := json.Unmarshal(lines.Bytes(), &i); err != nil {
			t.Fatal(err)
		}
		if i.Number != n || i.Name != e.items[n-1].Name {
			t.Errorf("line %d of the manifest is of item %d, %s", n, i.Number, i.Name)
		}
		if i.Name == "" {
			continue
		}
		expected[i.Name], expected[i.Map] = true, true
		data := e.content(t, i)
		sum := sha256.Sum256(data)
		if hex.EncodeToString(sum[:]) != i.SHA256 || uint64(len(data)) != *i.Size || !strings.HasPrefix(i.Name, fmt.Sprintf("%05d-%s", n, i.SHA256[:16])) {
			t.Errorf("%s has %d bytes with SHA-256 %x", i.Name, len(data), sum)
		}
	}
	files, err := os.ReadDir(e.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != 0o600 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
		if f.Name() != extract.ManifestName && !expected[f.Name()] {
			t.Errorf("%s stands in the folder, and not in the manifest", f.Name())
		}
	}
}

func (e *extracted) content(t *testing.T, i extract.Item) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(e.dir, i.Name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func glob(t *testing.T, text string) extract.Glob {
	t.Helper()
	g, err := extract.ParseGlob(text)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// tarMembers reads the files of a tar.
func tarMembers(t *testing.T, in io.Reader) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for r := tar.NewReader(in); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if files[strings.TrimPrefix(h.Name, "./")], err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func gzipMembers(t *testing.T, archive string) map[string][]byte {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return tarMembers(t, in)
}

// TestFiles extracts all captured files: changes of the root file system, those of
// volumes. They are those of the tars within the archive, byte by byte.
func TestFiles(t *testing.T) {
	for name, roots := range map[string]map[string]string{
		"rootfs-changes.tar.gz": {"rootfs-diff.tar": "/"},
		"volumes.tar.gz":        {"rootfs-diff.tar": "/", "volumes/fleetvol.tar": "/vol"},
	} {
		t.Run(name, func(t *testing.T) {
			want := map[string][]byte{}
			members := gzipMembers(t, own(name))
			for member, root := range roots {
				if members[member] == nil {
					t.Fatalf("no member %s", member)
				}
				for file, data := range tarMembers(t, bytes.NewReader(members[member])) {
					if !strings.HasPrefix(path.Base(file), ".wh.") {
						want[path.Join(root, file)] = data
					}
				}
			}
			got := run(t, extract.Selection{Files: []extract.Glob{glob(t, "/**")}}, own(name))
			for _, i := range got.items {
				if i.Type != "file" || i.Origin == "devshm" || i.Origin == "tmpfs" {
					if i.Type != "file" && i.Name != "" {
						t.Errorf("%s is a %s with content", i.Path, i.Type)
					}
					continue
				}
				raw, err := base64.StdEncoding.DecodeString(i.PathBase64)
				if err != nil {
					t.Fatal(err)
				}
				data, ok := want[string(raw)]
				if !ok || !bytes.Equal(data, got.content(t, i)) || len(i.Absent) > 0 {
					t.Errorf("%s: %s", i.Origin, i.Path)
				}
				delete(want, string(raw))
			}
			for file := range want {
				t.Errorf("%s was not extracted", file)
			}
			if len(got.summary.NotFound)+len(got.summary.Bad) > 0 {
				t.Errorf("%+v", got.summary)
			}
		})
	}
}

// TestManyFiles extracts one of so many files that their rows are packed.
func TestManyFiles(t *testing.T) {
	var diff, whole bytes.Buffer
	file := func(w *tar.Writer, name string, data []byte) {
		err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Typeflag: tar.TypeReg, Size: int64(len(data))})
		if _, writeErr := w.Write(data); err != nil || writeErr != nil {
			t.Fatal(err, writeErr)
		}
	}
	end := func(w *tar.Writer) {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	files := tar.NewWriter(&diff)
	for i := range 5000 {
		file(files, fmt.Sprintf("srv/%d", i), fmt.Appendf(nil, "file %d", i))
	}
	end(files)
	outer := tar.NewWriter(&whole)
	for name, data := range gzipMembers(t, own("rootfs-changes.tar.gz")) {
		if name != "rootfs-diff.tar" {
			file(outer, name, data)
		}
	}
	file(outer, "rootfs-diff.tar", diff.Bytes())
	end(outer)
	archive := filepath.Join(t.TempDir(), "many.tar")
	if err := os.WriteFile(archive, whole.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t, extract.Selection{Files: []extract.Glob{glob(t, "/srv/4321")}}, archive)
	if len(got.items) != 1 || string(got.content(t, got.items[0])) != "file 4321" {
		t.Errorf("extracted %+v", got.items)
	}
}

// TestGhosts extracts deleted files, with their holes: they have the SHA-256 that an
// export gives them.
func TestGhosts(t *testing.T) {
	table, _ := schema.Lookup("ghost_files")
	d := decode.Decoder{Limits: decode.DefaultLimits(), Tables: []*schema.Table{table}}
	result, err := d.Decode(t.Context(), source.Path(own("ghost-files.tar")))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, g := range result.Checkpoints[0].GhostFiles {
		if g.SHA256 != nil {
			want[g.Paths.Text[0]] = *g.SHA256
		}
	}
	got := run(t, extract.Selection{Files: []extract.Glob{glob(t, "ghost.*")}}, own("ghost-files.tar"))
	for _, i := range got.items {
		if i.Origin == "ghost" && want[i.Path] != i.SHA256 {
			t.Errorf("%s has SHA-256 %s, want %s", i.Path, i.SHA256, want[i.Path])
		}
		delete(want, i.Path)
	}
	if len(want) > 0 || len(got.items) < 3 {
		t.Errorf("%d items, and not extracted: %v", len(got.items), want)
	}
}

// TestMemfds extracts files that are memory alone.
func TestMemfds(t *testing.T) {
	got := run(t, extract.Selection{Files: []extract.Glob{glob(t, "/memfd:*")}}, own("everything.tar.zst"))
	found := map[string]string{}
	for _, i := range got.items {
		found[i.Path] = string(got.content(t, i))
	}
	want := map[string]string{"/memfd:sealed": "#!/bin/sh\necho sealed\n", `/memfd:odd name\n\xff`: "x"}
	for path, content := range want {
		if found[path] != content {
			t.Errorf("%s: %q in %q", path, found[path], found)
		}
	}
}

// TestGlobs: ** is any number of folders, and a pattern without a slash in front may
// begin in any.
func TestGlobs(t *testing.T) {
	for pattern, names := range map[string]map[string]bool{
		"/etc/passwd": {"/etc/passwd": true, "/x/etc/passwd": false, "/etc": false},
		"*.so":        {"/a.so": true, "/usr/lib/b.so": true, "/usr/b.so.1": false},
		"/tmp/**":     {"/tmp": true, "/tmp/a": true, "/tmp/a/b": true, "/var/tmp/a": false},
		"/a/**/z":     {"/a/z": true, "/a/b/c/z": true, "/a/b/zz": false},
		"etc/*":       {"/etc/x": true, "/usr/etc/x": true, "/etc/x/y": false},
		"/**":         {"/": true, "/x": true},
		`/a\[1]`:      {"/a[1]": true, "/a1": false},
	} {
		for name, want := range names {
			if g := glob(t, pattern); g.Matches(name) != want {
				t.Errorf("%q of %q: %v", pattern, name, !want)
			}
		}
	}
	for _, pattern := range []string{"", "/a[", strings.Repeat("/a", 100)} {
		if _, err := extract.ParseGlob(pattern); err == nil {
			t.Errorf("%q is a pattern", pattern)
		}
	}
}

// TestNothing looks for what is not there.
func TestNothing(t *testing.T) {
	got := run(t, extract.Selection{Files: []extract.Glob{glob(t, "/no/such")}, Cores: []extract.Processes{{PID: 4711}}}, own("redis.tar.zst"))
	if want := "[--file /no/such --core 4711]"; len(got.items) > 0 || fmt.Sprint(got.summary.NotFound) != want {
		t.Errorf("%d items, not found: %v", len(got.items), got.summary.NotFound)
	}
}
