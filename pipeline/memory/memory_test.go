package memory_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
)

const pageSize = 4096

// run makes a run of a page map.
func run(page, pages uint64, flags uint32) criu.Run {
	return criu.Run{Address: page * pageSize, Pages: pages, Flags: &flags}
}

// pagemapOf makes a page map, as criu.ReadPagemap does.
func pagemapOf(id uint32, runs ...criu.Run) *criu.Pagemap {
	p := &criu.Pagemap{PagesID: id}
	for _, r := range runs {
		if *r.Flags&criu.PagePresent != 0 {
			r.FirstPage = p.StoredPages
			sum, carry := bits.Add64(p.StoredPages, r.Pages, 0)
			if carry != 0 {
				break
			}
			p.StoredPages = sum
		}
		p.Runs = append(p.Runs, r)
	}
	return p
}

// imageOf makes the pages image of a page map: each page tells its address, and
// the generation that it is of.
func imageOf(p *criu.Pagemap, generation byte) []byte {
	var image []byte
	for _, r := range p.Runs {
		if *r.Flags&criu.PagePresent == 0 {
			continue
		}
		for i := range r.Pages {
			page := bytes.Repeat([]byte{generation}, pageSize)
			binary.LittleEndian.PutUint64(page, r.Address+i*pageSize)
			image = append(image, page...)
		}
	}
	return image
}

// descriptorOf makes a memory descriptor with mappings of so many pages.
func descriptorOf(auxv []uint64, mappings ...memory.Range) *mm.MmEntry {
	m := &mm.MmEntry{MmSavedAuxv: auxv}
	for _, r := range mappings {
		m.Vmas = append(m.Vmas, &vma.VmaEntry{Start: proto.Uint64(r.Start * pageSize), End: proto.Uint64(r.End * pageSize), Status: proto.Uint32(criu.VMAAnonPrivate)})
	}
	return m
}

// collector is a consumer that keeps what it gets of the first addressSpace bytes.
type collector struct {
	t         testing.TB
	ranges    func(*memory.Space) []memory.Range
	asked     map[*memory.Space]int
	got       map[*memory.Space]*content
	inherited map[*memory.Space]int
}

const addressSpace = 600 * pageSize

type content struct {
	data  [addressSpace]byte
	came  [addressSpace]bool
	count int
}

func newCollector(t testing.TB, ranges func(*memory.Space) []memory.Range) *collector {
	return &collector{t: t, ranges: ranges, asked: map[*memory.Space]int{}, got: map[*memory.Space]*content{}, inherited: map[*memory.Space]int{}}
}

func (c *collector) Wants(s *memory.Space) []memory.Range {
	if c.asked[s]++; c.asked[s] > 1 {
		c.t.Errorf("asked %d times", c.asked[s])
	}
	c.got[s] = &content{}
	return c.ranges(s)
}

func (c *collector) Pages(b memory.Block) {
	if len(b.Data) == 0 || len(b.Data) > memory.MaxBlock {
		c.t.Fatalf("a block of %d bytes", len(b.Data))
	}
	if m := b.Mapping; m != nil && (b.Address < m.GetStart() || b.Address+uint64(len(b.Data)) > m.GetEnd()) {
		c.t.Errorf("a block at %#x of %d bytes in the mapping %#x-%#x", b.Address, len(b.Data), m.GetStart(), m.GetEnd())
	}
	got := c.got[b.Space]
	copy(got.data[b.Address:], b.Data)
	for i := range b.Data {
		at := b.Address + uint64(i)
		if got.came[at] {
			c.t.Fatalf("%#x came twice", at)
		}
		got.came[at] = true
	}
	got.count += len(b.Data)
	if b.Inherited {
		c.inherited[b.Space] += len(b.Data)
	}
}

// generation is a checkpoint of a chain, each the parent of the next.
type generation struct {
	pagemap *criu.Pagemap
	image   []byte
	space   *memory.Space
	pages   *memory.Pages
}

// expected returns the page at an address, as the newest page map that does not
// refer to its parent says.
func expected(chain []generation, address uint64) (page []byte, ok bool) {
	for _, g := range slices.Backward(chain) {
		g.pagemap.Index(pageSize)
		var r *criu.Run
		for part := range g.pagemap.Within(address, address+1) {
			r = part.Run
		}
		if r == nil || r.Content() == criu.Lazy {
			return nil, false
		}
		if r.Content() == criu.Present {
			offset, _ := r.Offset(address, pageSize)
			return g.image[offset : offset+pageSize], true
		}
	}
	return nil, false
}

// TestDelivery: whatever is wanted and is there comes once, with the content
// that a look-up address by address finds, in whatever order images come.
func TestDelivery(t *testing.T) {
	const pages = 400 // of the address space
	inherited := 0
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		var chain []generation
		for n := range 3 {
			var runs []criu.Run
			for at := uint64(random.IntN(3)); at < pages; {
				flags := []uint32{criu.PagePresent, criu.PagePresent, criu.PageParent, criu.PageLazy, criu.PageLazy | criu.PagePresent}[random.IntN(5)]
				size := uint64(1 + random.IntN(90))
				runs = append(runs, run(at, size, flags))
				at += size + uint64(random.IntN(3))/2
			}
			p := pagemapOf(uint32(n), runs...)
			chain = append(chain, generation{pagemap: p, image: imageOf(p, byte(n+1))})
		}
		ranges := func(s *memory.Space) []memory.Range {
			var list []memory.Range
			if mappings := memory.NewMappings(s.Descriptor()).ByStart; len(mappings) > 0 && random.IntN(3) == 0 {
				list = append(list, memory.Range{Start: mappings[0].GetStart(), End: mappings[0].GetEnd()})
			}
			for range random.IntN(5) {
				start := random.Uint64N(pages * pageSize)
				list = append(list, memory.Range{Start: start, End: start + random.Uint64N(40*pageSize)})
			}
			return append(list, memory.Range{Start: 5, End: 5}, memory.Range{Start: 9, End: 3})
		}
		every, some := newCollector(t, func(*memory.Space) []memory.Range { return []memory.Range{memory.Everything} }), newCollector(t, nil)
		wanted := map[*memory.Space][]memory.Range{}
		some.ranges = func(s *memory.Space) []memory.Range {
			wanted[s] = ranges(s)
			return slices.Clone(wanted[s])
		}
		reader := &memory.Reader{Take: func(int64) bool { return true }}
		var parent *memory.Checkpoint
		var steps []func()
		for i := range chain {
			g := &chain[i]
			c := reader.NewCheckpoint(every, some)
			g.space = c.Process(7)
			if parent != nil {
				p := parent
				steps = append(steps, func() { c.SetParent(p) })
			}
			parent = c
			steps = append(steps,
				func() { g.space.SetPagemap(g.pagemap) },
				func() {
					g.space.SetDescriptor(descriptorOf([]uint64{6, pageSize}, memory.Range{Start: 10, End: 90}, memory.Range{Start: 90, End: 300}))
				},
				func() {
					var at io.ReaderAt
					if seed%2 == 0 {
						at = bytes.NewReader(g.image)
					}
					g.pages = c.AddPages(g.pagemap.PagesID, "pages", uint64(len(g.image)), at)
					if err := g.pages.Read(bytes.NewReader(g.image)); err != nil {
						t.Fatal(err)
					}
				})
		}
		if seed >= 4 {
			random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
		}
		for _, step := range steps {
			step()
		}
		reader.Complete = true
		for _, g := range chain {
			if g.pages.Wanted() {
				if err := g.pages.Read(bytes.NewReader(g.image)); err != nil {
					t.Fatal(err)
				}
			}
			if g.pages.Wanted() {
				t.Error("a pages image that was read is still wanted")
			}
		}
		for i, g := range chain {
			all, part := every.got[g.space], some.got[g.space]
			inRange := make([]bool, addressSpace)
			for _, r := range wanted[g.space] {
				for at := r.Start; at < r.End; at++ {
					inRange[at] = true
				}
			}
			for page := uint64(0); page < addressSpace; page += pageSize {
				want, ok := expected(chain[:i+1], page)
				for k := range uint64(pageSize) {
					at := page + k
					if all.came[at] != ok || part.came[at] != (ok && inRange[at]) || ok && all.data[at] != want[k] || part.came[at] && part.data[at] != want[k] {
						t.Fatalf("seed %d, generation %d, %#x: there: %t, came: %t, asked for: %t, came: %t", seed, i, at, ok, all.came[at], inRange[at], part.came[at])
					}
				}
			}
		}
		if every.inherited[chain[0].space] != 0 {
			t.Errorf("seed %d: what has no parent inherits", seed)
		}
		inherited += every.inherited[chain[2].space]
	}
	if inherited == 0 {
		t.Error("nothing was inherited")
	}
}

// TestBlocks: pages come in blocks that are as long as the image allows, and of
// whole pages, with those of other runs between.
func TestBlocks(t *testing.T) {
	p := pagemapOf(1, run(3, 100, criu.PagePresent), run(200, 1, criu.PagePresent), run(300, 60, criu.PagePresent))
	var sizes []int
	reader := &memory.Reader{Take: func(int64) bool { return true }}
	c := reader.NewCheckpoint(consumer{wants: memory.Everything, pages: func(b memory.Block) { sizes = append(sizes, len(b.Data)/pageSize) }})
	c.SharedObject(1).SetPagemap(p)
	image := imageOf(p, 0)
	if err := c.AddPages(1, "pages", uint64(len(image)), nil).Read(bytes.NewReader(image)); err != nil {
		t.Fatal(err)
	}
	if want := []int{64, 36, 1, 27, 33}; !slices.Equal(sizes, want) {
		t.Errorf("blocks of %v pages, want %v", sizes, want)
	}
}

// consumer wants the same range of every space.
type consumer struct {
	wants memory.Range
	pages func(memory.Block)
}

func (c consumer) Wants(*memory.Space) []memory.Range { return []memory.Range{c.wants} }
func (c consumer) Pages(b memory.Block)               { c.pages(b) }

// TestExtents: a hole of an anonymous mapping is zeros, other holes are absent.
func TestExtents(t *testing.T) {
	reader := &memory.Reader{Take: func(int64) bool { return true }}
	c := reader.NewCheckpoint(newCollector(t, func(*memory.Space) []memory.Range { return nil }))
	s := c.Process(1)
	s.SetPagemap(pagemapOf(1, run(1, 1, criu.PagePresent), run(2, 1, criu.PageParent), run(3, 1, criu.PageLazy), run(8, 1, criu.PagePresent)))
	d := descriptorOf(nil, memory.Range{Start: 0, End: 5}, memory.Range{Start: 6, End: 7})
	d.Vmas = append(d.Vmas, &vma.VmaEntry{Start: proto.Uint64(7 * pageSize), End: proto.Uint64(10 * pageSize), Status: proto.Uint32(criu.VMAFilePrivate)})
	s.SetDescriptor(d)
	if err := c.AddPages(1, "pages", 2*pageSize, nil).Read(bytes.NewReader(make([]byte, 2*pageSize))); err != nil {
		t.Fatal(err)
	}
	var got []memory.Where
	var at uint64
	for e := range s.Extents(memory.Range{Start: 0, End: 1 << 47}) {
		if e.Start != at {
			t.Errorf("an extent begins at %#x, the one before ends at %#x", e.Start, at)
		}
		got, at = append(got, e.Where), e.End
	}
	want := []memory.Where{memory.Zero, memory.Present, memory.Parent, memory.Lazy, memory.Zero, memory.Absent, memory.Zero, memory.Absent, memory.Present, memory.Absent, memory.Absent}
	if !slices.Equal(got, want) || at != 1<<47 {
		t.Errorf("extents %v up to %#x, want %v", got, at, want)
	}
}

// TestCutImage: what precedes the end of an image that is too short comes, in
// whole pages; and an image that ends early is an error.
func TestCutImage(t *testing.T) {
	p := pagemapOf(1, run(0, 10, criu.PagePresent))
	image := imageOf(p, 1)
	for _, c := range []struct {
		size, bytes int
		want        int
		err         error
	}{{10 * pageSize, 10 * pageSize, 10, nil}, {5*pageSize + 100, 5*pageSize + 100, 5, nil}, {0, 0, 0, nil}, {10 * pageSize, 100, 0, io.ErrUnexpectedEOF}} {
		reader := &memory.Reader{Take: func(int64) bool { return true }}
		all := newCollector(t, func(*memory.Space) []memory.Range { return []memory.Range{memory.Everything} })
		checkpoint := reader.NewCheckpoint(all)
		s := checkpoint.SharedObject(1)
		s.SetPagemap(p)
		if err := checkpoint.AddPages(1, "pages", uint64(c.size), nil).Read(bytes.NewReader(image[:c.bytes])); err != c.err {
			t.Errorf("%d bytes: %v", c.size, err)
		}
		if n := all.got[s].count; n != c.want*pageSize {
			t.Errorf("%d bytes: got %d", c.size, n)
		}
	}
}

// countingReader counts what is read at offsets.
type countingReader struct {
	io.ReaderAt
	bytes int
}

func (r *countingReader) ReadAt(p []byte, offset int64) (int, error) {
	r.bytes += len(p)
	return r.ReaderAt.ReadAt(p, offset)
}

// TestTexts: of a large mapping only the arguments and environment are read,
// and nothing if nobody wants anything.
func TestTexts(t *testing.T) {
	p := pagemapOf(1, run(0, 500, criu.PagePresent))
	image := imageOf(p, 'x')
	copy(image[3*pageSize-6:], "sh\x00-c\x00A=1\x00")
	d := descriptorOf([]uint64{6, pageSize}, memory.Range{Start: 0, End: 500})
	d.MmArgStart, d.MmArgEnd, d.MmEnvStart, d.MmEnvEnd = proto.Uint64(3*pageSize-6), proto.Uint64(3*pageSize), proto.Uint64(3*pageSize), proto.Uint64(3*pageSize+4)
	for _, wanted := range []bool{true, false} {
		texts := memory.NewTexts(1<<20, func(int64) bool { return true })
		reader := &memory.Reader{Take: func(int64) bool { return true }}
		c := reader.NewCheckpoint()
		if wanted {
			c = reader.NewCheckpoint(texts)
		}
		s := c.Process(1)
		s.SetPagemap(p)
		s.SetDescriptor(d)
		at := &countingReader{ReaderAt: bytes.NewReader(image)}
		if err := c.AddPages(1, "pages", uint64(len(image)), at).Read(nil); err != nil {
			t.Fatal(err)
		}
		if !wanted {
			if at.bytes != 0 {
				t.Errorf("%d bytes were read for nobody", at.bytes)
			}
			continue
		}
		got := texts.Of(s)
		if string(got.Cmdline()) != "sh\x00-c\x00" || string(got.Env.Data) != "A=1\x00" || at.bytes != 10 {
			t.Errorf("%q and %q, %d bytes read", got.Cmdline(), got.Env.Data, at.bytes)
		}
	}
}
