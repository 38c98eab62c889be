package archive

import (
	"errors"
	"io"
)

// A stream that expands to more than aheadFrom bytes is decompressed ahead of its
// reader, by up to aheadBlocks blocks. Small archives are not worth the goroutine.
const (
	aheadFrom   = 1 << 20
	aheadBlock  = 256 << 10
	aheadBlocks = 4
)

// errStopped is the error of reading what is no longer decompressed.
var errStopped = errors.New("reading after the end of decompression")

// readAhead reads a decompressed stream. The first bytes are decompressed when they
// are asked for, all others in a goroutine: so a large archive takes about as long as
// the slower of decompressing and decoding it, not as long as both. How much of the
// file counts as read depends only on what was asked for, never on how far the
// goroutine is.
type readAhead struct {
	stream io.Reader
	file   func() filePlace // the goroutine's alone, while there is one
	memory *[aheadBlocks][]byte

	given int64     // bytes, before there was a goroutine
	at    filePlace // where the file was read to for the bytes given
	full  chan decompressed
	free  chan []byte
	block decompressed // is being given
	rest  []byte       // of it
}

// filePlace is how far a file was read to decompress it, in bytes.
type filePlace struct {
	read   int64 // from the file
	packed int64 // of them, by the decompressor
}

// decompressed is a block of a stream, and what comes after it.
type decompressed struct {
	bytes []byte
	file  filePlace
	err   error // nil if the stream goes on
	fault any   // the decompressor's panic, which is to be the reader's
}

// fill reads until the space is full, or until the stream ends. Unlike io.ReadFull it
// keeps the stream's own error, which tells an end from breaking off.
func (d *decompressed) fill(space []byte, stream io.Reader) {
	defer func() { d.fault = recover() }()
	for n := 0; len(d.bytes) < len(space) && d.err == nil; d.bytes = space[:len(d.bytes)+n] {
		n, d.err = stream.Read(space[len(d.bytes):])
	}
}

func newReadAhead(stream io.Reader, memory *[aheadBlocks][]byte, file func() filePlace) *readAhead {
	return &readAhead{stream: stream, memory: memory, file: file, at: file()}
}

func (a *readAhead) Read(p []byte) (int, error) {
	if a.full == nil {
		if a.given < aheadFrom {
			n, err := a.stream.Read(p)
			a.given += int64(n)
			a.at = a.file()
			return n, err
		}
		a.start()
	}
	for len(a.rest) == 0 {
		if err := a.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// start begins to decompress ahead.
func (a *readAhead) start() {
	full, free := make(chan decompressed, aheadBlocks), make(chan []byte, aheadBlocks)
	for i := range a.memory {
		if a.memory[i] == nil {
			a.memory[i] = make([]byte, aheadBlock)
		}
		free <- a.memory[i]
	}
	a.full, a.free = full, free
	stream, file := a.stream, a.file
	go func() {
		defer close(full)
		for space := range free {
			d := decompressed{}
			d.fill(space, stream)
			d.file = file()
			full <- d
			if d.err != nil || d.fault != nil {
				return
			}
		}
	}()
}

// next goes to the next block.
func (a *readAhead) next() error {
	if a.block.fault != nil {
		panic(a.block.fault)
	}
	if a.block.err != nil {
		return a.block.err
	}
	if a.block.bytes != nil {
		a.free <- a.block.bytes[:aheadBlock]
	}
	a.block = <-a.full
	a.rest, a.at = a.block.bytes, a.block.file
	return nil
}

// stop waits for the end of the goroutine. It may be called several times.
func (a *readAhead) stop() {
	if a.free != nil {
		close(a.free)
		for range a.full {
		}
		a.free, a.block = nil, decompressed{err: errStopped}
	}
}

// packed returns how many bytes were decompressed for what was given.
func (a *readAhead) packed() int64 { return a.at.packed }

// bytesRead returns how many bytes of the file were read for what was given.
func (a *readAhead) bytesRead() int64 { return a.at.read }
