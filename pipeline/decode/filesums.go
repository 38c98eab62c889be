package decode

import (
	"crypto/sha256"
	"hash"
)

// fileSums takes the SHA-256 of one file after another. Their bytes are read into
// blocks. If one becomes full, it and those after it are hashed in a goroutine, beside
// reading; the files of small archives are not worth that.
type fileSums struct {
	decoder *Decoder
	block   sumBlock // is being filled
	hash    hash.Hash
	full    chan sumBlock // nil without the goroutine
	done    chan struct{} // closed at its end
}

// sumBlock has bytes of files that follow one another.
type sumBlock struct {
	bytes []byte
	ends  []fileEnd
}

// fileEnd is the end of a file in a block.
type fileEnd struct {
	at  int                // bytes from the start of the block
	sum *[sha256.Size]byte // takes its SHA-256; nil where nobody wants it
}

// newFileSums begins to take the SHA-256 of files; it must be ended before the next one
// is begun.
func (d *Decoder) newFileSums() *fileSums {
	s := &d.fileSums
	if s.hash == nil {
		*s = fileSums{decoder: d, hash: sha256.New(), block: sumBlock{bytes: make([]byte, 0, sideBlock)}}
	}
	return s
}

// room returns memory that the next bytes of a file are to be read into.
func (s *fileSums) room() []byte {
	const least = 4 << 10
	if cap(s.block.bytes)-len(s.block.bytes) < least {
		s.pass()
	}
	return s.block.bytes[len(s.block.bytes):cap(s.block.bytes)]
}

// add adds the bytes at the beginning of the room, and returns them; they may be looked
// at until the next room is asked for.
func (s *fileSums) add(n int) []byte {
	from := len(s.block.bytes)
	s.block.bytes = s.block.bytes[:from+n]
	return s.block.bytes[from:]
}

// endFile ends a file. Its SHA-256 is there after end.
func (s *fileSums) endFile(sum *[sha256.Size]byte) {
	s.block.ends = append(s.block.ends, fileEnd{len(s.block.bytes), sum})
}

// pass passes on the block, and begins another.
func (s *fileSums) pass() {
	free := s.decoder.freeBlocks()
	if s.full == nil {
		full, done := make(chan sumBlock, sideBlocks), make(chan struct{})
		s.full, s.done = full, done
		go func() {
			defer close(done)
			for b := range full {
				b.hash(s.hash)
				free <- b.bytes[:0]
			}
		}()
	}
	next := <-free
	s.full <- s.block
	s.block = sumBlock{bytes: next, ends: make([]fileEnd, 0, len(s.block.ends))}
}

// end has all SHA-256 be there.
func (s *fileSums) end() {
	if s.full != nil {
		close(s.full)
		<-s.done
		s.full = nil
	}
	s.block.hash(s.hash)
	s.hash.Reset() // a file that broke off has no end
	s.block.bytes, s.block.ends = s.block.bytes[:0], s.block.ends[:0]
}

// hash takes the SHA-256 of the files that end in the block, with what h has got of the
// first one.
func (b *sumBlock) hash(h hash.Hash) {
	from := 0
	for _, e := range b.ends {
		h.Write(b.bytes[from:e.at])
		if from = e.at; e.sum != nil {
			h.Sum(e.sum[:0])
		}
		h.Reset()
	}
	h.Write(b.bytes[from:])
}
