package search

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/pipeline/scan"
)

// session is the search of one archive.
type session struct {
	opts   *Options
	beside *scan.Beside // that finds matches
	kept   int          // matches with their texts
	file   *content     // that passed by last
}

// Bounds of what is kept of a match: of its own text, and of all of an archive.
const (
	maxText  = 512
	keptSize = 64 << 20
)

// hit is a match while it is not known whose it is.
type hit struct {
	address             uint64
	length              int
	before, text, after []byte
}

// content is a run of bytes, or many, of one thing that is searched. Its matches are
// known when the session has waited.
type content struct {
	session *session
	finder  finder
	windows *scan.Windows
	size    uint64
	count   int
	hits    []hit
}

func (s *session) newContent() *content {
	c := &content{session: s}
	c.finder = finder{pattern: s.opts.Pattern, found: c.found}
	c.windows = scan.NewWindows(func(b scan.Block) { s.beside.Look(b, c.finder.block) })
	return c
}

// found takes a match. Only the first of an archive are kept with their texts.
func (c *content) found(b *scan.Block, from, to int) {
	c.count++
	s := c.session
	around := s.opts.Context
	if s.kept >= s.opts.Most || s.kept*(maxText+2*around) > keptSize {
		return
	}
	s.kept++
	c.hits = append(c.hits, hit{
		address: b.Address + uint64(from), length: to - from, text: bytes.Clone(b.Data[from:min(to, from+maxText)]),
		before: bytes.Clone(b.Data[max(0, from-around):from]), after: bytes.Clone(b.Data[to:min(len(b.Data), to+around)]),
	})
}

// Write searches the next bytes of a file. It never fails.
func (c *content) Write(data []byte) (int, error) {
	c.windows.Add(c.size, data)
	c.size += uint64(len(data))
	return len(data), nil
}

// content returns what searches a file that passes by, nil for what is none of the
// container's.
func (s *session) content(c decode.Content) *content {
	if c.Origin == "member" && c.Role != layout.ContainerLog {
		return nil
	}
	if s.file != nil { // the one before has passed by
		s.file.windows.Close()
	}
	s.file = s.newContent()
	return s.file
}

// payload is what waits to be read, of a row of a table.
type payload struct {
	*content
	place string
}

// payload searches a payload.
func (s *session) payload(table, key string, data []byte) any {
	c := s.newContent()
	c.windows.Add(0, data)
	c.windows.Close()
	return payload{c, table + " " + key}
}

// pages returns what searches the memory of an image folder.
func (s *session) pages(string) memory.Consumer {
	return &pages{session: s, spaces: map[*memory.Space]*space{}}
}

// pages searches memory: it is a memory.Consumer. What matches lies in one mapping,
// in pages without a gap.
type pages struct {
	session *session
	spaces  map[*memory.Space]*space
	current *space
}

type space struct {
	*content
	mapping *vma.VmaEntry
}

// Wants implements memory.Consumer.
func (p *pages) Wants(*memory.Space) []memory.Range { return []memory.Range{memory.Everything} }

// Pages implements memory.Consumer.
func (p *pages) Pages(b memory.Block) {
	sp := p.spaces[b.Space]
	if sp == nil {
		sp = &space{content: p.session.newContent()}
		p.spaces[b.Space] = sp
	}
	if p.current != sp {
		if p.current != nil {
			p.current.windows.Pause()
		}
		p.current = sp
	}
	if sp.mapping != b.Mapping {
		sp.windows.End()
		sp.mapping = b.Mapping
	}
	sp.windows.Add(b.Address, b.Data)
}

// end ends the runs at hand, in an order that is always the same: which matches are
// kept depends on it.
func (p *pages) end() {
	for _, s := range p.sorted() {
		p.spaces[s].windows.Close()
	}
}

// sorted returns the spaces that were searched, processes first, by their numbers.
func (p *pages) sorted() []*memory.Space {
	return slices.SortedFunc(maps.Keys(p.spaces), func(a, b *memory.Space) int {
		switch {
		case a.Shared == b.Shared:
			return cmp.Compare(a.ID, b.ID)
		case b.Shared:
			return -1
		}
		return 1
	})
}
