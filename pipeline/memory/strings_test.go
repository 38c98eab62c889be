package memory_test

import (
	"bytes"
	"testing"

	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/pipeline/textclass"
)

// TestStrings: texts across borders of pages and blocks are whole, also where one
// page is of a parent checkpoint; equal ones are counted, and a gap ends a text.
func TestStrings(t *testing.T) {
	const pages = 130 // three blocks
	content := make([]byte, pages*pageSize)
	for _, at := range []int{pageSize - 10, memory.MaxBlock - 12, 2*memory.MaxBlock - 3, 100} {
		copy(content[at:], "\x00https://example.com/whole\x00")
	}
	copy(content[pageSize*66-4:], "/gap/")
	copy(content[pageSize*69-8:], "\x00/etc/passwd")
	split := func(first, last func(page int) bool) []*memory.String {
		finder := memory.NewStrings(func(int64) bool { return true })
		reader := &memory.Reader{Take: func(int64) bool { return true }, Complete: true}
		parent, child := reader.NewCheckpoint(), reader.NewCheckpoint(finder)
		child.SetParent(parent)
		images := [2][]byte{}
		for n, c := range []*memory.Checkpoint{parent, child} {
			p := pagemapOf(uint32(n))
			for i := range pages {
				switch {
				case i >= 66 && i < 68: // holes
				case n == 0 && first(i), n == 1 && last(i):
					r := run(uint64(10+i), 1, 4)
					r.FirstPage = p.StoredPages
					p.Runs, p.StoredPages = append(p.Runs, r), p.StoredPages+1
					images[n] = append(images[n], content[i*pageSize:(i+1)*pageSize]...)
				case n == 1:
					p.Runs = append(p.Runs, run(uint64(10+i), 1, 1))
				}
			}
			c.Process(1).SetPagemap(p)
		}
		for n, c := range []*memory.Checkpoint{parent, child} {
			if err := c.AddPages(uint32(n), "pages", uint64(len(images[n])), nil).Read(bytes.NewReader(images[n])); err != nil {
				t.Fatal(err)
			}
		}
		return finder.Of(child.Process(1))
	}
	all, none := func(int) bool { return true }, func(int) bool { return false }
	for name, got := range map[string][]*memory.String{
		"its own":      split(none, all),
		"all of them":  split(all, none),
		"by turns":     split(all, func(page int) bool { return page%2 == 0 }),
		"by turns too": split(all, func(page int) bool { return page%2 == 1 }),
	} {
		if len(got) != 2 {
			t.Errorf("%s: %d texts", name, len(got))
			continue
		}
		url, path := got[0], got[1]
		if url.Value != "https://example.com/whole" || url.Count != 4 || url.Address != 10*pageSize+101 || url.Encoding != textclass.ASCII {
			t.Errorf("%s: %+v", name, url)
		}
		if path.Value != "/etc/passwd" || path.Class != "path" || path.Count != 1 {
			t.Errorf("%s: %+v", name, path)
		}
	}
}

// TestManyStrings: more texts than there is memory for are left out, and that is
// told by class.
func TestManyStrings(t *testing.T) {
	room := int64(1000)
	finder := memory.NewStrings(func(bytes int64) bool { room -= bytes; return room >= 0 })
	reader := &memory.Reader{Take: func(int64) bool { return true }, Complete: true}
	c := reader.NewCheckpoint(finder)
	content := make([]byte, pageSize)
	for i := range 100 {
		copy(content[i*40:], "/usr/lib/"+string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	c.Process(1).SetPagemap(pagemapOf(1, run(1, 1, 4)))
	if err := c.AddPages(1, "pages", pageSize, nil).Read(bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	if got := finder.Of(c.Process(1)); len(got) == 0 || len(got) > 10 || !finder.Full["path"] {
		t.Errorf("%d texts, full: %v", len(got), finder.Full)
	}
}
