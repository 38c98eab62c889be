package decode_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/pipeline/textclass"
	"github.com/ckexport/ckexport/schema"
)

// TestMemoryStrings: what is planted in real containers is found, each text stands
// where its row says, and how the archive is packed changes nothing.
func TestMemoryStrings(t *testing.T) {
	for _, c := range []struct {
		path    string
		planted []string // class, kind of mapping, value
	}{
		{own("redis.tar.zst"), []string{"secret anon REDIS-SESSION-TOKEN"}},
		{own("everything.tar.zst"), []string{"secret memfd MEMFD-SECRET-CONTENT"}},
		{own("memhash-shm.tar"), []string{"secret sysv SYSV-SHM-SECRET", "secret stack message-two-SECRET"}},
		{"../../testdata/more/memfd.tar.zst", []string{"secret memfd MEMFD-SECRET-CONTENT"}},
		{"../../testdata/more/python-tcp-established.tar.gz", []string{"secret anon PY-HEAP-SECRET-zzzzzzzzzz"}},
	} {
		members := readTar(t, c.path)
		rows := decodeMemory(t, c.path).Checkpoints[0]
		s := &subject{name: c.path, path: c.path, rows: rows, t: t}
		images := pagesImages(t, c.path, "checkpoint")
		var found []string
		for _, row := range rows.MemoryStrings {
			value := exact(row.Value)
			found = append(found, strings.Join([]string{row.Class, *row.MappingKind, value}, " "))
			if got := s.memoryAt(images, row, len(value)); row.Encoding != string(textclass.UTF16LE) && got != value {
				t.Errorf("%s: %q stands at %#x in place of %q", c.path, got, row.Address, value)
			}
		}
		for _, want := range c.planted {
			if !slices.Contains(found, want) {
				t.Errorf("%s: %s is not found", c.path, want)
			}
		}
		split := splitMemory(t, members)
		for variant, path := range map[string]string{
			"pages first":  writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, reversed(members)))),
			"parent":       writeFile(t, "a.tar", tarOf(t, split)),
			"parent, gzip": writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, reversed(split)))),
		} {
			if diff := cmp.Diff(rows.MemoryStrings, decodeMemory(t, path).Checkpoints[0].MemoryStrings); diff != "" {
				t.Errorf("%s, %s: rows differ:\n%s", c.path, variant, diff)
			}
		}
	}
}

// memoryAt returns what stands where a row says, by the rows of pagemaps.
func (s *subject) memoryAt(images map[uint32][]byte, row schema.MemoryString, n int) string {
	kind, id := "shared", uint64(0)
	if row.PID != nil {
		kind, id = "process", uint64(*row.PID)
	} else {
		id = *row.ShmemID
	}
	var data []byte
	for at := row.Address; at < row.Address+uint64(n); at += pageSize - at%pageSize {
		page, _ := s.page(images, kind, id, at-at%pageSize)
		data = append(data, page[min(at%pageSize, uint64(len(page))):]...)
	}
	return string(data[:min(n, len(data))])
}

// TestStringClasses: the dictionary names all classes.
func TestStringClasses(t *testing.T) {
	table, _ := schema.Lookup("memory_strings")
	for _, class := range textclass.Classes() {
		if !strings.Contains(table.Column("class").Doc, class) {
			t.Errorf("memory_strings.class does not name %s", class)
		}
	}
}
