package decode

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

// contentSum takes the SHA-256 of what is written to it; no write fails. It is to be
// ended, and may be several times.
type contentSum interface {
	io.Writer
	// end returns the SHA-256 in hexadecimal.
	end() string
}

// newContentSum begins a digest of so many bytes; there is one at a time.
func (d *Decoder) newContentSum(size int64) contentSum {
	const large = 2 * sideBlocks * sideBlock
	if size < large {
		return plainSum{sha256.New()}
	}
	return newSideSum(d.freeBlocks())
}

// freeBlocks returns the blocks of what is hashed beside reading.
func (d *Decoder) freeBlocks() chan []byte {
	if d.sumBlocks == nil {
		d.sumBlocks = make(chan []byte, sideBlocks)
		for range sideBlocks {
			d.sumBlocks <- make([]byte, 0, sideBlock)
		}
	}
	return d.sumBlocks
}

type plainSum struct{ hash.Hash }

func (s plainSum) end() string { return hex.EncodeToString(s.Sum(nil)) }

// sideSum takes it in a goroutine of its own: that takes as long as to decompress
// zstd, and so is done beside it.
type sideSum struct {
	full, free chan []byte
	block      []byte      // is being filled; nil at the end
	done       chan string // what the goroutine leaves
	result     string
}

const (
	sideBlock  = 256 << 10
	sideBlocks = 4
)

// newSideSum begins a digest with these blocks, which are all free again at its end.
func newSideSum(free chan []byte) *sideSum {
	s := &sideSum{full: make(chan []byte, sideBlocks), free: free, block: <-free, done: make(chan string, 1)}
	go func() {
		h := sha256.New()
		for block := range s.full {
			h.Write(block)
			s.free <- block[:0]
		}
		s.done <- hex.EncodeToString(h.Sum(nil))
	}()
	return s
}

func (s *sideSum) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), sideBlock-len(s.block))
		s.block, rest = append(s.block, rest[:n]...), rest[n:]
		if len(s.block) == sideBlock {
			s.full <- s.block
			s.block = <-s.free
		}
	}
	return len(p), nil
}

func (s *sideSum) end() string {
	if s.block != nil {
		s.full <- s.block
		s.block = nil
		close(s.full)
		s.result = <-s.done
	}
	return s.result
}
