package memory_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/ckexport/ckexport/pipeline/memory"
)

// library makes a shared library of three pages, linked to an address: names and
// notes are in its first page, the dynamic section in its last. As a file that
// stands a page earlier.
func library(class elf.Class, order binary.ByteOrder, linkedTo uint64) (mapped, file []byte) {
	const data, names, notes = 2 * pageSize, 0x300, 0x280
	var b bytes.Buffer
	write := func(values ...any) {
		for _, v := range values {
			if w, ok := v.(uint64); ok && class == elf.ELFCLASS32 {
				v = uint32(w)
			}
			_ = binary.Write(&b, order, v)
		}
	}
	encoding, header, entry := byte(elf.ELFDATA2LSB), uint64(64), uint64(56)
	if order == binary.ByteOrder(binary.BigEndian) {
		encoding = byte(elf.ELFDATA2MSB)
	}
	if class == elf.ELFCLASS32 {
		header, entry = 52, 32
	}
	b.WriteString(elf.ELFMAG)
	b.Write([]byte{byte(class), encoding, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	write(uint16(elf.ET_DYN), uint16(elf.EM_AARCH64), uint32(1), linkedTo+0x123, header, uint64(0), uint32(0), uint16(header), uint16(entry), uint16(5), uint16(0), uint16(0), uint16(0))
	segment := func(kind elf.ProgType, flags elf.ProgFlag, offset, address, size, align uint64) {
		if class == elf.ELFCLASS32 {
			write(uint32(kind), offset, linkedTo+address, linkedTo+address, size, size, uint32(flags), align)
			return
		}
		write(uint32(kind), uint32(flags), offset, linkedTo+address, linkedTo+address, size, size, align)
	}
	width := header / 8 // of a word, 6 rounded down to 4
	if class == elf.ELFCLASS32 {
		width = 4
	}
	segment(elf.PT_LOAD, elf.PF_R|elf.PF_X, 0, 0, pageSize, pageSize)
	segment(elf.PT_LOAD, elf.PF_R|elf.PF_W, pageSize, data, pageSize, pageSize)
	segment(elf.PT_DYNAMIC, elf.PF_R|elf.PF_W, pageSize+16, data+16, 8*width, 8)
	segment(elf.PT_NOTE, elf.PF_R, notes, notes, 24, 4)
	segment(elf.PT_GNU_EH_FRAME, elf.PF_R, 0x400, 0x400, 64, 4)
	pad := func(to int) { b.Write(make([]byte, to-b.Len())) }
	pad(notes)
	write(uint32(4), uint32(8), uint32(3))
	b.WriteString("GNU\x00build id")
	pad(names)
	b.WriteString("\x00libc.so.6\x00libm.so.6\x00")
	pad(pageSize + 16)
	write(uint64(elf.DT_NEEDED), uint64(1), uint64(elf.DT_STRTAB), linkedTo+names, uint64(elf.DT_NEEDED), uint64(11), uint64(0), uint64(0))
	pad(2 * pageSize)
	file = b.Bytes()
	return slices.Concat(file[:pageSize], make([]byte, pageSize), file[pageSize:]), file
}

// findImages returns the ELF images in the memory of a process, or in a shared object.
func findImages(t *testing.T, shared bool, content []byte) []*memory.ELFImage {
	t.Helper()
	finder := memory.NewELFHeaders(func(int64) bool { return true })
	reader := &memory.Reader{Take: func(int64) bool { return true }}
	c := reader.NewCheckpoint(finder)
	space := c.Process(7)
	if shared {
		space = c.SharedObject(7)
	} else {
		space.SetDescriptor(descriptorOf([]uint64{6, pageSize}, memory.Range{Start: 1, End: 1000}))
	}
	space.SetPagemap(pagemapOf(1, run(5, uint64(len(content)/pageSize), 4)))
	if err := c.AddPages(1, "pages", uint64(len(content)), nil).Read(bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	return finder.Of(space)
}

// TestELFHeaders: an image is found with what its pages tell, mapped as a loader
// does and as a file, of either class and byte order; also without its header.
func TestELFHeaders(t *testing.T) {
	for _, class := range []elf.Class{elf.ELFCLASS64, elf.ELFCLASS32} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			for _, wiped := range []bool{false, true} {
				for _, shared := range []bool{false, true} {
					content, size := make([]byte, pageSize), uint64(3*pageSize)
					mapped, file := library(class, order, 0x40000)
					if shared {
						mapped, size = file, 2*pageSize
					}
					if wiped {
						clear(mapped[:52])
					}
					found := findImages(t, shared, slices.Concat(content, mapped, content))
					if len(found) != 1 {
						t.Fatalf("%v %v, wiped %v, shared %v: %d images", class, order, wiped, shared, len(found))
					}
					i := found[0]
					if i.Address != 6*pageSize || i.Class != class || i.Wiped != wiped || !wiped && (i.Machine != elf.EM_AARCH64 || i.Type != elf.ET_DYN || i.Entry != 0x40123) {
						t.Errorf("%+v", i)
					}
					needed, ok := i.Needed()
					if got, known := i.Size(); string(i.BuildID()) != "build id" || !ok || len(needed) != 2 || string(needed[1]) != "libm.so.6" || !known || got != size {
						t.Errorf("%v %v, wiped %v, shared %v: build id %q, needs %q, size %d", class, order, wiped, shared, i.BuildID(), needed, got)
					}
				}
			}
		}
	}
}

// TestELFHeadersWithoutPages: what is in pages that are not there is not known.
func TestELFHeadersWithoutPages(t *testing.T) {
	mapped, _ := library(elf.ELFCLASS64, binary.LittleEndian, 0)
	i := findImages(t, false, mapped[:2*pageSize])[0]
	if _, ok := i.Needed(); ok || i.BuildID() == nil {
		t.Error("the dynamic section is not there")
	}
	if found := findImages(t, false, make([]byte, 40*pageSize)); found != nil {
		t.Errorf("%d images in zeros", len(found))
	}
}

// FuzzELFHeaders: no page makes a consumer panic, or read without end.
func FuzzELFHeaders(f *testing.F) {
	for _, class := range []elf.Class{elf.ELFCLASS64, elf.ELFCLASS32} {
		mapped, _ := library(class, binary.LittleEndian, 0x40000)
		f.Add(mapped[:1024], mapped[2*pageSize:2*pageSize+256])
	}
	f.Fuzz(func(t *testing.T, first, last []byte) {
		content := make([]byte, 3*pageSize)
		copy(content, first)
		copy(content[2*pageSize:], last)
		for _, shared := range []bool{false, true} {
			for _, i := range findImages(t, shared, content) {
				i.BuildID()
				i.Needed()
				i.Size()
			}
		}
	})
}
