package memory

import (
	"debug/elf"
	"math/bits"
	"slices"
)

// Who loads code in secret may overwrite the ELF header, which is of no use once
// the image is mapped. The program headers stay: a running program finds its
// thread-local storage and its unwinding tables by them. They stand right behind
// the header.

// mayBeTable reports whether a table of program headers may begin as these bytes
// do: with a segment that has the table itself, or the beginning of the file.
func mayBeTable(b []byte) bool {
	return b[1]|b[2] == 0 && (b[0] == byte(elf.PT_PHDR) || b[0] == byte(elf.PT_LOAD) || b[3] == byte(elf.PT_PHDR) || b[3] == byte(elf.PT_LOAD))
}

// readWipedImage reads the first page of an image whose header was overwritten,
// nil if it does not look like one.
func readWipedImage(page []byte) *ELFImage {
	for _, class := range []elf.Class{elf.ELFCLASS64, elf.ELFCLASS32} {
		for _, data := range []elf.Data{elf.ELFDATA2LSB, elf.ELFDATA2MSB} {
			i := &ELFImage{Wiped: true, Class: class, Data: data, order: orderOf(data)}
			if i.segments = i.tableIn(page); i.segments != nil {
				return i
			}
		}
	}
	return nil
}

// tableIn returns the table of program headers that stands where one does, nil
// if none does. All that it says must be what linkers write.
func (i *ELFImage) tableIn(page []byte) []segment {
	header, size := i.pick(elfHeader32, elfHeader64), i.pick(elfSegment32, elfSegment64)
	table := page[header:]
	most := min(len(table)/size, maxSegments)
	list := i.readSegments(table, most)
	first := list[0]
	n := 0
	for n < most && list[n].isPlausible() {
		n++
	}
	if first.kind == elf.PT_PHDR {
		n = min(n, int(min(first.fileSize/uint64(size), maxSegments)))
		if first.offset != uint64(header) || first.fileSize != uint64(n*size) {
			return nil
		}
	}
	list = list[:n]
	hasHead := slices.ContainsFunc(list, func(s segment) bool {
		return s.kind == elf.PT_LOAD && s.offset == 0 && s.fileSize >= uint64(header+n*size)
	})
	if n < 2 || !hasHead {
		return nil
	}
	return list
}

// isPlausible reports whether a linker may have written the program header.
func (s segment) isPlausible() bool {
	const leastPage = 4096
	switch {
	case s.flags&^uint32(elf.PF_R|elf.PF_W|elf.PF_X) != 0 || s.fileSize > s.size || bits.OnesCount64(s.align) > 1:
		return false
	case s.kind == elf.PT_LOAD:
		return s.align >= leastPage && s.size > 0 && s.address%s.align == s.offset%s.align
	case s.kind == elf.PT_GNU_STACK:
		return s.offset == 0 && s.fileSize == 0
	}
	return (s.kind > elf.PT_NULL && s.kind <= elf.PT_TLS || s.kind >= elf.PT_GNU_EH_FRAME && s.kind <= elf.PT_GNU_PROPERTY) && s.size > 0
}
