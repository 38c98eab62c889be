package decode

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/ckexport/ckexport/pipeline/yara"
	"github.com/ckexport/ckexport/schema"
)

// decodeMatches fills memory_matches, with what was found while memory and files
// passed by, and in payloads when they were decoded.
func (s *imageSet) decodeMatches() {
	for _, c := range s.contentSpaces() {
		for _, hit := range s.scanned.Of(c.Space) {
			s.addMatch(s.memoryMatch(&c, &hit), &hit)
		}
	}
	for _, m := range s.matches {
		s.addContentMatches(&m)
	}
	if s.main {
		for _, m := range s.fileMatches {
			s.addContentMatches(&m)
		}
		s.noteScan()
	}
}

// memoryMatch begins the row of a hit in memory. The environment is that which
// the process was started with.
func (s *imageSet) memoryMatch(c *contentSpace, hit *yara.Hit) schema.MemoryMatch {
	row := schema.MemoryMatch{Origin: "memory", PID: c.pid, ShmemID: c.shmemID}
	if c.shmemID != nil {
		row.Origin = "shared_memory"
	}
	if hit.String == "" {
		return row
	}
	place := s.placeAt(c, hit.Address)
	row.Address, row.MappingKind, row.Perms, row.Path, row.FileOffset = ptr(hit.Address), place.kind, place.perms, place.path, place.fileOffset
	if d := c.Descriptor(); d != nil && hit.Address >= d.GetMmEnvStart() && hit.Address < d.GetMmEnvEnd() {
		row.Origin = "environment"
	}
	return row
}

// addContentMatches adds the rows of hits in other content.
func (s *imageSet) addContentMatches(m *contentMatches) {
	row := schema.MemoryMatch{Origin: m.origin, SourceTable: &m.table, SourceKey: &m.key}
	switch m.origin {
	case "file":
		if m.file >= len(s.filesystem) {
			return
		}
		f := s.filesystem[m.file]
		row.Path, row.SourceKey = f.pathText(), ptr(fmt.Sprintf("member=%s,position=%d", plain(bytesOf(f.in.member)), f.position))
	case "ghost":
		row.Path = s.ghostPath(m.ghost)
	case "container_log":
		row.Path = text(m.member)
	}
	for _, hit := range m.hits {
		if hit.String != "" {
			row.FileOffset = ptr(hit.Address)
		}
		s.addMatch(row, &hit)
	}
}

// ghostPath returns a path that a deleted file had, if one is known.
func (s *imageSet) ghostPath(id uint32) schema.Text {
	for i := range s.rows.GhostFiles {
		if g := &s.rows.GhostFiles[i]; g.GhostID == id && len(g.Paths.Text) > 0 {
			return text(g.Paths.Text[0])
		}
	}
	return schema.Text{}
}

// addMatch completes the row of a hit, and adds it.
func (s *imageSet) addMatch(row schema.MemoryMatch, hit *yara.Hit) {
	row.Rule, row.Namespace, row.Tags, row.Meta = plain(hit.Rule.Name), plain(hit.Rule.Namespace), []string{}, metaJSON(hit.Rule.Meta)
	for _, tag := range hit.Rule.Tags {
		row.Tags = append(row.Tags, plain(tag))
	}
	if hit.String != "" {
		row.StringID, row.Length, row.Matched = ptr(plain(hit.String)), ptr(hit.Length), s.payload(hit.Matched)
	}
	add(&s.notes, &s.rows.MemoryMatches, row)
}

// metaJSON writes the meta section of a rule as a JSON object, in its order.
func metaJSON(list []yara.Meta) string {
	last := map[string]int{}
	for i, m := range list {
		last[m.Name] = i
	}
	var out bytes.Buffer
	for i, m := range list {
		if last[m.Name] != i {
			continue
		}
		value := m.Value
		if t, ok := value.(string); ok {
			value = plain(t)
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			continue // neither a text nor a number fails
		}
		fmt.Fprintf(&out, "%c%q:%s", "{,"[min(out.Len(), 1)], m.Name, encoded)
	}
	if out.Len() == 0 {
		return "{}"
	}
	return out.String() + "}"
}
