package criu_test

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path"
	"testing"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	ghost "github.com/checkpoint-restore/go-criu/v8/crit/images/ghost-file"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pagemap"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// realImages returns the images of a plain archive of the test data.
func realImages(t testing.TB, archive string) map[string][]byte {
	t.Helper()
	data, err := os.ReadFile("../../testdata/archives/" + archive)
	if err != nil {
		t.Fatal(err)
	}
	images := map[string][]byte{}
	r := tar.NewReader(bytes.NewReader(data))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return images
		}
		if err != nil {
			t.Fatal(err)
		}
		if images[path.Base(h.Name)], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func kindOf(t testing.TB, name string) criu.Kind {
	t.Helper()
	kind, _, ok := criu.KindOf(name)
	if !ok {
		t.Fatalf("%s is no image", name)
	}
	return kind
}

// FuzzPagemap: no page map makes lookups disagree with each other, or point
// outside what the map says is stored.
func FuzzPagemap(f *testing.F) {
	images := realImages(f, "memhash-shm.tar")
	for name, data := range images {
		if kind, _, ok := criu.KindOf(name); ok && (kind.Name == "PAGEMAP" || kind.Name == "SHMEM_PAGEMAP") {
			f.Add(data, uint64(0x400000))
		}
	}
	kind := kindOf(f, "pagemap-1.img")
	f.Fuzz(func(t *testing.T, data []byte, address uint64) {
		r, err := criu.NewReader(kind, data, false)
		if err != nil {
			return
		}
		p, _ := criu.ReadPagemap(r)
		const size = 4096
		dropped := p.Index(size)
		if dropped > len(p.Runs) {
			t.Fatalf("%d of %d runs dropped", dropped, len(p.Runs))
		}
		for i := range p.Runs {
			if run := &p.Runs[i]; run.Content() == criu.Present && (run.FirstPage > p.StoredPages || run.Pages > p.StoredPages-run.FirstPage) {
				t.Fatalf("run %d: pages %d+%d of %d", i, run.FirstPage, run.Pages, p.StoredPages)
			}
		}
		address &^= size - 1
		run := runAt(p, address)
		if address+size < address {
			return
		}
		n := p.Count(address, address+size)
		if whole := n[0] + n[1] + n[2]; whole > 1 {
			t.Fatalf("%d pages in one", whole)
		}
		if run != nil && run.Address%size == 0 && n[run.Content()] != 1 {
			t.Fatalf("page %#x is in run %#x+%d and counted %v", address, run.Address, run.Pages, n)
		}
	})
}

// FuzzPageBlocks: whatever a page map tells of compressed pages, reading them ends,
// with no more than it tells.
func FuzzPageBlocks(f *testing.F) {
	image := realImages(f, "memhash-shm.tar")["pagemap-1.img"][:8]
	for _, entry := range []string{
		"\x08\x01", "\x08\x80\x20\x10\x00\x20\x0c\x28\x02\x32\x0a\x0a\x03\x00\x80\x20\x10\x80\x20\x18\x01",
		"\x08\x80\x60\x10\x00\x20\x04\x28\x05\x30\x09\x30\x00\x40\x03",
	} {
		image = append(binary.LittleEndian.AppendUint32(image, uint32(len(entry))), entry...)
	}
	f.Add(image, bytes.Repeat([]byte{0x1f, 'a', 1, 0}, 4000), uint64(0))
	kind := kindOf(f, "pagemap-1.img")
	f.Fuzz(func(t *testing.T, data, pages []byte, offset uint64) {
		r, err := criu.NewReader(kind, data, false)
		if err != nil {
			return
		}
		p, _ := criu.ReadPagemap(r)
		const size = 4096
		layout, ok := p.Layout(size)
		if !ok {
			return
		}
		in := layout.NewReader(bytes.NewReader(pages), func(_, _ int64) error { return nil })
		for _, at := range []uint64{offset % (1 << 62), 0, 3 * size} {
			n, err := in.ReadAt(make([]byte, 3*size+1), int64(at))
			if err == nil && uint64(n)+at > p.StoredPages*size {
				t.Fatalf("%d bytes at %d of %d pages", n, at, p.StoredPages)
			}
		}
	})
}

// FuzzFraming: reading entries always ends, and never beyond the image.
func FuzzFraming(f *testing.F) {
	names := []string{"inventory.img", "files.img", "core-1.img", "mm-1.img", "pstree.img", "stats-dump", "seccomp.img", "ghost-file-1.img"}
	images := realImages(f, "ghost-files.tar")
	for i, name := range names {
		f.Add(uint8(i), images[name], uint64(0))
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte, extra uint64) {
		r, err := criu.NewReader(kindOf(t, names[int(which)%len(names)]), data, extra%2 == 1)
		if err != nil {
			return
		}
		for {
			before := r.Offset()
			entry, err := r.Next()
			if err != nil {
				return
			}
			if r.Offset() != before+4+uint64(len(entry)) || r.Offset() > uint64(len(data)) {
				t.Fatalf("entry of %d bytes at %d ends at %d of %d", len(entry), before, r.Offset(), len(data))
			}
			if payload, err := r.Extra(extra); err == nil && uint64(len(payload)) != extra {
				t.Fatalf("payload of %d bytes, wanted %d", len(payload), extra)
			}
		}
	})
}

// FuzzGhost: reading a ghost file ends, and tells a digest only of all of it.
func FuzzGhost(f *testing.F) {
	for name, data := range realImages(f, "ghost-files.tar") {
		if kind, _, ok := criu.KindOf(name); ok && kind.Name == "GHOST_FILE" && len(data) < 16<<10 {
			f.Add(data)
		}
	}
	f.Add(chunkedGhost(f, 20000, map[uint64]int{0: 4096, 8192: 4096, 16384: 4096}))
	f.Fuzz(func(t *testing.T, data []byte) {
		const most, keep = 1 << 20, 5000
		g, err := criu.ReadGhost(bytes.NewReader(data), most, keep, io.Discard)
		if err != nil && g != nil && g.SHA256 != "" {
			t.Fatalf("a digest of a damaged file: %v", err)
		}
		if g != nil && g.Stored > uint64(len(data)) {
			t.Fatalf("%d bytes stored in an image of %d", g.Stored, len(data))
		}
		if g != nil && g.SHA256 != "" && uint64(len(g.Content)) != min(g.Size, keep) {
			t.Fatalf("%d bytes kept of a file of %d", len(g.Content), g.Size)
		}
	})
}

// chunkedGhost makes an image of a file with chunks of 'x' at offsets.
func chunkedGhost(t testing.TB, size uint64, chunks map[uint64]int) []byte {
	t.Helper()
	image := binary.LittleEndian.AppendUint32(nil, 0x54564319)
	magic, _ := kindOf(t, "ghost-file-1.img").Magic()
	image = binary.LittleEndian.AppendUint32(image, magic)
	add := func(m proto.Message) {
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		image = append(binary.LittleEndian.AppendUint32(image, uint32(len(data))), data...)
	}
	add(&ghost.GhostFileEntry{Uid: new(uint32), Gid: new(uint32), Mode: proto.Uint32(0o100644), Chunks: proto.Bool(true), Size: &size})
	for offset := uint64(0); offset < size; offset += 4096 {
		if n, ok := chunks[offset]; ok {
			add(&ghost.GhostChunkEntry{Len: proto.Uint64(uint64(n)), Off: &offset})
			image = append(image, bytes.Repeat([]byte{'x'}, n)...)
		}
	}
	return image
}

// pagemapReader makes a pagemap image.
func pagemapReader(t testing.TB, runs ...*pagemap.PagemapEntry) *criu.Reader {
	t.Helper()
	kind := kindOf(t, "pagemap-1.img")
	image := binary.LittleEndian.AppendUint32(nil, 0x54564319)
	magic, _ := kind.Magic()
	image = binary.LittleEndian.AppendUint32(image, magic)
	add := func(m proto.Message) {
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		image = append(binary.LittleEndian.AppendUint32(image, uint32(len(data))), data...)
	}
	add(&pagemap.PagemapHead{PagesId: proto.Uint32(7)})
	for _, r := range runs {
		add(r)
	}
	r, err := criu.NewReader(kind, image, false)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// FuzzSiginfo: no bytes make a siginfo_t that is read beyond its end.
func FuzzSiginfo(f *testing.F) {
	queued := make([]byte, 128)
	queued[0], queued[16] = 36, 1
	binary.LittleEndian.PutUint32(queued[8:], 1<<32-1)
	for arch := range uint8(9) {
		f.Add(queued, arch, false)
		f.Add([]byte{17, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}, arch, true)
	}
	f.Fuzz(func(t *testing.T, data []byte, arch uint8, big bool) {
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		s, err := criu.ParseSiginfo(data, order, core.CoreEntryMarch(arch))
		if (err == nil) == (s == nil) {
			t.Fatal("neither a siginfo nor an error")
		}
		if s != nil && criu.SiginfoCodeName(core.CoreEntryMarch(arch), s.Signal, s.Code) == "" {
			t.Fatalf("code %d has no name", s.Code)
		}
	})
}

// FuzzDisassemble: every instruction has a mnemonic, as many as the program
// has whole ones.
func FuzzDisassemble(f *testing.F) {
	for name, data := range realImages(f, "memhash-shm.tar") {
		if name == "seccomp.img" {
			f.Add(data[14:], false)
			f.Add(data[14:], true)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, big bool) {
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		list := criu.Disassemble(data, order)
		if len(list) != len(data)/8 {
			t.Fatalf("%d instructions in %d bytes", len(list), len(data))
		}
		for _, in := range list {
			if in.Mnemonic == "" {
				t.Fatalf("%+v", in)
			}
		}
	})
}

// FuzzRegisters: whatever lengths the lists of a core image have, registers
// have names and widths, and there are no more than processors have.
func FuzzRegisters(f *testing.F) {
	for name, data := range realImages(f, "memhash-shm.tar") {
		if kind, _, ok := criu.KindOf(name); ok && kind.Name == "CORE" {
			f.Add(data[12:])
		}
	}
	for _, info := range threadInfos {
		full, _ := fullCore(f, info)
		data, err := proto.MarshalOptions{AllowPartial: true}.Marshal(full)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var c core.CoreEntry
		if err := criu.Unmarshal(data, &c); err != nil && !errors.Is(err, criu.ErrMissingField) {
			return
		}
		found, _ := new(criu.RegisterReader).Registers(binary.LittleEndian, &c)
		if len(found) > 512 {
			t.Fatalf("%d registers", len(found))
		}
		for _, r := range found {
			if r.Name == "" || r.Set == "" || r.Bytes != nil && len(r.Bytes)*8 != int(r.Bits) {
				t.Fatalf("%+v", r)
			}
		}
	})
}
