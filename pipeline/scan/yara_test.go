//go:build yara && cgo

package scan_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/pipeline/scan"
	"github.com/ckexport/ckexport/pipeline/yara"
)

const pageSize = 4096

func newArchive(t *testing.T, rules string) *scan.Archive {
	t.Helper()
	compiled, err := yara.Compile([]yara.File{{Name: "test", Text: rules}})
	if err != nil {
		t.Fatal(err)
	}
	scanner := scan.NewScanner(compiled)
	a := scanner.Archive(func(int64) bool { return true })
	t.Cleanup(func() {
		a.Close()
		scanner.Close()
		compiled.Close()
	})
	return a
}

// TestMemory scans a process with a marker across each border of two pages: it is
// found once, unless the pages belong to two mappings, or one of them is absent.
func TestMemory(t *testing.T) {
	const marker = "MARKER-OF-THE-TEST"
	present := uint32(criu.PagePresent)
	const first, border, gap, pages = 16, 100, 200, 400
	p := &criu.Pagemap{PagesID: 1, StoredPages: pages, Runs: []criu.Run{
		{Address: first * pageSize, Pages: gap - first, Flags: &present},
		{Address: (gap + 1) * pageSize, Pages: pages - (gap - first), FirstPage: gap - first, Flags: &present},
	}}
	image := make([]byte, pages*pageSize)
	for at := pageSize; at < len(image); at += pageSize {
		copy(image[at-9:], marker)
	}
	r := &memory.Reader{Take: func(int64) bool { return true }}
	a := newArchive(t, `rule m { strings: $m = "`+marker+`" fullword condition: #m > 300 }`)
	consumer := a.Memory()
	c := r.NewCheckpoint(consumer)
	s := c.Process(7)
	s.SetDescriptor(&mm.MmEntry{Vmas: []*vma.VmaEntry{
		{Start: proto.Uint64(first * pageSize), End: proto.Uint64(border * pageSize)},
		{Start: proto.Uint64(border * pageSize), End: proto.Uint64(1000 * pageSize)},
	}})
	s.SetPagemap(p)
	if err := c.AddPages(1, "pages-1.img", uint64(len(image)), nil).Read(bytes.NewReader(image)); err != nil {
		t.Fatal(err)
	}
	var got, want []uint64
	for _, h := range consumer.Of(s) {
		got = append(got, h.Address)
	}
	for page := uint64(first + 1); page <= pages+first; page++ {
		if page != border && page != gap && page != gap+1 {
			want = append(want, page*pageSize-9)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d hits, want %d: %x", len(got), len(want), got)
	}
	if a.Err != nil || a.Full || a.Skipped {
		t.Error(a.Err, a.Full, a.Skipped)
	}
}

// TestContent scans contents of all sizes: filesize is right in all, and of small
// ones conditions can read the beginning.
func TestContent(t *testing.T) {
	for _, size := range []int{0, 10, scan.WholeSize, scan.WholeSize + 1, scan.WholeSize + 5*scan.BlockSize/2} {
		a := newArchive(t, fmt.Sprintf(`rule size { condition: filesize == %d } rule head { condition: uint8(0) == 0x61 } rule end { strings: $e = "END" condition: $e at %d }`, size, size-3))
		content := bytes.Repeat([]byte{'a'}, size)
		copy(content[max(0, size-3):], "END")
		c := a.Content()
		for rest := content; len(rest) > 0; {
			n := min(len(rest), 32<<10)
			if _, err := c.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		var got []string
		for _, h := range c.End() {
			got = append(got, h.Rule.Name)
		}
		want := []string{"size"}
		if size > 0 && size <= scan.WholeSize {
			want = append(want, "head")
		}
		if size > 0 {
			want = append(want, "end")
		}
		if !slices.Equal(got, want) || a.Err != nil {
			t.Errorf("%d bytes: %v, want %v; %v", size, got, want, a.Err)
		}
	}
}
