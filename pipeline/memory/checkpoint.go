package memory

import (
	"cmp"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// Checkpoint is the memory of one checkpoint, as far as its images were seen.
type Checkpoint struct {
	// PreDump is set if the checkpoint is a pre-dump, which has page maps and
	// pages, but no memory descriptors to wait for.
	PreDump bool
	// Ready, if not nil, reports whether consumers can be asked what they want of a
	// process's space, as far as that needs images that are not known here.
	Ready func(*Space) bool

	reader    *Reader
	consumers []Consumer
	spaces    map[key]*Space
	naming    map[uint32][]*Space // the spaces whose page map names a pages image
	pages     map[uint32]*Pages
	parent    *Checkpoint
	children  []*Checkpoint
}

// NewCheckpoint returns a checkpoint whose pages the consumers read.
func (r *Reader) NewCheckpoint(consumers ...Consumer) *Checkpoint {
	return &Checkpoint{reader: r, consumers: consumers, spaces: map[key]*Space{}, naming: map[uint32][]*Space{}, pages: map[uint32]*Pages{}}
}

// Process returns the address space of a process.
func (c *Checkpoint) Process(pid uint32) *Space { return c.space(key{id: uint64(pid)}) }

// SharedObject returns the space of a shared object.
func (c *Checkpoint) SharedObject(id uint64) *Space { return c.space(key{shared: true, id: id}) }

func (c *Checkpoint) space(k key) *Space {
	s := c.spaces[k]
	if s == nil {
		s = &Space{ID: k.id, Shared: k.shared, checkpoint: c}
		c.spaces[k] = s
	}
	return s
}

// Spaces returns all spaces, processes first, by their numbers.
func (c *Checkpoint) Spaces() []*Space {
	return slices.SortedFunc(maps.Values(c.spaces), func(a, b *Space) int {
		switch {
		case a.Shared == b.Shared:
			return cmp.Compare(a.ID, b.ID)
		case b.Shared:
			return -1
		}
		return 1
	})
}

// Naming returns the spaces whose page map names a pages image. There may be
// several: a folder that is used again holds page maps of the time before.
func (c *Checkpoint) Naming(pagesID uint32) []*Space { return c.naming[pagesID] }

// SetParent says which checkpoint this one builds on. Only the first call counts.
func (c *Checkpoint) SetParent(parent *Checkpoint) {
	if c.parent == nil {
		c.parent = parent
		parent.children = append(parent.children, c)
	}
}

// Pages is a pages image.
type Pages struct {
	Member string // its name in the archive
	Size   uint64
	At     io.ReaderAt // nil in a compressed archive
	// Unreadable says that there is nothing to read it from.
	Unreadable bool

	checkpoint *Checkpoint
	id         uint32
	delivered  map[*Space]bool // the spaces whose pages were

	// what is known of its form, see settle
	isPlain  bool
	layoutOf *criu.Pagemap     // that told its form
	layout   *criu.PagesLayout // nil where pages stand one behind the other
	content  uint64            // bytes of its pages, when they are not compressed
}

// AddPages says that there is a pages image. Of two with one number the first counts.
func (c *Checkpoint) AddPages(id uint32, member string, size uint64, at io.ReaderAt) *Pages {
	p := c.pages[id]
	if p == nil {
		p = &Pages{Member: member, Size: size, At: at, checkpoint: c, id: id, delivered: map[*Space]bool{}}
		c.pages[id] = p
	}
	return p
}

// Pages returns a pages image, nil if it was not seen.
func (c *Checkpoint) Pages(id uint32) *Pages { return c.pages[id] }

// HasPages reports whether a pages image was seen.
func (c *Checkpoint) HasPages() bool { return len(c.pages) > 0 }

// AllPages returns the pages images that were seen, by number.
func (c *Checkpoint) AllPages() []*Pages {
	return slices.SortedFunc(maps.Values(c.pages), func(a, b *Pages) int { return cmp.Compare(a.id, b.id) })
}

// Holds reports whether the image has exactly the size that a page map tells.
func (p *Pages) Holds(m *criu.Pagemap, pageSize uint64) bool {
	if m.IsCompressed() {
		layout, ok := m.Layout(pageSize)
		return ok && uint64(layout.StoredSize) == p.Size
	}
	return p.Size%pageSize == 0 && p.Size/pageSize == m.StoredPages // their product may overflow
}

// Exceeds reports whether the image has more pages than a page map that came to its end
// names. Then entries are missing from the page map, and as each page lies behind those
// of the entries before, it is not known where any lies.
func (p *Pages) Exceeds(m *criu.Pagemap, pageSize uint64) bool {
	return !m.Incomplete && !m.IsCompressed() && p.Size/pageSize > m.StoredPages
}

// maxAncestors bounds a chain of checkpoints that build on one another.
const maxAncestors = 64

// view is a space that has pages in a pages image, and the page maps that lead
// there: of the image's own checkpoint first, of the space last.
type view struct {
	space *Space
	chain []*criu.Pagemap
}

func (v view) isInherited() bool { return len(v.chain) > 1 }

// views yields the spaces whose page map names the image, and those of
// checkpoints that build on these. The chain of a view is valid until the next.
func (p *Pages) views() iter.Seq[view] {
	return func(yield func(view) bool) {
		for _, s := range p.checkpoint.naming[p.id] {
			if !s.viewsFrom(s, []*criu.Pagemap{s.pagemap}, yield) {
				return
			}
		}
	}
}

// viewsFrom yields the view of a space, and those of its heirs. Page maps with
// entries of an unknown form have none.
func (s *Space) viewsFrom(owner *Space, chain []*criu.Pagemap, yield func(view) bool) bool {
	if !yield(view{s, chain}) {
		return false
	}
	if s.pagemap.Extended || len(chain) > maxAncestors {
		return true
	}
	for _, child := range s.checkpoint.children {
		heir := child.spaces[key{s.Shared, s.ID}]
		if heir == nil || heir.pagemap == nil || heir == owner { // links may form a loop
			continue
		}
		if !heir.viewsFrom(owner, append(chain, heir.pagemap), yield) {
			return false
		}
	}
	return true
}
