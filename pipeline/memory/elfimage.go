package memory

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"math/bits"
)

// ELFImage is an ELF image found in memory.
type ELFImage struct {
	Space   *Space
	Address uint64
	// Wiped is set if there is no header: it was overwritten, and the program
	// headers behind it tell of the image. Then type, machine and entry are not known.
	Wiped     bool
	Class     elf.Class
	Data      elf.Data
	Type      elf.Type
	Machine   elf.Machine
	Entry     uint64
	Inherited bool // the page is one of the parent checkpoint

	order    binary.ByteOrder
	segments []segment // nil where the first page does not have them
	sections uint64    // where the table of sections ends in a file, 0 for none
	wants    []Range
	parts    []part
}

// segment is a program header.
type segment struct {
	kind                                   elf.ProgType
	flags                                  uint32
	offset, address, fileSize, size, align uint64
}

// Sizes of an ELF file. Source: System V ABI, chapters 4 and 5.
const (
	elfMagic      = elf.ELFMAG
	elfHeader32   = 52
	elfHeader64   = 64
	elfSegment32  = 32
	elfSegment64  = 56
	elfMostHeader = elfHeader64 + elfSegment64 // what is looked at of a page at first
	elfImageBytes = 1 << 10                    // of memory, of an image with its row
	maxSegments   = 128
)

func (i *ELFImage) is64() bool { return i.Class == elf.ELFCLASS64 }

// word reads a field that is as wide as an address.
func (i *ELFImage) word(b []byte) uint64 {
	if i.is64() {
		return i.order.Uint64(b)
	}
	return uint64(i.order.Uint32(b))
}

// pick chooses by the class of the image.
func (i *ELFImage) pick(in32, in64 int) int {
	if i.is64() {
		return in64
	}
	return in32
}

// readELFImage reads the first page of an image, nil if it is of none.
func readELFImage(page []byte) *ELFImage {
	if string(page[:len(elfMagic)]) != elfMagic {
		return readWipedImage(page)
	}
	i := &ELFImage{Class: elf.Class(page[elf.EI_CLASS]), Data: elf.Data(page[elf.EI_DATA])}
	if i.order = orderOf(i.Data); i.order == nil || i.Class != elf.ELFCLASS32 && i.Class != elf.ELFCLASS64 {
		return nil
	}
	i.Type, i.Machine, i.Entry = elf.Type(i.order.Uint16(page[16:])), elf.Machine(i.order.Uint16(page[18:])), i.word(page[24:])
	table, sections := i.word(page[i.pick(28, 32):]), i.word(page[i.pick(32, 40):])
	sizes := page[i.pick(42, 54):]
	size, count := int(i.order.Uint16(sizes)), int(i.order.Uint16(sizes[2:]))
	if sections != 0 {
		i.sections = sections + uint64(i.order.Uint16(sizes[4:]))*uint64(i.order.Uint16(sizes[6:]))
	}
	if size == i.pick(elfSegment32, elfSegment64) && count <= maxSegments && table <= uint64(len(page)) && uint64(count*size) <= uint64(len(page))-table {
		i.segments = i.readSegments(page[table:], count)
	}
	return i
}

func orderOf(d elf.Data) binary.ByteOrder {
	switch d {
	case elf.ELFDATA2LSB:
		return binary.LittleEndian
	case elf.ELFDATA2MSB:
		return binary.BigEndian
	}
	return nil
}

func (i *ELFImage) readSegments(table []byte, count int) []segment {
	list := make([]segment, count)
	for n := range list {
		b := table[n*i.pick(elfSegment32, elfSegment64):]
		list[n] = segment{
			kind: elf.ProgType(i.order.Uint32(b)), flags: i.order.Uint32(b[i.pick(24, 4):]), offset: i.word(b[i.pick(4, 8):]), address: i.word(b[i.pick(8, 16):]),
			fileSize: i.word(b[i.pick(16, 32):]), size: i.word(b[i.pick(20, 40):]), align: i.word(b[i.pick(28, 48):]),
		}
	}
	return list
}

// plan settles what is wanted of the image: its beginning, where names and
// notes mostly are, and the parts that the program headers tell of.
func (i *ELFImage) plan() {
	size, ok := i.Size()
	if !ok {
		return
	}
	i.want(i.Address, min(size, elfHeadBytes))
	for _, s := range i.segments {
		if s.kind == elf.PT_NOTE || s.kind == elf.PT_DYNAMIC {
			for address := range i.addressesOf(s) {
				i.want(address, min(s.fileSize, maxELFTable))
			}
		}
	}
}

// want adds what none of the other wants has.
func (i *ELFImage) want(address, size uint64) {
	if address < i.Address || address+size < address {
		return
	}
	i.wants = merged(append(i.wants, Range{address, address + size}))
}

// base returns the address that the image was linked to begin at.
func (i *ELFImage) base() uint64 {
	for _, s := range i.segments {
		if s.kind == elf.PT_LOAD {
			return s.address - s.offset
		}
	}
	return 0
}

// addressesOf yields where the content of a segment may stand: as a loader maps
// the image, and as the file has it. In a shared object it stands as in a file.
func (i *ELFImage) addressesOf(s segment) func(yield func(uint64) bool) {
	return func(yield func(uint64) bool) {
		mapped, stored := i.Address+s.address-i.base(), i.Address+s.offset
		if i.Space.Shared || yield(mapped) && mapped != stored {
			yield(stored)
		}
	}
}

// Size returns the size of the image: in a shared object that of a file, else
// what it takes as a loader maps it. It is not known without program headers.
func (i *ELFImage) Size() (size uint64, ok bool) {
	if i.segments == nil {
		return 0, false
	}
	if i.Space.Shared {
		size = i.sections
	}
	for _, s := range i.segments {
		start, length := s.offset, s.fileSize
		if !i.Space.Shared {
			start, length = s.address-i.base(), s.size
		}
		end, carry := bits.Add64(start, length, 0)
		switch {
		case s.kind != elf.PT_LOAD:
		case carry != 0:
			return 0, false
		default:
			size = max(size, end)
		}
	}
	return size, true
}

// BuildID returns the build id, nil without one, and where its page is not at
// hand.
func (i *ELFImage) BuildID() []byte {
	for _, s := range i.segments {
		if s.kind != elf.PT_NOTE {
			continue
		}
		for address := range i.addressesOf(s) {
			notes := i.at(address)
			if id := i.buildIDIn(notes[:min(uint64(len(notes)), s.fileSize)], s.align); id != nil {
				return id
			}
		}
	}
	return nil
}

func (i *ELFImage) buildIDIn(notes []byte, align uint64) []byte {
	const ntGNUBuildID = 3 // linux/elf.h
	if align != 8 {
		align = 4
	}
	up := func(n uint64) uint64 { return (n + align - 1) &^ (align - 1) }
	for len(notes) >= 12 {
		name, desc := uint64(i.order.Uint32(notes)), uint64(i.order.Uint32(notes[4:]))
		from := up(12 + name)
		if from+desc > uint64(len(notes)) { // both have 32 bits: no overflow
			return nil
		}
		if i.order.Uint32(notes[8:]) == ntGNUBuildID && string(notes[12:12+name]) == "GNU\x00" && desc > 0 && desc <= 64 {
			return bytes.Clone(notes[from : from+desc])
		}
		notes = notes[min(up(from+desc), uint64(len(notes))):]
	}
	return nil
}

// maxNeeded bounds the libraries of an image; large programs have about a
// hundred.
const maxNeeded = 1024

// Needed returns the names of the libraries that the image needs; false where
// the pages that tell are not at hand.
func (i *ELFImage) Needed() (names [][]byte, ok bool) {
	if i.segments == nil {
		return nil, false
	}
	for _, s := range i.segments {
		if s.kind != elf.PT_DYNAMIC {
			continue
		}
		for address := range i.addressesOf(s) {
			section := i.at(address)
			if names, ok := i.neededIn(section[:min(uint64(len(section)), s.fileSize)]); ok {
				return names, true
			}
		}
		return nil, false
	}
	return nil, true // linked statically
}

// neededIn reads a dynamic section, which must be there up to its end.
func (i *ELFImage) neededIn(section []byte) (names [][]byte, ok bool) {
	width := i.pick(4, 8)
	var offsets []uint64
	var table uint64 // each dynamic section names one
	for ; ; section = section[2*width:] {
		if len(section) < 2*width || len(offsets) > maxNeeded {
			return nil, false
		}
		tag, value := elf.DynTag(i.word(section)), i.word(section[width:])
		if tag == elf.DT_NULL {
			break
		}
		switch tag {
		case elf.DT_NEEDED:
			offsets = append(offsets, value)
		case elf.DT_STRTAB:
			table = value
		}
	}
	if table == 0 {
		return nil, false
	}
	for _, offset := range offsets {
		name := i.nameAt(table, offset)
		if name == nil {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

// nameAt returns a name of the table of names at an address. A loader may have
// replaced that in the dynamic section by where it put the table.
func (i *ELFImage) nameAt(table, offset uint64) []byte {
	for _, at := range []uint64{table, i.Address + table - i.base(), i.Address + i.offsetOf(table)} {
		name, _, ends := bytes.Cut(i.at(at+offset), []byte{0})
		if ends && len(name) > 0 {
			return name
		}
	}
	return nil
}

// offsetOf returns where the file has what is linked to be at an address.
func (i *ELFImage) offsetOf(address uint64) uint64 {
	for _, s := range i.segments {
		if s.kind == elf.PT_LOAD && address >= s.address && address-s.address < s.fileSize {
			return address - s.address + s.offset
		}
	}
	return address
}
