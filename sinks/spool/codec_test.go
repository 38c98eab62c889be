package spool

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"
)

// TestLeanZstd: what the lean encoders compress, side by side and beyond their window,
// arrow-go's own codec decompresses.
func TestLeanZstd(t *testing.T) {
	own, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	defer compress.RegisterCodec(compress.Codecs.Zstd, own)
	if err := UseLeanZstd(); err != nil {
		t.Fatal(err)
	}
	lean, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.NewChaCha8([32]byte{1})
	var all sync.WaitGroup
	for _, size := range []int{0, 1, 1000, 1 << 20, 5 << 20} {
		for _, level := range []int{zstdLevel, 3} {
			page := make([]byte, size)
			_, _ = random.Read(page[:size/2])
			all.Go(func() {
				packed := lean.EncodeLevel(make([]byte, 0, lean.CompressBound(int64(size)+1)), page, level)
				if got, err := compress.Decode(own, nil, packed); err != nil || !bytes.Equal(got, page) {
					t.Errorf("%d bytes at level %d: %d came back, %v", size, level, len(got), err)
				}
				if size > 1000 && len(packed) > size*3/4 {
					t.Errorf("%d bytes at level %d became %d", size, level, len(packed))
				}
			})
		}
	}
	all.Wait()
}
