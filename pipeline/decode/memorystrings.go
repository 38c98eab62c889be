package decode

import (
	"maps"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// newStrings makes the consumer that finds texts. What it keeps may take as much
// as the lines of a log: how much there is, is up to whoever fills memory.
func (s *imageSet) newStrings() memory.Consumer {
	s.memoryStrings = memory.NewStrings(s.within(s.logShare()))
	return s.memoryStrings
}

// decodeStrings fills memory_strings.
func (s *imageSet) decodeStrings() {
	spaces := s.contentSpaces()
	var rows []schema.MemoryString
	for _, c := range spaces {
		for _, found := range s.memoryStrings.Of(c.Space) {
			place := s.placeAt(&c, found.Address)
			rows = append(rows, schema.MemoryString{
				PID: c.pid, ShmemID: c.shmemID, Address: found.Address, MappingKind: place.kind, Encoding: string(found.Encoding), Class: found.Class,
				Value: text(found.Value), IsChecked: found.Checksum, Count: found.Count,
			})
		}
	}
	if full := slices.Sorted(maps.Keys(s.memoryStrings.Full)); len(full) > 0 {
		s.passedIn(s.decoder.Limits.memory(), "memory_strings", "more texts than are kept, some are left out, of these classes: "+strings.Join(full, ", "))
	}
	reserve(&s.notes, &s.rows.MemoryStrings, len(rows))
	for _, row := range rows {
		if isFull(&s.notes, &s.rows.MemoryStrings) {
			return
		}
		add(&s.notes, &s.rows.MemoryStrings, row)
	}
}
