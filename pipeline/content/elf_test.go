package content_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/content"
)

// factsOf gives bytes to a sniffer in pieces of some size.
func factsOf(data []byte, piece int) content.Facts {
	var s content.Sniffer
	s.Reset()
	for len(data) > 0 {
		n := min(piece, len(data))
		s.Write(data[:n]) //nolint:errcheck // a sniffer never fails
		data = data[n:]
	}
	return s.Facts()
}

// programs lists ELF files of this machine: this test, Go's tools, and some of
// the system's programs, libraries and modules.
func programs(t testing.TB) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	found := []string{self}
	if tool, err := exec.LookPath("go"); err == nil {
		found = append(found, tool)
	}
	for _, pattern := range []string{"/bin/*", "/usr/lib/*/*.so*", "/usr/lib/*/crt*.o", "/lib/modules/*/kernel/*/*.ko", "/usr/lib/debug/.build-id/*/*.debug"} {
		names, _ := filepath.Glob(pattern)
		found = append(found, names[:min(len(names), 150)]...)
	}
	return found
}

// TestELFAgreesWithDebugELF compares with the standard library's reader, which
// has the whole file at hand.
func TestELFAgreesWithDebugELF(t *testing.T) {
	compared := 0
	for _, path := range programs(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // a dangling link, a folder
		}
		f, err := elf.NewFile(bytes.NewReader(data))
		got := factsOf(data, 32<<10)
		if err != nil {
			if !bytes.HasPrefix(data, []byte(elf.ELFMAG)) && got.Kind == content.ELF {
				t.Errorf("%s is no ELF file", path)
			}
			continue
		}
		if got.Kind != content.ELF {
			t.Errorf("%s is %s", path, got.Kind)
			continue
		}
		compared++
		sameELF(t, path, got.ELF, f)
	}
	if compared < 2 {
		t.Errorf("only %d programs were compared", compared)
	}
}

func sameELF(t *testing.T, path string, got *content.ELFFacts, f *elf.File) {
	t.Helper()
	if got.Class != f.Class || got.Data != f.Data || got.Type != f.Type || got.Machine != f.Machine {
		t.Errorf("%s: %v %v %v %v", path, got.Class, got.Data, got.Type, got.Machine)
	}
	var interpreter *string
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz > 0 { // files of debug information have an empty one
			data, err := io.ReadAll(p.Open())
			if err != nil {
				t.Fatal(err)
			}
			interpreter = new(strings.TrimRight(string(data), "\x00"))
		}
	}
	if (got.Interpreter == nil) != (interpreter == nil) || interpreter != nil && *got.Interpreter != *interpreter {
		t.Errorf("%s: interpreter %v, want %v", path, got.Interpreter, interpreter)
	}
	var id []byte
	for _, s := range f.Sections {
		if s.Type != elf.SHT_NOTE || s.Name != ".note.gnu.build-id" {
			continue
		}
		if data, err := s.Data(); err == nil && len(data) > 16 {
			id = data[16:]
		}
	}
	if !bytes.Equal(got.BuildID, id) {
		t.Errorf("%s: build id %x, want %x", path, got.BuildID, id)
	}
	stripped := f.SectionByType(elf.SHT_SYMTAB) == nil
	if got.Stripped == nil || *got.Stripped != stripped {
		t.Errorf("%s: stripped %v, want %v", path, got.Stripped, stripped)
	}
}

// elfFile makes an ELF file of any class and byte order: a header, segments
// with an interpreter and a note, and at the end section headers with or
// without a symbol table.
func elfFile(class elf.Class, order binary.ByteOrder, padding int, symbols bool) []byte {
	is64 := class == elf.ELFCLASS64
	var out bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			if n, ok := v.(int); ok { // as wide as an address
				v = uint32(n)
				if is64 {
					v = uint64(n)
				}
			}
			binary.Write(&out, order, v) //nolint:errcheck // to memory
		}
	}
	data := elf.ELFDATA2LSB
	if order == binary.BigEndian {
		data = elf.ELFDATA2MSB
	}
	header, segment, section := 52, 32, 40
	if is64 {
		header, segment, section = 64, 56, 64
	}
	interp := "/lib/ld.so\x00"
	note := new(bytes.Buffer)
	binary.Write(note, order, []uint32{4, 6, 3}) //nolint:errcheck // to memory
	note.WriteString("GNU\x00\x01\x02\x03\x04\x05\x06\x00\x00")
	interpAt := header + 2*segment
	noteAt := interpAt + len(interp) + 1
	sectionsAt := noteAt + note.Len() + padding
	out.Write([]byte{0x7f, 'E', 'L', 'F', byte(class), byte(data), 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	put(uint16(elf.ET_EXEC), uint16(elf.EM_MIPS), uint32(1), 0, header, sectionsAt, uint32(0))
	put(uint16(header), uint16(segment), uint16(2), uint16(section), uint16(2), uint16(0))
	for _, s := range []struct {
		kind       elf.ProgType
		at, length int
	}{{elf.PT_INTERP, interpAt, len(interp)}, {elf.PT_NOTE, noteAt, note.Len()}} {
		if is64 {
			put(uint32(s.kind), uint32(4), s.at, 0, 0, s.length, s.length, 4)
		} else {
			put(uint32(s.kind), s.at, 0, 0, s.length, s.length, uint32(4), 4)
		}
	}
	out.WriteString(interp + "\x00")
	out.Write(note.Bytes())
	out.Write(make([]byte, padding))
	for _, kind := range []elf.SectionType{elf.SHT_NULL, elf.SHT_SYMTAB} {
		if !symbols {
			kind = elf.SHT_NULL
		}
		put(uint32(0), uint32(kind), 0, 0, 0, 0, uint32(0), uint32(0), 0, 0)
	}
	return out.Bytes()
}

// TestELFForms: both classes and byte orders, section headers near and far,
// bytes in pieces of any size.
func TestELFForms(t *testing.T) {
	for _, class := range []elf.Class{elf.ELFCLASS32, elf.ELFCLASS64} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			for _, padding := range []int{0, 64<<10 - 300, 64<<10 - 200, 3 << 20} {
				for _, symbols := range []bool{false, true} {
					data := elfFile(class, order, padding, symbols)
					for _, piece := range []int{1 << 30, 4096, 777} {
						f := factsOf(data, piece)
						e := f.ELF
						if e == nil || e.Class != class || e.Type != elf.ET_EXEC || e.Machine != elf.EM_MIPS || e.Interpreter == nil || *e.Interpreter != "/lib/ld.so" ||
							hex.EncodeToString(e.BuildID) != "010203040506" || e.Stripped == nil || *e.Stripped == symbols {
							t.Fatalf("%v %v, %d bytes apart, in pieces of %d, symbols %v: %+v", class, order, padding, piece, symbols, e)
						}
					}
				}
			}
		}
	}
	// cut short: what is gone is not told
	data := elfFile(elf.ELFCLASS64, binary.LittleEndian, 1<<20, true)
	if e := factsOf(data[:len(data)-1], 4096).ELF; e == nil || e.Stripped != nil || e.BuildID == nil {
		t.Errorf("cut: %+v", e)
	}
	for cut := range 300 {
		factsOf(data[:cut], 7)
	}
}

// FuzzSniffer: whatever the bytes are, and in whatever pieces they come, there
// is one answer and no panic.
func FuzzSniffer(f *testing.F) {
	f.Add(elfFile(elf.ELFCLASS64, binary.LittleEndian, 100, true), uint16(10))
	f.Add(elfFile(elf.ELFCLASS32, binary.BigEndian, 66<<10, false), uint16(4096))
	for _, c := range samples {
		f.Add([]byte(c.data), uint16(3))
	}
	if self, err := os.Executable(); err == nil {
		if data, err := os.ReadFile(self); err == nil {
			f.Add(data[:100<<10], uint16(999))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, piece uint16) {
		whole, pieces := factsOf(data, 1<<30), factsOf(data, max(int(piece), 1))
		if whole.Kind != pieces.Kind || whole.Format != pieces.Format || whole.Interpreter != pieces.Interpreter || whole.Kind == "" {
			t.Fatalf("whole it is %+v, in pieces %+v", whole, pieces)
		}
	})
}
