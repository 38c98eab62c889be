package memory_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
)

// FuzzMemory makes page maps, mappings and links of the fuzzer's bytes: whatever
// they are, reading ends, stays within the memory it may take, and delivers no
// more than there is.
func FuzzMemory(f *testing.F) {
	seed := func(words ...uint64) {
		var data []byte
		for _, w := range words {
			data = binary.LittleEndian.AppendUint64(data, w)
		}
		f.Add(data)
	}
	seed(0, 4096, 0x1000, 0x2000, 0, 0x1000, 2, 4, 0x3000, 1<<60, 4, 1<<63, 1<<63, 5)
	seed(1, 1<<21, 0, 1<<47, 5, ^uint64(0)-0xfff, 1, 4, 0x1000, 3, 1, 0x4000, ^uint64(0), 4)
	f.Fuzz(func(t *testing.T, data []byte) {
		next := func() (v uint64) {
			if len(data) >= 8 {
				v, data = binary.LittleEndian.Uint64(data), data[8:]
			}
			return v
		}
		var taken int64
		reader := &memory.Reader{Take: func(bytes int64) bool { taken += bytes; return taken <= 1<<20 }}
		delivered := 0
		every := consumer{memory.Everything, func(b memory.Block) {
			if delivered += len(b.Data); len(b.Data) == 0 || len(b.Data) > memory.MaxBlock {
				t.Fatalf("a block of %d bytes", len(b.Data))
			}
		}}
		image := bytes.Repeat([]byte{1}, 64<<10)
		var checkpoints []*memory.Checkpoint
		var spaces []*memory.Space
		var all []*memory.Texts
		for range 3 {
			texts := memory.NewTexts(1<<20, reader.Take)
			c := reader.NewCheckpoint(texts, every)
			if link := next() % 4; link < uint64(len(checkpoints)) {
				c.SetParent(checkpoints[link])
				checkpoints[link].SetParent(c)
			}
			s := c.Process(1)
			start, end := next(), next()
			m := &mm.MmEntry{MmArgStart: &start, MmArgEnd: &end, MmEnvStart: &end, MmEnvEnd: proto.Uint64(next()), MmSavedAuxv: []uint64{6, next(), criu.AuxExecFn, next()}}
			m.Vmas = descriptorOf(nil, memory.Range{Start: next(), End: next()}, memory.Range{Start: next(), End: next()}).Vmas
			s.SetDescriptor(m)
			var runs []criu.Run
			for range next() % 8 {
				flags := uint32(next())
				runs = append(runs, criu.Run{Address: next(), Pages: next(), Flags: &flags})
			}
			s.SetPagemap(pagemapOf(uint32(next()%2), runs...))
			checkpoints, spaces, all = append(checkpoints, c), append(spaces, s), append(all, texts)
		}
		reader.Complete = true
		for _, c := range checkpoints {
			for id := range uint32(2) {
				if err := c.AddPages(id, "pages", uint64(len(image)), nil).Read(bytes.NewReader(image)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if most := len(spaces) * 6 * 8 * len(image); delivered > most {
			t.Fatalf("%d bytes delivered", delivered)
		}
		for i, s := range spaces {
			for e := range s.Extents(memory.Range{Start: next(), End: next()}) {
				if e.Start >= e.End {
					t.Fatalf("extent %#x-%#x", e.Start, e.End)
				}
			}
			p := all[i].Of(s)
			if int64(len(p.Args.Data)+len(p.Env.Data)) > taken {
				t.Fatal("texts of more memory than was taken")
			}
			p.Cmdline()
		}
	})
}

// TestNoMemory: where a page map has more runs than the archive may take memory
// for, its pages are not read.
func TestNoMemory(t *testing.T) {
	var runs []criu.Run
	for i := range uint64(100_000) {
		runs = append(runs, run(2*i, 1, criu.PagePresent))
	}
	reader := &memory.Reader{Take: func(bytes int64) bool { return bytes < 1<<20 }}
	c := reader.NewCheckpoint(consumer{memory.Everything, func(memory.Block) { t.Fatal("a block") }})
	c.SharedObject(1).SetPagemap(pagemapOf(1, runs...))
	if err := c.AddPages(1, "pages", uint64(len(runs))*memory.DefaultPageSize, nil).Read(bytes.NewReader(nil)); !errors.Is(err, memory.ErrMemory) {
		t.Error(err)
	}
}

// BenchmarkPages reads a pages image of 256 MiB for a consumer that does nothing.
func BenchmarkPages(b *testing.B) {
	image := make([]byte, 256<<20)
	var runs []criu.Run
	for page := uint64(0); page < 64<<10; page += 16 {
		runs = append(runs, run(page+page/64, 16, criu.PagePresent))
	}
	for name, seekable := range map[string]bool{"stream": false, "at": true} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(image)))
			b.ReportAllocs()
			for b.Loop() {
				reader := &memory.Reader{Take: func(int64) bool { return true }}
				var got int
				c := reader.NewCheckpoint(consumer{memory.Everything, func(b memory.Block) { got += len(b.Data) }})
				s := c.Process(1)
				s.SetPagemap(pagemapOf(1, runs...))
				s.SetDescriptor(descriptorOf(nil, memory.Range{Start: 0, End: 1 << 20}))
				in := bytes.NewReader(image)
				p := c.AddPages(1, "pages", uint64(len(image)), nil)
				if seekable {
					p.At = in
				}
				if err := p.Read(in); err != nil || got != len(image) {
					b.Fatal(err, got)
				}
			}
		})
	}
}
