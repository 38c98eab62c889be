package decode

import (
	"path"
	"strings"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// inheritance is a part of a region that the parent checkpoint has.
type inheritance struct {
	address uint64
	data    []byte
}

// latePiece is a piece of a parent's pages image, and the region it is for.
type latePiece struct {
	piece
	region *region
}

// received counts a part that was read; the last makes the region whole. A
// region that is given up meanwhile waits for none.
func (r *region) received() {
	if r.pending == 0 {
		return
	}
	if r.pending--; r.pending == 0 {
		r.status = regionOK
	}
}

// parentSet returns the image set that the link parent names, nil where the
// archive does not hold it. CRIU makes the link relative; it is looked up among
// the archive's folders and never followed.
func (s *set) parentSet() *set {
	if !s.parentFound {
		s.parentFound, s.parent = true, s.findParent()
	}
	return s.parent
}

func (s *set) findParent() *set {
	if s.parentLink == nil || strings.HasPrefix(*s.parentLink, "/") {
		return nil
	}
	dir := path.Join(s.dir, *s.parentLink)
	if dir == "." {
		dir = ""
	}
	parent := s.setIn(s.site.archive, dir)
	if parent == s || parent == nil || !parent.hasImages() {
		return nil
	}
	return parent
}

// findInherited looks up what regions of the set inherit in the checkpoints it
// builds on, as far as the archive holds them.
func (s *set) findInherited() {
	if s.parentSet() == nil {
		return
	}
	for _, img := range s.ofKind("MM") {
		pid := uint32(img.number)
		m := s.memoryOf(pid)
		if m.space == nil || m.pagemap == nil {
			continue
		}
		if len(s.plan(m)) > 0 && s.pages[m.pagemap.PagesID] == nil {
			*m = memory{space: m.space, pagemap: m.pagemap} // statusWithoutPages tells
			continue
		}
		s.inherit(pid, m.pageSize, &m.args)
		s.inherit(pid, m.pageSize, &m.env)
	}
}

// inherit looks up the inherited parts of a region: all of them, or none.
func (s *set) inherit(pid uint32, pageSize uint64, r *region) {
	stored := make([]*storedPages, len(r.inherited))
	pieces := make([]piece, len(r.inherited))
	for i, part := range r.inherited {
		var offset uint64
		if stored[i], offset = s.ancestorPage(pid, pageSize, part.address); stored[i] == nil {
			return
		}
		pieces[i] = piece{offset: offset, data: part.data}
		if end := pieces[i].end(); end < offset || end > stored[i].size {
			return
		}
	}
	r.pending = len(pieces)
	for i, p := range pieces {
		stored[i].late = append(stored[i].late, latePiece{p, r})
	}
}

// maxAncestors bounds a chain of checkpoints that build on one another.
const maxAncestors = 64

// ancestorPage returns the pages image of the nearest ancestor that holds an
// address of a process, and the offset in it; nil where none does.
func (s *set) ancestorPage(pid uint32, pageSize, address uint64) (*storedPages, uint64) {
	for range maxAncestors {
		if s = s.parentSet(); s == nil {
			return nil, 0
		}
		p := s.memoryOf(pid).pagemap
		if p == nil || p.Extended {
			return nil, 0
		}
		p.Index(pageSize)
		run := p.Find(address)
		switch {
		case run == nil:
			return nil, 0
		case run.Content() == criu.Parent:
			continue
		case run.Content() != criu.Present:
			return nil, 0
		}
		offset, ok := run.Offset(address, pageSize)
		if !ok || offset > 1<<62 {
			return nil, 0
		}
		return s.pages[p.PagesID], offset
	}
	return nil, 0
}
