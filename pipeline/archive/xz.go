package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// xzReader reads the xz format. It reads the container itself and leaves the
// LZMA2 data to the lzma package: that one's own xz reader allocates whatever
// dictionary a block header asks for, up to 4 GiB.
// Source: The .xz File Format 1.2.1, tukaani.org/xz/xz-file-format.txt.
type xzReader struct {
	in      *counter
	window  int64   // the largest dictionary that is allowed
	flags   [2]byte // of the stream
	check   hash.Hash
	block   *lzma.Reader2 // content of the block being read, nil between blocks
	started int64         // where its compressed data begins
	header  xzBlock
	size    uint64 // bytes of content read of it
	blocks  uint64 // of the stream
	// of all streams: memory taken for dictionaries, and bytes of content
	allocated, expanded uint64
	err                 error
}

// xzBlock is what a block header tells.
type xzBlock struct {
	compressed, uncompressed *uint64
	dictionary               int64
}

// maxDictionaries bounds the work that many small blocks with large
// dictionaries can make: each is allocated anew.
const maxDictionaries = 8 << 30

const (
	xzMagic       = "\xfd7zXZ\x00"
	xzFooterMagic = "YZ"
	xzLZMA2       = 0x21
)

// Integrity checks that a stream may have; of others the size is known and the
// value is passed over, as the format asks for.
const (
	xzCRC32  = 1
	xzCRC64  = 4
	xzSHA256 = 10
)

func newXZ(r io.Reader, window int64) (*xzReader, error) {
	x := &xzReader{in: &counter{r: r}, window: window}
	var magic [6]byte
	if _, err := io.ReadFull(x.in, magic[:]); err != nil {
		return nil, err
	}
	return x, x.streamHeader(magic[:])
}

func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil {
		if x.block == nil {
			x.err = x.nextBlock()
			continue
		}
		n, err := x.block.Read(p)
		x.size += uint64(n)
		x.expanded += uint64(n)
		if x.check != nil {
			x.check.Write(p[:n]) //nolint:errcheck // a hash never fails
		}
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // the input ended within a chunk
			if x.block.EOS() {
				x.block, err = nil, x.endBlock()
			}
		}
		x.err = err
		if n > 0 {
			return n, nil
		}
	}
	return 0, x.err
}

// streamHeader reads the rest of a stream header.
func (x *xzReader) streamHeader(magic []byte) error {
	var rest [6]byte
	if _, err := io.ReadFull(x.in, rest[:]); err != nil {
		return err
	}
	if string(magic) != xzMagic {
		return errors.New("no stream header")
	}
	if crc32.ChecksumIEEE(rest[:2]) != binary.LittleEndian.Uint32(rest[2:]) {
		return errors.New("damaged stream header")
	}
	x.flags, x.blocks = [2]byte(rest[:2]), 0
	if x.flags[0] != 0 || x.flags[1] > 15 {
		return fmt.Errorf("unknown stream flags %x", x.flags)
	}
	switch x.flags[1] {
	case xzCRC32:
		x.check = crc32.NewIEEE()
	case xzCRC64:
		x.check = crc64.New(crc64.MakeTable(crc64.ECMA))
	case xzSHA256:
		x.check = sha256.New()
	default:
		x.check = nil
	}
	return nil
}

// checkSize returns the size of a block's check by the stream's flags.
func (x *xzReader) checkSize() int {
	return [16]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}[x.flags[1]]
}

// nextBlock reads a block header and begins the block, or reads what ends the
// stream: io.EOF if no other stream follows.
func (x *xzReader) nextBlock() error {
	var first [1]byte
	if _, err := io.ReadFull(x.in, first[:]); err != nil {
		return noCleanEnd(err)
	}
	if first[0] == 0 {
		if err := x.index(); err != nil {
			return noCleanEnd(err)
		}
		return x.nextStream()
	}
	header := make([]byte, (int(first[0])+1)*4)
	header[0] = first[0]
	if _, err := io.ReadFull(x.in, header[1:]); err != nil {
		return noCleanEnd(err)
	}
	body, sum := header[:len(header)-4], header[len(header)-4:]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(sum) {
		return errors.New("damaged block header")
	}
	var err error
	if x.header, err = parseBlock(body[1:]); err != nil {
		return err
	}
	if x.header.dictionary > x.window {
		return fmt.Errorf("dictionary of %d bytes, at most %d are allowed", x.header.dictionary, x.window)
	}
	x.started, x.size = x.in.n, 0
	x.blocks++
	if x.check != nil {
		x.check.Reset()
	}
	dictionary := uint64(x.header.dictionary)
	if u := x.header.uncompressed; u != nil { // what is not there is not referred to
		dictionary = min(dictionary, *u)
	}
	dictionary = max(dictionary, lzma.MinDictCap)
	if x.allocated += dictionary; x.allocated > maxDictionaries+16*x.expanded {
		return errors.New("blocks are far smaller than their dictionaries")
	}
	block, err := lzma.Reader2Config{DictCap: int(dictionary)}.NewReader2(x.in)
	if err != nil {
		return noCleanEnd(err)
	}
	x.block = block
	return nil
}

// parseBlock decodes a block header behind its size: flags, sizes, filters.
func parseBlock(b []byte) (xzBlock, error) {
	var block xzBlock
	flags, b := b[0], b[1:]
	if flags&0x3c != 0 {
		return block, fmt.Errorf("unknown block flags %#x", flags)
	}
	for _, size := range []struct {
		present bool
		value   **uint64
	}{{flags&0x40 != 0, &block.compressed}, {flags&0x80 != 0, &block.uncompressed}} {
		if size.present {
			v, n := binary.Uvarint(b)
			if n <= 0 {
				return block, errors.New("damaged block header")
			}
			*size.value, b = &v, b[n:]
		}
	}
	if flags&3 != 0 || len(b) < 3 || b[0] != xzLZMA2 || b[1] != 1 {
		return block, errors.New("filtered by other than LZMA2 alone")
	}
	var err error
	if block.dictionary, err = lzma.DecodeDictCap(b[2]); err != nil {
		return block, err
	}
	return block, nil
}

// endBlock reads the padding and the check behind a block.
func (x *xzReader) endBlock() error {
	compressed := uint64(x.in.n - x.started)
	if c := x.header.compressed; c != nil && *c != compressed {
		return fmt.Errorf("block of %d compressed bytes, its header says %d", compressed, *c)
	}
	if u := x.header.uncompressed; u != nil && *u != x.size {
		return fmt.Errorf("block of %d bytes, its header says %d", x.size, *u)
	}
	padding := make([]byte, -compressed&3)
	sum := make([]byte, x.checkSize())
	for _, part := range [][]byte{padding, sum} {
		if _, err := io.ReadFull(x.in, part); err != nil {
			return noCleanEnd(err)
		}
	}
	if !isZero(padding) {
		return errors.New("block padding is not zero")
	}
	if x.check != nil && !bytes.Equal(x.sum(), sum) {
		return errors.New("checksum of a block does not match")
	}
	return nil
}

// sum returns the check of the block in the order of its bytes in the file.
func (x *xzReader) sum() []byte {
	switch h := x.check.(type) {
	case hash.Hash32:
		return binary.LittleEndian.AppendUint32(nil, h.Sum32())
	case hash.Hash64:
		return binary.LittleEndian.AppendUint64(nil, h.Sum64())
	}
	return x.check.Sum(nil)
}

// index reads the list of blocks behind them, and the footer. The list repeats
// what was seen: only its length and checksum are looked at.
func (x *xzReader) index() error {
	start := x.in.n - 1
	crc := crc32.NewIEEE()
	crc.Write([]byte{0}) //nolint:errcheck // a hash never fails
	in := &byteReader{r: io.TeeReader(x.in, crc)}
	records, err := binary.ReadUvarint(in)
	if err != nil {
		return err
	}
	if records != x.blocks {
		return fmt.Errorf("index of %d blocks, there are %d", records, x.blocks)
	}
	for range 2 * records {
		if _, err := binary.ReadUvarint(in); err != nil {
			return err
		}
	}
	for (x.in.n-start)%4 != 0 {
		if _, err := in.ReadByte(); err != nil {
			return err
		}
	}
	want := crc.Sum32()
	tail := make([]byte, 16) // checksum of the index, footer
	if _, err := io.ReadFull(x.in, tail); err != nil {
		return err
	}
	footer := tail[4:]
	switch {
	case binary.LittleEndian.Uint32(tail) != want:
		return errors.New("damaged index")
	case string(footer[10:]) != xzFooterMagic || crc32.ChecksumIEEE(footer[4:10]) != binary.LittleEndian.Uint32(footer):
		return errors.New("damaged stream footer")
	case [2]byte(footer[8:10]) != x.flags:
		return errors.New("stream footer differs from the header")
	}
	return nil
}

// nextStream begins another stream, passing over padding of zeros; io.EOF
// where none follows.
func (x *xzReader) nextStream() error {
	for {
		var magic [6]byte
		if _, err := io.ReadFull(x.in, magic[:4]); err != nil {
			if errors.Is(err, io.EOF) {
				return io.EOF
			}
			return noCleanEnd(err)
		}
		if isZero(magic[:4]) {
			continue
		}
		if _, err := io.ReadFull(x.in, magic[4:]); err != nil {
			return noCleanEnd(err)
		}
		return noCleanEnd(x.streamHeader(magic[:]))
	}
}

// byteReader reads single bytes of a reader, and none ahead.
type byteReader struct {
	r   io.Reader
	one [1]byte
}

func (b *byteReader) ReadByte() (byte, error) {
	_, err := io.ReadFull(b.r, b.one[:])
	return b.one[0], err
}

// noCleanEnd makes an end within the format an unexpected one.
func noCleanEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
