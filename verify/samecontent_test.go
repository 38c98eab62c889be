//go:build !noduckdb

package verify_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
)

// packed is a member of an archive.
type packed struct {
	name    string
	kind    byte
	link    string
	content []byte
}

// unpack reads a tar.
func unpack(t *testing.T, in io.Reader) (members []packed) {
	t.Helper()
	for r := tar.NewReader(in); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return members
		}
		must(t, err)
		content, err := io.ReadAll(r)
		must(t, err)
		members = append(members, packed{h.Name, h.Typeflag, h.Linkname, content})
	}
}

// pack writes a tar.
func pack(t *testing.T, members []packed) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range members {
		must(t, w.WriteHeader(&tar.Header{Name: m.name, Typeflag: m.kind, Linkname: m.link, Mode: 0o600, Size: int64(len(m.content))}))
		_, err := w.Write(m.content)
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

// with returns members of which the named ones are changed.
func with(members []packed, name string, change func([]byte) []byte) []packed {
	changed := slices.Clone(members)
	for i := range changed {
		if changed[i].name == name {
			changed[i].content = change(slices.Clone(changed[i].content))
		}
	}
	return changed
}

// original is a real archive.
func original(t *testing.T) []packed {
	t.Helper()
	f, err := os.Open("../testdata/archives/rootfs-changes.tar.gz")
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	return unpack(t, z)
}

// inFile changes a byte of the first file with content in a tar of files.
func inFile(t *testing.T, data []byte) []byte {
	files := unpack(t, bytes.NewReader(data))
	i := slices.IndexFunc(files, func(m packed) bool { return len(m.content) > 0 })
	files[i].content[0] ^= 1
	return pack(t, files)
}

func lastByte(data []byte) []byte {
	data[len(data)-1] ^= 1
	return data
}

// numbers runs a query of numbers over tables of an output.
func numbers(t *testing.T, format sinks.Format, path, query string, tables ...string) string {
	t.Helper()
	db, err := format.OpenSQL(t.Context(), path, sinks.SQLOptions{Tables: tables, MemoryBytes: 1 << 30})
	must(t, err)
	defer db.Close()
	var text string
	must(t, db.QueryRowContext(t.Context(), query).Scan(&text))
	return text
}

// TestSameImages exports archives whose images and metadata are equal, in both
// orders, in one run and in two: what differs is told, and nothing is lost.
func TestSameImages(t *testing.T) {
	members := original(t)
	plain := pack(t, members)
	large := func(data []byte) []byte { return append(data, make([]byte, 5<<20)...) }
	byteOfLarge := func(data []byte) []byte { return lastByte(large(data)) }
	cut := func(data []byte) []byte { return data[:len(data)/2] }
	const (
		two       = "2 checkpoints, 2 problems, not compared: NULL"
		duplicate = "1 checkpoints, 0 problems, not compared: "
	)
	for _, c := range []struct {
		name, want string
		a, b       []byte
		whole      bool // verify --against finds nothing
		inDuckDB   bool // try it there too: only the ledger is read in another way
	}{
		{"copies", duplicate + "[]", plain, plain, true, false},
		{"compressed copy", duplicate + "[]", plain, gzipped(t, plain), true, true},
		{"a byte of a page", two, plain, pack(t, with(members, "checkpoint/pages-1.img", lastByte)), true, false},
		{"a byte of a page, compressed", two, gzipped(t, plain), gzipped(t, pack(t, with(members, "checkpoint/pages-1.img", lastByte))), true, false},
		{"a byte of a file", two, plain, pack(t, with(members, "rootfs-diff.tar", func(data []byte) []byte { return inFile(t, data) })), true, true},
		{"fewer files", two, plain, pack(t, with(members, "rootfs-diff.tar", cut)), true, false},
		{"a byte of many pages", two, gzipped(t, pack(t, with(members, "checkpoint/pages-1.img", large))), gzipped(t, pack(t, with(members, "checkpoint/pages-1.img", byteOfLarge))), true, false},
		{"copies with many pages", duplicate + "[pages]", pack(t, with(members, "checkpoint/pages-1.img", large)), pack(t, with(members, "checkpoint/pages-1.img", large)), true, false},
		{"a byte of many pages that are not read", duplicate + "[pages]", pack(t, with(members, "checkpoint/pages-1.img", large)), pack(t, with(members, "checkpoint/pages-1.img", byteOfLarge)), false, true},
	} {
		for _, format := range []sinks.Format{dataset, duckdb.Format()} {
			orders := []string{"one run", "two runs", "two runs, the other first"}
			if format.Name != dataset.Name {
				orders = orders[2:]
				if !c.inDuckDB {
					continue
				}
			}
			for _, order := range orders {
				t.Run(c.name+", "+format.Name+", "+order, func(t *testing.T) {
					archives, path := t.TempDir(), filepath.Join(t.TempDir(), "fleet"+format.Suffixes[0])
					wanted := append(tables("filesystem_entries"), some...)
					first, second := c.a, c.b
					if strings.Contains(order, "other") {
						first, second = second, first
					}
					must(t, os.WriteFile(filepath.Join(archives, "1.tar"), first, 0o600))
					if order != "one run" {
						exportRun(t, "run1", format, wanted, archives, path)
					}
					must(t, os.WriteFile(filepath.Join(archives, "2.tar"), second, 0o600))
					exportRun(t, "run2", format, wanted, archives, path)
					exportRun(t, "run3", format, wanted, archives, path) // there is nothing new
					got := numbers(t, format, path, `SELECT (SELECT count(*) FROM checkpoints) || ' checkpoints, ' ||
						(SELECT count(DISTINCT checkpoint_id) FROM problems WHERE code = 'other_content') || ' problems, not compared: ' ||
						coalesce((SELECT any_value(not_compared)::VARCHAR FROM archives), 'NULL')`, "checkpoints", "problems", "archives")
					if got != c.want {
						t.Errorf("got %s, want %s", got, c.want)
					}
					if report := check(t, format, path, ""); !report.Whole {
						t.Errorf("the output is damaged: %s", text(report.Findings))
					}
					report := check(t, format, path, archives)
					if c.whole && len(report.Findings) > 0 {
						t.Errorf("verify --against: %s", text(report.Findings))
					} else if !c.whole {
						expect(t, report, "damage: archive:  .*/[12].tar: the output lacks its checkpoint [0-9a-f]{32}; the images and metadata are those of [0-9a-f]{32}, and its memory pages")
					}
				})
			}
		}
	}
}
