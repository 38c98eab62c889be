package extract

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// hostile is a checkpoint of one process, whose mappings and pages are chosen.
type hostile struct {
	*checkpoint
	to *Folder
}

const page = 4096

// newHostile makes the checkpoint: image is the pages image, as the runs tell of it.
func newHostile(t testing.TB, mappings []schema.MemoryMapping, runs []criu.Run, image []byte) *hostile {
	t.Helper()
	to, err := CreateFolder(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { to.Close() })
	s := &session{room: room{16 * page, 64 * page}, opts: &Options{To: to, Limits: decode.DefaultLimits(), Selection: Selection{Cores: []Processes{{All: true}}, Memory: []Region{{Processes{All: true}, memory.Everything}}}}}
	t.Cleanup(s.discard)
	reader := &memory.Reader{Take: func(int64) bool { return true }, Complete: true}
	kept := newPages(s)
	m := reader.NewCheckpoint(kept)
	space := &mm.MmEntry{}
	for _, v := range mappings {
		entry := &vma.VmaEntry{Start: &v.StartAddress, End: &v.EndAddress}
		if v.VMAStatus.Bits != nil {
			entry.Status = new(uint32(*v.VMAStatus.Bits))
		}
		space.Vmas = append(space.Vmas, entry)
	}
	m.Process(1).SetDescriptor(space)
	m.Process(1).SetPagemap(&criu.Pagemap{PagesID: 1, Runs: runs, StoredPages: uint64(len(image)) / page})
	if err := m.AddPages(1, "pages-1.img", uint64(len(image)), bytes.NewReader(image)).Read(bytes.NewReader(image)); err != nil {
		t.Fatal(err)
	}
	rows := &schema.Rows{
		Processes: []schema.Process{{PID: 1}}, Threads: []schema.Thread{{PID: 1, TID: 1, IsLeader: true}}, MemoryMappings: mappings,
		Registers: []schema.ThreadRegisters{{PID: 1, TID: 1, Arch: "x86_64", Registers: []schema.Register{{Name: "ip", Value: new(uint64(0x1234))}}}},
	}
	return &hostile{&checkpoint{session: s, archive: &schema.Archive{}, rows: rows, copies: decode.Copies{Pages: kept, Memory: m}}, to}
}

// anonymous is a private mapping without a file.
func anonymous(start, end uint64) schema.MemoryMapping {
	return schema.MemoryMapping{PID: 1, StartAddress: start, EndAddress: end, Readable: true, Perms: "r--p", Kind: "anon", VMAStatus: schema.Flags{Bits: new(uint64(criu.VMAAnonPrivate))}}
}

func presentRun(address, pages uint64) criu.Run {
	return criu.Run{Address: address, Pages: pages, Flags: new(uint32(criu.PagePresent))}
}

// extract writes core and memory, and returns their paths.
func (h *hostile) extract(t testing.TB) (core, mem string, items []Item) {
	t.Helper()
	for i, err := range h.items() {
		if err == nil {
			err = h.to.add(i)
		}
		if err != nil {
			t.Fatal(err)
		}
		switch items = append(items, i.Item); i.Origin {
		case "core":
			core = filepath.Join(h.to.root.Name(), i.Name)
		case "memory":
			mem = filepath.Join(h.to.root.Name(), i.Name)
		}
	}
	return core, mem, items
}

// programs reads the program headers of a core, also of very many, and checks that
// they are in order and within the file.
func programs(t testing.TB, core string) (loads []elf.Prog64, file []byte) {
	t.Helper()
	file, err := os.ReadFile(core)
	if err != nil {
		t.Fatal(err)
	}
	var h elf.Header64
	decodeAt(t, file, 0, &h)
	count := uint64(h.Phnum)
	if count == manyHeaders {
		var s elf.Section64
		decodeAt(t, file, h.Shoff, &s)
		count = uint64(s.Info)
	} else if _, err := elf.NewFile(bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	end, address := h.Phoff+count*programHeaderSize, uint64(0)
	for n := range count {
		var p elf.Prog64
		decodeAt(t, file, h.Phoff+n*programHeaderSize, &p)
		if p.Filesz > 0 && (p.Off < end || p.Off+p.Filesz > uint64(len(file))) {
			t.Fatalf("header %d: bytes %#x to %#x of %#x, behind %#x", n, p.Off, p.Off+p.Filesz, len(file), end)
		}
		if p.Filesz > 0 { // others may name any place
			end = p.Off + p.Filesz
		}
		if elf.ProgType(p.Type) != elf.PT_LOAD {
			continue
		}
		if p.Vaddr < address || p.Vaddr+p.Memsz <= p.Vaddr && p.Vaddr+p.Memsz != 0 || p.Filesz != 0 && p.Filesz != p.Memsz {
			t.Fatalf("header %d: %#x, %#x bytes of which the file has %#x, behind %#x", n, p.Vaddr, p.Memsz, p.Filesz, address)
		}
		address = p.Vaddr + p.Memsz
		loads = append(loads, p)
	}
	return loads, file
}

func decodeAt(t testing.TB, file []byte, at uint64, to any) {
	t.Helper()
	if err := binary.Read(io.NewSectionReader(bytes.NewReader(file), int64(at), 1<<20), binary.LittleEndian, to); err != nil {
		t.Fatal(err)
	}
}

// TestManyMappings writes cores of more mappings than fit e_phnum: the first section
// has their number, and gdb finds the last of them.
func TestManyMappings(t *testing.T) {
	for _, count := range []uint64{60_000, manyHeaders - 2, manyHeaders - 1, 70_000} {
		var mappings []schema.MemoryMapping
		for n := range count {
			mappings = append(mappings, anonymous((2*n+1)*page, (2*n+2)*page))
		}
		image := bytes.Repeat([]byte("last"), page/4)
		h := newHostile(t, mappings, []criu.Run{presentRun(mappings[count-1].StartAddress, 1)}, image)
		core, _, _ := h.extract(t)
		loads, file := programs(t, core)
		if uint64(len(loads)) != count {
			t.Errorf("%d headers of %d mappings", len(loads), count)
		}
		if last := loads[count-1]; !bytes.Equal(file[last.Off:last.Off+last.Filesz], image) {
			t.Error("the last mapping has other bytes")
		}
	}
}

// TestOverlapping: of mappings that overlap one is written, and the manifest says so.
func TestOverlapping(t *testing.T) {
	h := newHostile(t, []schema.MemoryMapping{anonymous(page, 4*page), anonymous(2*page, 8*page), anonymous(3*page, 5*page), anonymous(8*page, 9*page)}, nil, nil)
	core, _, items := h.extract(t)
	if loads, _ := programs(t, core); len(loads) != 2 {
		t.Errorf("%d headers", len(loads))
	}
	for _, i := range items {
		if len(i.Absent) != 1 || i.Absent[0].Why != "2 mappings overlap others: these are left out" {
			t.Errorf("%s: absent: %v", i.Origin, i.Absent)
		}
	}
}

// TestHoles: 128 TiB of memory that was never written to cost neither disk nor time,
// and what stands within is found.
func TestHoles(t *testing.T) {
	const end = 1 << 47
	image := bytes.Repeat([]byte{1}, page)
	h := newHostile(t, []schema.MemoryMapping{anonymous(page, end-page)}, []criu.Run{presentRun(1<<46, 1)}, image)
	core, mem, items := h.extract(t)
	loads, file := programs(t, core)
	if len(loads) != 3 || loads[0].Filesz != 0 || loads[2].Filesz != 0 || !bytes.Equal(file[loads[1].Off:][:page], image) {
		t.Errorf("headers: %+v", loads)
	}
	if data, err := os.ReadFile(mem); err != nil || !bytes.Equal(data, image) {
		t.Errorf("%d bytes of memory, %v", len(data), err)
	}
	for _, i := range items {
		if want := []Absent{{end - 3*page, whyHole}}; len(i.Absent) != 1 || i.Absent[0] != want[0] {
			t.Errorf("%s: absent: %v", i.Origin, i.Absent)
		}
	}
}

// TestLost: pages that the page map has and the pages image does not are absent, and
// no zeros.
func TestLost(t *testing.T) {
	h := newHostile(t, []schema.MemoryMapping{anonymous(page, 9*page)}, []criu.Run{presentRun(page, 4)}, bytes.Repeat([]byte{7}, 2*page))
	core, mem, items := h.extract(t)
	loads, _ := programs(t, core)
	if len(loads) != 3 || loads[0].Filesz != 2*page || loads[1].Filesz != 0 || loads[1].Memsz != 2*page || loads[2].Filesz != 4*page {
		t.Errorf("headers: %+v", loads)
	}
	if info, err := os.Stat(mem); err != nil || info.Size() != 6*page {
		t.Errorf("memory: %v, %v", info, err)
	}
	for _, i := range items {
		if len(i.Absent) != 1 || i.Absent[0] != (Absent{2 * page, whyLost}) {
			t.Errorf("%s: absent: %v", i.Origin, i.Absent)
		}
	}
}

// TestTooMuch: an archive writes no more than it may expand to. What is left out is
// absent, and a core is whole or not there.
func TestTooMuch(t *testing.T) {
	h := newHostile(t, []schema.MemoryMapping{anonymous(page, 9*page)}, []criu.Run{presentRun(page, 4)}, bytes.Repeat([]byte{7}, 4*page))
	h.session.opts.Limits.ExpandedBytes = 4*page + 2*page // the pages that were kept, and half of them again
	core, mem, items := h.extract(t)
	if !h.session.isOver() || filepath.Base(core) != "out" {
		t.Errorf("a core: %s", core)
	}
	if info, err := os.Stat(mem); err != nil || info.Size() > 6*page {
		t.Errorf("memory: %v, %v", info, err)
	}
	for _, i := range items {
		if len(i.Absent) == 0 || i.Absent[0].Why != errTooMuch.Error() {
			t.Errorf("%s: absent: %v", i.Origin, i.Absent)
		}
	}
}

// TestParent: pages that a checkpoint leaves to its parent are those of the parent's
// image, where the archive has that, and absent where it has not.
func TestParent(t *testing.T) {
	for _, hasParent := range []bool{true, false} {
		own, parents := bytes.Repeat([]byte{1}, page), bytes.Repeat([]byte{2}, 2*page)
		h := newHostile(t, []schema.MemoryMapping{anonymous(page, 4*page)}, nil, nil)
		kept := newPages(h.session)
		reader := &memory.Reader{Take: func(int64) bool { return true }, Complete: true}
		before, after := reader.NewCheckpoint(), reader.NewCheckpoint(kept)
		after.Process(1).SetDescriptor(&mm.MmEntry{})
		after.Process(1).SetPagemap(&criu.Pagemap{PagesID: 1, StoredPages: 1, Runs: []criu.Run{presentRun(page, 1), {Address: 2 * page, Pages: 2, Flags: new(uint32(criu.PageParent))}}})
		if err := after.AddPages(1, "pages-1.img", page, bytes.NewReader(own)).Read(nil); err != nil {
			t.Fatal(err)
		}
		want, lost := own, uint64(2*page)
		if hasParent {
			after.SetParent(before)
			before.Process(1).SetPagemap(&criu.Pagemap{PagesID: 1, StoredPages: 2, Runs: []criu.Run{presentRun(2*page, 2)}})
			if err := before.AddPages(1, "pages-1.img", 2*page, bytes.NewReader(parents)).Read(nil); err != nil {
				t.Fatal(err)
			}
			want, lost = append(own, parents...), 0
		}
		h.copies = decode.Copies{Pages: kept, Memory: after}
		_, mem, items := h.extract(t)
		if data, err := os.ReadFile(mem); err != nil || !bytes.Equal(data, want) {
			t.Errorf("%d bytes of memory, %v", len(data), err)
		}
		for _, i := range items {
			if lost == 0 && len(i.Absent) > 0 || lost > 0 && (len(i.Absent) != 1 || i.Absent[0] != (Absent{lost, whyParent})) {
				t.Errorf("%s: absent: %v", i.Origin, i.Absent)
			}
		}
	}
}

// TestAArch64 has eu-readelf read the notes of a process of the other architecture.
func TestAArch64(t *testing.T) {
	h := newHostile(t, []schema.MemoryMapping{anonymous(page, 2*page)}, nil, nil)
	registers := []schema.Register{{Name: "sp", Value: new(uint64(0x7ff0))}, {Name: "pc", Value: new(uint64(0x401234))}, {Name: "pstate", Value: new(uint64(0x60000000))},
		{Name: "tls", Value: new(uint64(0xfeed5000))}, {Name: "fpsr", Value: new(uint64(0x10))}, {Name: "fpcr", Value: new(uint64(0x20))}, {Name: "v31", ValueBytes: bytes.Repeat([]byte{0xab}, 16)}}
	for i := range 31 {
		registers = append(registers, schema.Register{Name: fmt.Sprintf("x%d", i), Value: new(uint64(1000 + i))})
	}
	h.rows.Registers[0] = schema.ThreadRegisters{PID: 1, TID: 1, Arch: "aarch64", Registers: registers}
	core, _, _ := h.extract(t)
	out, err := exec.CommandContext(t.Context(), "eu-readelf", "-h", "-n", core).CombinedOutput()
	if err != nil {
		t.Fatalf("eu-readelf: %v\n%s", err, out)
	}
	for _, want := range []string{"AARCH64", "x0: 1000 x1: 1001", "x30: 1030", "sp: 0x0000000000007ff0", "pc: 0x0000000000401234", "pstate: 0x0000000060000000",
		"v31: 0xabababababababababababababababab", "fpsr: 0x00000010", "fpcr: 0x00000020", "tls: 0x00000000feed5000"} {
		if !strings.Contains(strings.Join(strings.Fields(string(out)), " "), want) {
			t.Errorf("eu-readelf does not show %q in\n%s", want, out)
		}
	}
}

// TestNamesAreFree: a file that is there already is not replaced.
func TestNamesAreFree(t *testing.T) {
	dir := t.TempDir()
	to, err := CreateFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	s := &session{opts: &Options{To: to, Limits: decode.DefaultLimits()}}
	defer s.discard()
	f := s.stage()
	f.Write([]byte("ours"))
	_, sum, err := f.settle()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "00001-"+sum[:16])
	if err := os.WriteFile(name, []byte("another's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := to.add(&item{content: f}); err == nil {
		t.Error("no error")
	}
	if data, err := os.ReadFile(name); err != nil || string(data) != "another's" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := CreateFolder(dir); err == nil {
		t.Error("a folder that is not empty was taken")
	}
}

// FuzzCore makes mappings, page maps and pages of the fuzzer's bytes: whatever they are,
// the core can be read, and has no more than the mappings and the image.
func FuzzCore(f *testing.F) {
	seed := func(words ...uint64) {
		var data []byte
		for _, w := range words {
			data = binary.LittleEndian.AppendUint64(data, w)
		}
		f.Add(data)
	}
	seed(2, 0x1000, 0x5000, 0, 0x3000, 0x9000, 2, 1, 0x1000, 2, 4)
	seed(1, 0, 1<<47, 1, 0x1001, 3, 1, 1<<63, 1<<52, 4)
	seed(3, 0x1001, 0x1002, 1, 0x1002, ^uint64(0), 3, ^uint64(0)-page, ^uint64(0), 0, 2, 0, 1, 4, 0x1000, 9, 2)
	f.Fuzz(func(t *testing.T, data []byte) {
		next := func() (v uint64) {
			if len(data) >= 8 {
				v, data = binary.LittleEndian.Uint64(data), data[8:]
			}
			return v
		}
		var mappings []schema.MemoryMapping
		for range next() % 5 {
			m := anonymous(next(), next())
			switch next() % 4 {
			case 1:
				m.VMAStatus.Bits = nil
			case 2:
				m.ShmemID, m.FileOffset = new(uint64(5)), next()
			case 3:
				m.Executable, m.Path = true, schema.Text{Raw: []byte("/x\xff")}
			}
			mappings = append(mappings, m)
		}
		var runs []criu.Run
		for range next() % 5 {
			runs = append(runs, criu.Run{Address: next(), Pages: next(), Flags: new(uint32(next()))})
		}
		h := newHostile(t, mappings, runs, bytes.Repeat([]byte{1}, 3*page))
		core, _, items := h.extract(t)
		if core != "" {
			programs(t, core)
		}
		for _, i := range items {
			if i.Size != nil && *i.Size > 256*page {
				t.Errorf("%s of %d bytes", i.Origin, *i.Size)
			}
		}
	})
}
