package scan

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestWindows cuts runs of random bytes that come in pieces of random sizes, with
// pauses: each byte is new in one block, and what is shorter than the overlap lies
// whole in one.
func TestWindows(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, zeros := range []bool{false, true} {
		content := make([]byte, 3*BlockSize+12345)
		for i := range content {
			if !zeros || i%100 < 30 {
				content[i] = byte(1 + random.IntN(255))
			}
		}
		const start = 1 << 40
		fresh, last := uint64(start), 0
		whole := map[int]bool{} // places at which a block has all of the next bytes
		w := NewWindows(func(b Block) {
			if b.Address+uint64(b.Seen) != fresh || b.Seen > 0 && b.Seen < Overlap {
				t.Fatalf("block at %#x has %d seen bytes, want new ones at %#x", b.Address, b.Seen, fresh)
			}
			at := int(b.Address - start)
			if !bytes.Equal(b.Data, content[at:at+len(b.Data)]) {
				t.Fatalf("block at %#x has other bytes", b.Address)
			}
			for i := 0; i+Overlap <= len(b.Data); i++ {
				whole[at+i] = true
			}
			fresh = b.Address + uint64(len(b.Data))
			if b.Last {
				last++
			}
		})
		for at := 0; at < len(content); {
			n := min(len(content)-at, 1+random.IntN(BlockSize))
			w.Add(start+uint64(at), content[at:at+n])
			at += n
			if random.IntN(3) == 0 {
				w.Pause()
			}
		}
		w.End()
		if fresh != start+uint64(len(content)) || last > 1 {
			t.Errorf("blocks end at %#x, %d last ones", fresh, last)
		}
		for at := range len(content) - Overlap {
			if !whole[at] {
				t.Fatalf("no block has all of the %d bytes at %d", Overlap, at)
			}
		}
	}
}

func TestRunsEndAtGaps(t *testing.T) {
	var got []Block
	w := NewWindows(func(b Block) { got = append(got, Block{Data: bytes.Clone(b.Data), Address: b.Address, Last: b.Last}) })
	w.Add(100, []byte("ab"))
	w.Add(102, []byte("c"))
	w.Add(104, []byte("d"))
	w.End()
	w.End()
	if len(got) != 2 || string(got[0].Data) != "abc" || got[0].Address != 100 || !got[0].Last || string(got[1].Data) != "d" || got[1].Address != 104 {
		t.Errorf("blocks %+v", got)
	}
}
