package memory_test

import (
	"bytes"
	"crypto/sha256"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ckexport/ckexport/pipeline/memory"
)

// entropy is that of bytes, in bits per byte.
func entropy(page []byte) (sum float64) {
	counts := map[byte]float64{}
	for _, c := range page {
		counts[c]++
	}
	for _, n := range counts {
		p := n / float64(len(page))
		sum -= p * math.Log2(p)
	}
	return sum
}

// TestDigests: each page has its own hash and entropy, in blocks of any size and
// with pages of any size; where there is no memory for more, that is told.
func TestDigests(t *testing.T) {
	for _, size := range []uint64{4 << 10, 64 << 10} {
		random := rand.New(rand.NewPCG(1, size))
		const pages = 300
		content := make([]byte, pages*size)
		for i := range pages {
			page := content[uint64(i)*size:][:size]
			for at := range page {
				page[at] = byte(random.IntN(1 + i%257)) // from zeros to all bytes
			}
		}
		digests := memory.NewDigests(func(int64) bool { return true })
		reader := &memory.Reader{Take: func(int64) bool { return true }}
		c := reader.NewCheckpoint(digests)
		space := c.Process(1)
		space.SetDescriptor(descriptorOf([]uint64{6, size}, memory.Range{Start: 0, End: 7 * size / pageSize}, memory.Range{Start: 7 * size / pageSize, End: pages * size / pageSize}))
		space.SetPagemap(pagemapOf(1, run(0, pages, 4)))
		if err := c.AddPages(1, "pages", uint64(len(content)), nil).Read(bytes.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		n := uint64(0)
		for _, list := range digests.Of(space) {
			for _, d := range list {
				page := content[n*size:][:size]
				if d.Address != n*size || d.SHA256 != sha256.Sum256(page) || d.Zero != (n%257 == 0) || math.Abs(float64(d.Entropy)/1000-entropy(page)) > 0.001 {
					t.Fatalf("page %d of %d bytes: %+v, entropy %f", n, size, d, entropy(page))
				}
				n++
			}
		}
		if n != pages || digests.Full {
			t.Errorf("%d pages of %d bytes, full: %v", n, size, digests.Full)
		}
	}
	room := int64(5000)
	few := memory.NewDigests(func(bytes int64) bool { room -= bytes; return room >= 0 })
	reader := &memory.Reader{Take: func(int64) bool { return true }}
	c := reader.NewCheckpoint(few)
	c.SharedObject(1).SetPagemap(pagemapOf(1, run(0, 100, 4)))
	if err := c.AddPages(1, "pages", 100*pageSize, nil).Read(bytes.NewReader(make([]byte, 100*pageSize))); err != nil {
		t.Fatal(err)
	}
	if list := few.Of(c.SharedObject(1)); len(list) != 1 || len(list[0]) >= 100 || !few.Full {
		t.Errorf("%d lists, full: %v", len(list), few.Full)
	}
}
