package extract

import (
	"cmp"
	"slices"

	"github.com/ckexport/ckexport/pipeline/memory"
)

// pages keeps the pages of the processes that are wanted, and of all shared objects,
// as which of these they map is not known yet. It is the consumer of the pages of
// one image folder.
type pages struct {
	session *session
	file    *staged // all pages, one behind another as they come
	size    int64
	of      map[*memory.Space]*kept
	limit   error // why some were not kept
}

// kept is what was kept of a space.
type kept struct {
	parts  []part
	sorted bool
}

// part is consecutive memory, and where in the file it is.
type part struct {
	memory.Range
	at int64
}

func newPages(s *session) *pages { return &pages{session: s, of: map[*memory.Space]*kept{}} }

// Wants implements memory.Consumer.
func (p *pages) Wants(s *memory.Space) []memory.Range {
	if s.Shared {
		return []memory.Range{memory.Everything}
	}
	sel := &p.session.opts.Selection
	var ranges []memory.Range
	for _, r := range sel.Memory {
		if r.Of.has(uint32(s.ID)) {
			ranges = append(ranges, r.Range)
		}
	}
	for _, c := range sel.Cores {
		if c.has(uint32(s.ID)) {
			ranges = append(ranges, memory.Everything)
		}
	}
	return ranges
}

// Pages implements memory.Consumer.
func (p *pages) Pages(b memory.Block) {
	if p.session.err != nil || p.limit != nil {
		return
	}
	if p.limit = p.session.spend(len(b.Data)); p.limit != nil {
		return
	}
	if p.file == nil {
		if p.file = p.session.stage(); p.file == nil {
			return
		}
	}
	file, err := p.file.open()
	if err == nil {
		_, err = file.WriteAt(b.Data, p.size)
	}
	if err != nil {
		p.session.err = err
		return
	}
	k := p.of[b.Space]
	if k == nil {
		k = &kept{}
		p.of[b.Space] = k
	}
	k.add(part{memory.Range{Start: b.Address, End: b.Address + uint64(len(b.Data))}, p.size})
	p.size += int64(len(b.Data))
}

// add adds a part, joined to the last one where it follows that.
func (k *kept) add(next part) {
	if n := len(k.parts); n > 0 {
		last := &k.parts[n-1]
		if last.End == next.Start && last.at+int64(last.Size()) == next.at {
			last.End = next.End
			return
		}
	}
	k.parts, k.sorted = append(k.parts, next), false
}

// within returns the parts of a range that were kept, by address.
func (k *kept) within(r memory.Range) (found []part) {
	if k == nil {
		return nil
	}
	if !k.sorted {
		slices.SortFunc(k.parts, func(a, b part) int { return cmp.Compare(a.Start, b.Start) })
		k.sorted = true
	}
	first, _ := slices.BinarySearchFunc(k.parts, r.Start, func(p part, start uint64) int {
		if p.End <= start {
			return -1
		}
		return 1
	})
	for _, p := range k.parts[first:] {
		if p.Start >= r.End {
			break
		}
		cut := memory.Range{Start: max(p.Start, r.Start), End: min(p.End, r.End)}
		found = append(found, part{cut, p.at + int64(cut.Start-p.Start)})
	}
	return found
}
