package content

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
)

// ELFFacts is what an ELF file tells of itself. Absent facts are nil: what the
// file has not, and what could not be read without keeping the whole file.
type ELFFacts struct {
	Class       elf.Class
	Data        elf.Data
	Type        elf.Type
	Machine     elf.Machine
	Interpreter *string
	BuildID     []byte
	Stripped    *bool // has no symbol table
}

// Bounds of what is kept of an ELF file behind its first bytes. Tables beyond
// them are passed over; real ones are far smaller.
const (
	maxTable    = 1 << 20
	maxInterp   = 4 << 10 // PATH_MAX
	maxNote     = 64 << 10
	maxSegments = 16 // notes and interpreters that are looked at
)

// window is a part of a file that is wanted: bytes are added as they pass by.
type window struct {
	offset, size uint64
	data         []byte
	then         func(data []byte) // called once it is whole
	done         bool
}

// elfReader reads an ELF file from its first bytes and what passes by later.
type elfReader struct {
	head    []byte
	order   binary.ByteOrder
	is64    bool
	known   ELFFacts
	windows []*window
	notes   int
}

// newELFReader returns a reader of a file with these first bytes, nil if it is
// no ELF file. Source: System V ABI, chapter 4; linux/elf.h.
func newELFReader(head []byte) *elfReader {
	if len(head) < elf.EI_NIDENT || string(head[:4]) != elf.ELFMAG {
		return nil
	}
	r := &elfReader{head: head}
	r.known.Class, r.known.Data = elf.Class(head[elf.EI_CLASS]), elf.Data(head[elf.EI_DATA])
	switch r.known.Data {
	case elf.ELFDATA2LSB:
		r.order = binary.LittleEndian
	case elf.ELFDATA2MSB:
		r.order = binary.BigEndian
	default:
		return nil
	}
	switch r.known.Class {
	case elf.ELFCLASS32:
	case elf.ELFCLASS64:
		r.is64 = true
	default:
		return nil
	}
	if len(head) < r.pick(52, 64) {
		return nil
	}
	r.known.Type, r.known.Machine = elf.Type(r.order.Uint16(head[16:])), elf.Machine(r.order.Uint16(head[18:]))
	r.readHeader()
	return r
}

// pick chooses by the class of the file.
func (r *elfReader) pick(in32, in64 int) int {
	if r.is64 {
		return in64
	}
	return in32
}

// word reads a field that is as wide as an address.
func (r *elfReader) word(b []byte) uint64 {
	if r.is64 {
		return r.order.Uint64(b)
	}
	return uint64(r.order.Uint32(b))
}

// readHeader asks for the tables of segments and sections.
func (r *elfReader) readHeader() {
	h := r.head
	phoff, shoff := r.word(h[r.pick(28, 32):]), r.word(h[r.pick(32, 40):])
	sizes := h[r.pick(42, 54):]
	phentsize, phnum := r.order.Uint16(sizes), r.order.Uint16(sizes[2:])
	shentsize, shnum := r.order.Uint16(sizes[4:]), uint64(r.order.Uint16(sizes[6:]))
	if phoff != 0 && phnum != 0 && int(phentsize) == r.pick(32, 56) {
		r.want(phoff, uint64(phnum)*uint64(phentsize), maxTable, r.segments)
	}
	switch {
	case r.known.Type == elf.ET_CORE:
	case shoff == 0:
		r.known.Stripped = new(true)
	case int(shentsize) != r.pick(40, 64):
	case shnum == 0: // too many for the field: the first section tells
		r.want(shoff, uint64(shentsize), maxTable, func(first []byte) {
			if n := r.word(first[r.pick(20, 32):]); n > 1 && n <= maxTable {
				r.want(shoff, n*uint64(shentsize), maxTable, r.sections)
			}
		})
	default:
		r.want(shoff, shnum*uint64(shentsize), maxTable, r.sections)
	}
}

// want asks for a part of the file: what is in the first bytes is taken from
// them, the rest as it passes by.
func (r *elfReader) want(offset, size, limit uint64, then func([]byte)) {
	if size == 0 || size > limit || offset+size < offset || len(r.windows) > 4*maxSegments {
		return
	}
	w := &window{offset: offset, size: size, then: then}
	if offset < uint64(len(r.head)) {
		w.data = slices.Clone(r.head[offset:min(offset+size, uint64(len(r.head)))])
	}
	r.windows = append(r.windows, w)
	r.finish(w)
}

func (r *elfReader) finish(w *window) {
	if !w.done && uint64(len(w.data)) == w.size {
		w.done = true
		w.then(w.data)
	}
}

// take adds bytes behind the first ones to the windows that want them. A part
// that was asked for after it had begun to pass by stays incomplete.
func (r *elfReader) take(position int64, p []byte) {
	for i := 0; i < len(r.windows); i++ { // the list may grow
		w := r.windows[i]
		next := w.offset + uint64(len(w.data)) // checked by want
		if w.done || next < uint64(position) || next >= uint64(position)+uint64(len(p)) {
			continue
		}
		part := p[next-uint64(position):]
		w.data = append(w.data, part[:min(uint64(len(part)), w.size-uint64(len(w.data)))]...)
		r.finish(w)
	}
}

// segments looks for the interpreter and the notes.
func (r *elfReader) segments(table []byte) {
	for entry := range slices.Chunk(table, r.pick(32, 56)) {
		offset, size := r.word(entry[r.pick(4, 8):]), r.word(entry[r.pick(16, 32):])
		align := r.word(entry[r.pick(28, 48):])
		switch elf.ProgType(r.order.Uint32(entry)) {
		case elf.PT_INTERP:
			r.want(offset, size, maxInterp, func(data []byte) {
				if path, _, _ := bytes.Cut(data, []byte{0}); r.known.Interpreter == nil {
					r.known.Interpreter = new(string(path))
				}
			})
		case elf.PT_NOTE:
			r.wantNote(offset, size, align)
		}
	}
}

func (r *elfReader) wantNote(offset, size, align uint64) {
	if r.notes++; r.notes <= maxSegments {
		r.want(offset, size, maxNote, func(data []byte) { r.readNotes(data, align) })
	}
}

// readNotes looks for the build id.
func (r *elfReader) readNotes(data []byte, align uint64) {
	const ntGNUBuildID = 3 // linux/elf.h
	if align != 8 {
		align = 4
	}
	up := func(n uint64) uint64 { return (n + align - 1) &^ (align - 1) }
	for len(data) >= 12 && r.known.BuildID == nil {
		name, desc := uint64(r.order.Uint32(data)), uint64(r.order.Uint32(data[4:]))
		from := up(12 + name)
		if from+desc > uint64(len(data)) { // both have 32 bits: no overflow
			return
		}
		if r.order.Uint32(data[8:]) == ntGNUBuildID && string(data[12:12+name]) == "GNU\x00" && desc > 0 && desc <= 64 {
			r.known.BuildID = slices.Clone(data[from : from+desc])
		}
		data = data[min(up(from+desc), uint64(len(data))):]
	}
}

// sections looks for a symbol table, and for notes where no segment had them:
// object files have no segments. Sections stand at the end of the file, so of
// notes only those among the first bytes are still there.
func (r *elfReader) sections(table []byte) {
	stripped := true
	for entry := range slices.Chunk(table, r.pick(40, 64)) {
		offset, size := r.word(entry[r.pick(16, 24):]), r.word(entry[r.pick(20, 32):])
		align := r.word(entry[r.pick(32, 48):])
		switch elf.SectionType(r.order.Uint32(entry[4:])) {
		case elf.SHT_SYMTAB:
			stripped = false
		case elf.SHT_NOTE:
			if r.known.BuildID == nil {
				r.wantNote(offset, size, align)
			}
		}
	}
	r.known.Stripped = &stripped
}

func (r *elfReader) facts() *ELFFacts { return &r.known }
