package extract

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/schema"
)

// room is how many bytes of a file memory that is zeros may have: of one piece, and
// in all. They are holes, which take no disk but have to be read by whoever reads the
// file, and a mapping may have 128 TiB of them. What is more is only told of.
type room struct{ each, all uint64 }

var usualRoom = room{64 << 20, 1 << 30}

// take takes room for a piece; false where there is none.
func (r *room) take(bytes uint64) bool {
	if bytes > r.each || bytes > r.all {
		return false
	}
	r.all -= bytes
	return true
}

const whyHole = "zeros, too many to have room in the file"

// mapLine is a line of the map of a memory file: memory, and where it is in there.
type mapLine struct {
	From    string  `json:"from"` // hexadecimal
	To      string  `json:"to"`
	Offset  *uint64 `json:"offset"`  // in the file; null for what is not in it
	Content string  `json:"content"` // pages, zeros or absent
	Why     string  `json:"why,omitempty"`
	Perms   string  `json:"perms"`
	Kind    string  `json:"kind"`
	Path    string  `json:"path,omitempty"`
}

// memory yields the memory of processes.
func (c *checkpoint) memory(yield func(*item, error) bool) bool {
	for _, region := range c.session.opts.Selection.Memory {
		for n := range c.rows.Processes {
			p := &c.rows.Processes[n]
			if !region.Of.has(p.PID) {
				continue
			}
			i, err := c.memoryOf(p, region)
			if err != nil {
				yield(nil, err)
				return false
			}
			if i != nil && !yield(i, nil) {
				return false
			}
		}
	}
	return true
}

// memoryOf returns the memory of a process, mapping by mapping, nil where it has none
// in the region.
func (c *checkpoint) memoryOf(p *schema.Process, region Region) (*item, error) {
	w := &memoryWriter{room: c.session.room, space: c.space(p.PID), item: c.processItem("memory", region.selector(), p)}
	w.suffix = ".mem"
	if w.content, w.beside = c.session.stage(), c.session.stage(); c.session.err != nil {
		return nil, c.session.err
	}
	mappings, overlapping := c.mappings(p.PID)
	for _, m := range mappings {
		for _, s := range w.space.segments(m, region.Range) {
			if err := w.write(m, s); err != nil {
				return nil, err
			}
		}
	}
	if !w.any {
		return nil, nil
	}
	w.end(overlapping)
	return w.item, c.session.err
}

// processItem begins an item of a process.
func (c *checkpoint) processItem(origin, selector string, p *schema.Process) *item {
	i := c.item(origin, selector)
	i.PID, i.UID, i.GID = &p.PID, p.UID, p.GID
	if exe, ok := exact(p.Exe); ok {
		i.Path, i.PathBase64 = shown(exe)
	}
	return i
}

// memoryWriter writes memory into the content of an item.
type memoryWriter struct {
	*item
	space   *space
	room    room
	missing absences
	any     bool // something was written, or told of
}

// write writes a segment, and its line of the map.
func (w *memoryWriter) write(m *schema.MemoryMapping, s segment) error {
	w.any = true
	line := mapLine{From: fmt.Sprintf("%#x", s.Start), To: fmt.Sprintf("%#x", s.End), Content: contentNames[s.content], Why: s.why, Perms: m.Perms, Kind: m.Kind}
	if path, ok := exact(m.Path); ok {
		line.Path = plain.Cell(path)
	}
	offset := uint64(w.content.size)
	switch {
	case s.content == stored:
		if err := w.space.copyTo(w.content, s); err != nil {
			return err
		}
		if line.Offset = &offset; w.content.limit != nil { // not all of it was written
			line.Offset, line.Why = nil, w.content.limit.Error()
			w.missing.add(s.Size(), line.Why)
		}
	case s.content == zeros && w.room.take(s.Size()):
		line.Offset = &offset
		w.content.hole(s.Size())
	case s.content == zeros:
		line.Why = whyHole
		w.missing.add(s.Size(), whyHole)
	default:
		w.missing.add(s.Size(), s.why)
	}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	w.beside.Write(append(text, '\n')) //nolint:errcheck // the session has it
	return nil
}

// copyTo writes what was kept.
func (s *space) copyTo(to *staged, kept segment) error {
	file, err := s.pages.file.open()
	if err == nil {
		_, err = io.Copy(to, io.NewSectionReader(file, kept.at, int64(kept.Size())))
	}
	if err != nil {
		return fmt.Errorf("reading pages again: %w", err)
	}
	return nil
}

// end says what is absent.
func (w *memoryWriter) end(overlapping int) {
	if overlapping > 0 {
		w.absent(0, fmt.Sprintf("%d mappings overlap others: these are left out", overlapping))
	}
	w.missing.tell(w.item)
	if w.beside.limit != nil {
		w.absent(0, "the map: "+w.beside.limit.Error())
	}
}

// absences adds up what is absent, by why.
type absences struct{ of []Absent }

func (a *absences) add(bytes uint64, why string) {
	i := slices.IndexFunc(a.of, func(known Absent) bool { return known.Why == why })
	if i < 0 {
		a.of = append(a.of, Absent{Why: why})
		i = len(a.of) - 1
	}
	a.of[i].Bytes += bytes
}

func (a *absences) tell(i *item) {
	for _, of := range a.of {
		i.absent(of.Bytes, of.Why)
	}
}
