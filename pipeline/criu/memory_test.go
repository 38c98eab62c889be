package criu_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/pagemap"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/criu"
)

func run(address, pages uint64, flags uint32) *pagemap.PagemapEntry {
	return &pagemap.PagemapEntry{Vaddr: &address, CompatNrPages: new(uint32), NrPages: &pages, Flags: &flags}
}

// TestPagemapOffsets: the same page map means other addresses and offsets with
// each page size, and only runs that are present advance the offset.
func TestPagemapOffsets(t *testing.T) {
	const lazyPresent = criu.PageLazy | criu.PagePresent
	for _, size := range []uint64{4 << 10, 16 << 10, 64 << 10} {
		base := uint64(1 << 32)
		p, err := criu.ReadPagemap(pagemapReader(t,
			run(base, 2, criu.PagePresent),
			run(base+2*size, 3, criu.PageParent),
			run(base+5*size, 1, criu.PageLazy),
			run(base+8*size, 4, lazyPresent),
		))
		if err != nil {
			t.Fatal(err)
		}
		if dropped := p.Index(size); dropped != 0 || p.PagesID != 7 || p.StoredPages != 6 {
			t.Errorf("page size %d: %d dropped, pages id %d, %d stored", size, dropped, p.PagesID, p.StoredPages)
		}
		for _, c := range []struct {
			page    uint64
			content criu.Content
			offset  uint64 // in pages
			hole    bool
		}{
			{page: 0, content: criu.Present, offset: 0}, {page: 1, content: criu.Present, offset: 1}, {page: 2, content: criu.Parent},
			{page: 4, content: criu.Parent}, {page: 5, content: criu.Lazy}, {page: 6, hole: true}, {page: 7, hole: true},
			{page: 8, content: criu.Present, offset: 2}, {page: 11, content: criu.Present, offset: 5}, {page: 12, hole: true},
		} {
			address := base + c.page*size + 17
			r := runAt(p, address)
			if (r == nil) != c.hole {
				t.Errorf("page size %d, page %d: run %v", size, c.page, r)
				continue
			}
			if r == nil {
				continue
			}
			if r.Content() != c.content {
				t.Errorf("page size %d, page %d: %v", size, c.page, r.Content())
			}
			if offset, ok := r.Offset(address, size); c.content == criu.Present && (!ok || offset != c.offset*size+17) {
				t.Errorf("page size %d, page %d: offset %d", size, c.page, offset)
			}
		}
		if n := p.Count(base+size, base+9*size); n != [3]uint64{criu.Present: 2, criu.Parent: 3, criu.Lazy: 1} {
			t.Errorf("page size %d: counted %v", size, n)
		}
		if r := runAt(p, base-1); r != nil {
			t.Errorf("page size %d: an address before the first run is in %v", size, r)
		}
	}
}

// runAt returns the run that holds an address, nil where there is a hole.
func runAt(p *criu.Pagemap, address uint64) *criu.Run {
	for part := range p.Within(address, address+1) {
		return part.Run
	}
	return nil
}

// TestOldPagemap: images from before CRIU 4.2 have counts in another field, and
// older ones in_parent in place of flags.
func TestOldPagemap(t *testing.T) {
	old := func(address uint64, pages uint32, parent *bool) *pagemap.PagemapEntry {
		return &pagemap.PagemapEntry{Vaddr: &address, CompatNrPages: &pages, InParent: parent}
	}
	p, err := criu.ReadPagemap(pagemapReader(t, old(0x1000, 2, nil), old(0x3000, 1, proto.Bool(true)), old(0x4000, 1, proto.Bool(false))))
	if err != nil {
		t.Fatal(err)
	}
	p.Index(4096)
	if n := p.Count(0, 0x10000); n != [3]uint64{criu.Present: 3, criu.Parent: 1} {
		t.Errorf("counted %v", n)
	}
	if offset, ok := runAt(p, 0x4000).Offset(0x4000, 4096); !ok || offset != 2*4096 {
		t.Errorf("offset %d", offset)
	}
}

// TestChunkedGhost: holes are zeros, before, between and behind chunks, and a
// chunk that runs past the end is clipped.
func TestChunkedGhost(t *testing.T) {
	x := func(n int) []byte { return bytes.Repeat([]byte{'x'}, n) }
	zero := func(n int) []byte { return make([]byte, n) }
	for _, c := range []struct {
		name   string
		size   uint64
		chunks map[uint64]int
		want   []byte
		stored uint64
	}{
		{"holes between", 20000, map[uint64]int{0: 4096, 8192: 4096}, slicesOf(x(4096), zero(4096), x(4096), zero(20000-12288)), 8192},
		{"clipped", 5000, map[uint64]int{0: 4096, 4096: 4096}, x(5000), 8192},
		{"all hole", 30000, nil, zero(30000), 0},
		{"hole first", 8192, map[uint64]int{4096: 4096}, slicesOf(zero(4096), x(4096)), 4096},
	} {
		g, err := criu.ReadGhost(bytes.NewReader(chunkedGhost(t, c.size, c.chunks)), 1<<20, 0, io.Discard)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		sum := sha256.Sum256(c.want)
		if g.SHA256 != hex.EncodeToString(sum[:]) || g.Size != c.size || g.Stored != c.stored || g.Chunks != uint32(len(c.chunks)) {
			t.Errorf("%s: sha256 %s, size %d, stored %d, chunks %d", c.name, g.SHA256, g.Size, g.Stored, g.Chunks)
		}
	}
}

func slicesOf(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
