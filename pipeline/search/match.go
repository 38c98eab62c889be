package search

import (
	"fmt"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// Match is a place where the pattern matches.
type Match struct {
	// Origin is memory, shared_memory, file, ghost, payload or container_log.
	Origin string
	PID    *uint32
	Comm   string  // of the process
	Shmem  *uint64 // number of the shared object
	// Address is where the match begins: in memory the address, elsewhere the offset.
	Address uint64
	// Place is what it stands in: a mapping, a file, the row of a table.
	Place  string
	Length int
	// Before and After are the bytes around; Text is the match, or how it begins.
	Before, Text, After []byte
}

// foundIn sorts out what was found in a checkpoint.
func (s *session) foundIn(archive *schema.Archive, rows *schema.Rows, copies *decode.Copies) *Found {
	f := &Found{Archive: archive.Source, CheckpointID: rows.CheckpointID}
	if len(rows.Checkpoints) > 0 {
		f.Container = first(rows.Checkpoints[0].ContainerName, rows.Checkpoints[0].ContainerID)
	}
	memory, ok := copies.Pages.(*pages)
	if ok {
		memory.end()
	}
	if s.file != nil {
		s.file.windows.Close()
	}
	s.beside.Wait()
	if ok {
		f.addMemory(memory, rows)
	}
	schema.UnpackTable[schema.FilesystemEntry](rows)
	for _, c := range copies.Contents {
		if searched, ok := c.To.(*content); ok {
			f.add(searched, placeOf(c, rows))
		}
	}
	for _, shown := range copies.Payloads {
		if p, ok := shown.(payload); ok {
			f.add(p.content, Match{Origin: "payload", Place: p.place})
		}
	}
	return f
}

// first returns the first text that is there.
func first(texts ...*string) string {
	for _, t := range texts {
		if t != nil && *t != "" {
			return *t
		}
	}
	return ""
}

// add adds the matches of a content, all of which are like a given one.
func (f *Found) add(c *content, like Match) {
	f.Count += c.count
	for _, h := range c.hits {
		f.Matches = append(f.Matches, like.at(h))
	}
}

func (m Match) at(h hit) Match {
	m.Address, m.Length, m.Before, m.Text, m.After = h.address, h.length, h.before, h.text, h.after
	return m
}

// addMemory adds the matches in memory of processes that the checkpoint has, and in
// its shared objects.
func (f *Found) addMemory(p *pages, rows *schema.Rows) {
	comms := map[uint32]string{}
	for i := range rows.Processes {
		comms[rows.Processes[i].PID] = first(rows.Processes[i].Comm.Text)
	}
	mappings := map[uint32][]*schema.MemoryMapping{}
	for i := range rows.MemoryMappings {
		m := &rows.MemoryMappings[i]
		mappings[m.PID] = append(mappings[m.PID], m)
	}
	for _, s := range p.sorted() {
		c := p.spaces[s]
		if s.Shared {
			f.add(c.content, Match{Origin: "shared_memory", Shmem: &s.ID, Place: sharedPlace(s, rows)})
			continue
		}
		pid := uint32(s.ID)
		comm, isThere := comms[pid]
		if !isThere {
			continue
		}
		f.Count += c.count
		for _, h := range c.hits {
			m := Match{Origin: "memory", PID: &pid, Comm: comm}.at(h)
			m.Place = mappingPlace(mappings[pid], h.address)
			f.Matches = append(f.Matches, m)
		}
	}
}

// mappingPlace tells of the mapping that has an address: how it may be used, its
// kind, and what file it shows.
func mappingPlace(mappings []*schema.MemoryMapping, address uint64) string {
	for _, m := range mappings {
		if address >= m.StartAddress && address < m.EndAddress {
			return m.Perms + " " + first(m.Path.Text, &m.Kind)
		}
	}
	return "no mapping"
}

func sharedPlace(s *memory.Space, rows *schema.Rows) string {
	for i := range rows.SharedMemory {
		if o := &rows.SharedMemory[i]; o.ShmemID == s.ID {
			if o.Name.Text == nil {
				return o.Kind
			}
			return o.Kind + " " + *o.Name.Text
		}
	}
	return "unknown"
}

// placeOf tells of the file that a content is.
func placeOf(c *decode.Copy, rows *schema.Rows) Match {
	switch {
	case c.Origin == "member":
		return Match{Origin: "container_log", Place: decode.SourceText(c.File.Name)}
	case c.Origin == "ghost":
		place := fmt.Sprintf("ghost_id=%d", c.GhostID)
		for i := range rows.GhostFiles {
			if g := &rows.GhostFiles[i]; g.GhostID == c.GhostID && len(g.Paths.Text) > 0 {
				place = g.Paths.Text[0]
			}
		}
		return Match{Origin: "ghost", Place: place}
	case c.Row >= 0 && c.Row < len(rows.FilesystemEntries):
		row := &rows.FilesystemEntries[c.Row]
		return Match{Origin: "file", Place: first(row.Path.Text, row.MemberPath.Text)}
	}
	return Match{Origin: "file", Place: decode.SourceText(c.File.Name)}
}
