package unwind_test

import (
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ckexport/ckexport/pipeline/unwind"
)

// stack is memory from an address on, all of whose words that are in code are return
// addresses.
type stack struct {
	start    uint64
	words    []uint64
	from, to uint64 // code
	image    *unwind.Image
}

func (s stack) Word(address uint64) (uint64, bool) {
	n := (address - s.start) / 8
	if address < s.start || address%8 != 0 || n >= uint64(len(s.words)) {
		return 0, false
	}
	return s.words[n], true
}

func (s stack) IsCode(address uint64) bool { return address >= s.from && address < s.to }

func (s stack) Image(address uint64) (*unwind.Image, uint64) { return s.image, address }

// TestAArch64 walks a chain of frame records, whose return addresses are signed, as
// pointer authentication has them.
func TestAArch64(t *testing.T) {
	const signature = 0x2a << 48
	s := stack{start: 0x7f0000, from: 0x400000, to: 0x500000, words: []uint64{
		1, 2,
		0x7f0030, 0x400100 | signature, // 0x7f0010
		3, 4,
		0x7f0040, 0x400200 | signature, // 0x7f0030
		0, 0x400300,
	}}
	thread := unwind.NewThread(elf.EM_AARCH64)
	for name, value := range map[string]uint64{"pc": 0x400050, "sp": 0x7f0000, "x29": 0x7f0010} {
		thread.Set(name, value)
	}
	var got []uint64
	for _, f := range unwind.Walk(thread, s, s) {
		got = append(got, f.IP)
	}
	want := []uint64{0x400050, 0x400100, 0x400200, 0x400300}
	if len(got) != len(want) {
		t.Fatalf("%#x, want %#x", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("frame %d: %#x, want %#x", i, got[i], want[i])
		}
	}
}

// TestEndless walks stacks that never end: a frame that is its own caller, and
// nothing but return addresses.
func TestEndless(t *testing.T) {
	words := make([]uint64, 1<<16)
	for i := range words {
		words[i] = 0x400100
	}
	for _, fp := range []uint64{0, 0x7f0010, 1 << 62} {
		s := stack{start: 0x7f0000, from: 0x400000, to: 0x500000, words: words}
		thread := unwind.NewThread(elf.EM_X86_64)
		for name, value := range map[string]uint64{"ip": 0x400050, "sp": 0x7f0000, "bp": fp} {
			thread.Set(name, value)
		}
		if n := len(unwind.Walk(thread, s, s)); n == 0 || n > unwind.MaxFrames {
			t.Errorf("%d frames", n)
		}
	}
}

// FuzzImage asks ELF files that may be damaged for all that they are asked for.
func FuzzImage(f *testing.F) {
	program := filepath.Join(f.TempDir(), "program")
	if out, err := exec.Command("gcc", "-O1", "-g", "-Wl,-z,max-page-size=4096", "-s", "testdata/calls.c", "-o", program).CombinedOutput(); err != nil {
		f.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(program)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, uint32(0x1080))
	f.Fuzz(func(t *testing.T, data []byte, at uint32) {
		image, err := unwind.NewImage(data)
		if err != nil {
			return
		}
		linked, _ := image.Address(uint64(at))
		for _, address := range []uint64{linked, uint64(at), binary.LittleEndian.Uint64(append(data[:min(8, len(data))], make([]byte, 8)...))} {
			if name, _, ok := image.Symbol(address); ok && name == "" {
				t.Error("a function without a name")
			}
			s := stack{start: 0x7f0000, from: 0, to: 1 << 47, words: []uint64{uint64(at), linked, linked + 1, 0x7f0010, linked}, image: image}
			thread := unwind.NewThread(elf.EM_X86_64)
			for name, value := range map[string]uint64{"ip": address, "sp": 0x7f0000, "bp": 0x7f0018} {
				thread.Set(name, value)
			}
			if frames := unwind.Walk(thread, s, s); len(frames) == 0 || frames[0].IP != address {
				t.Errorf("%d frames", len(frames))
			}
		}
	})
}
