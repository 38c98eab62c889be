package scan

import (
	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/pipeline/yara"
)

// Memory scans the memory of a checkpoint: each process and shared object as one
// content, so that conditions are evaluated over all of it. What matches lies in
// one mapping, in pages without a gap.
//
// Pages of a parent checkpoint come at another time than those around them, so
// nothing is found across the border of the two.
type Memory struct {
	archive *Archive
	spaces  map[*memory.Space]*space
	current *space // of the last block
}

// space is a process or shared object while its pages pass by.
type space struct {
	scan    *yara.Scan // nil once it has ended
	windows *Windows
	mapping *vma.VmaEntry
	left    uint64 // bytes that are still to come
	hits    []yara.Hit
}

// Memory returns a consumer of a checkpoint's memory.
func (a *Archive) Memory() *Memory {
	return &Memory{archive: a, spaces: map[*memory.Space]*space{}}
}

// Wants implements memory.Consumer.
func (m *Memory) Wants(s *memory.Space) []memory.Range {
	pages := s.Pagemap().Totals()
	m.spaces[s] = &space{left: (pages[criu.Present] + pages[criu.Parent]) * s.PageSize()}
	return []memory.Range{memory.Everything}
}

// Pages implements memory.Consumer.
func (m *Memory) Pages(b memory.Block) {
	sp := m.spaces[b.Space]
	if m.current != sp {
		if m.current != nil && m.current.scan != nil {
			m.current.windows.Pause()
		}
		m.current = sp
	}
	if sp.scan == nil {
		if sp.windows != nil || !m.begin(sp) { // it has ended, or cannot begin
			return
		}
	}
	if sp.mapping != b.Mapping {
		sp.windows.End()
		sp.mapping = b.Mapping
	}
	sp.windows.Add(b.Address, b.Data)
	sp.left -= min(sp.left, uint64(len(b.Data)))
	if sp.left == 0 {
		m.end(sp)
	}
}

func (m *Memory) begin(sp *space) bool {
	scan := m.archive.begin()
	if scan == nil {
		return false
	}
	sp.scan = scan
	sp.windows = m.archive.windows(scan)
	return true
}

func (m *Memory) end(sp *space) {
	sp.windows.Close()
	sp.hits = m.archive.end(sp.scan, nil, -1)
	sp.scan = nil
}

// Of returns the hits of a process or shared object, once all pages have passed
// by.
func (m *Memory) Of(s *memory.Space) []yara.Hit {
	sp := m.spaces[s]
	if sp == nil {
		return nil
	}
	if sp.scan != nil {
		m.end(sp)
	}
	return sp.hits
}
