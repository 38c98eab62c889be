package archive

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Compressions of archives.
const (
	None  = "none"
	Gzip  = "gzip"
	Zstd  = "zstd"
	XZ    = "xz"
	Bzip2 = "bzip2"
)

// The memory a zstd or xz stream can ask for: the archive itself, and each
// within it, of which several are open at a time. zstd -19 uses 8 MiB, --ultra
// -22 128 MiB, xz -9 64 MiB; layers of container images have 8 MiB at most.
const (
	maxWindow       = 128 << 20
	maxNestedWindow = 64 << 20
)

// headSize is how many bytes tell a compression, or a tar.
const headSize = blockSize

// compressionOf recognises a compression by the first bytes: RFC 1952, RFC
// 8878, The .xz File Format; of bzip2 the first block's magic, or that of the
// end, counts too, as a tar may begin with the three letters.
func compressionOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte(xzMagic)):
		return XZ
	case len(head) >= 10 && bytes.HasPrefix(head, []byte("BZh")) &&
		(string(head[4:10]) == "\x31\x41\x59\x26\x53\x59" || string(head[4:10]) == "\x17\x72\x45\x38\x50\x90"):
		return Bzip2
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return Gzip
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return Zstd
	}
	// a zstd stream may begin with a skippable frame
	if len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18}) {
		return Zstd
	}
	return None
}

// unreadCompression names the compression of a file that is not read: LZ4 by its
// first bytes, Brotli, which has none, by the file's name.
func unreadCompression(head []byte, name string) string {
	switch {
	case LooksLZ4(head):
		return LZ4
	case strings.HasSuffix(strings.ToLower(name), ".br") && !LooksPacked(head):
		return "brotli"
	}
	return ""
}

// decompressor keeps decompressors for reuse: making one costs more than
// decompressing a small archive.
type decompressor struct {
	gzip   *gzip.Reader
	zstd   *zstd.Decoder
	buffer *bufio.Reader
}

// buffered returns the buffer of this decompressor, reading from r.
func (d *decompressor) buffered(r io.Reader) *bufio.Reader {
	if d.buffer == nil {
		d.buffer = bufio.NewReaderSize(r, 32<<10)
	} else {
		d.buffer.Reset(r)
	}
	return d.buffer
}

func (d *decompressor) open(compression string, r io.Reader, window int64) (io.Reader, error) {
	switch compression {
	case Gzip:
		var err error
		if d.gzip == nil {
			d.gzip, err = gzip.NewReader(r)
		} else {
			err = d.gzip.Reset(r)
		}
		if err != nil {
			d.gzip = nil
			return nil, fmt.Errorf("reading gzip: %w", truncation(err))
		}
		return d.gzip, nil
	case Zstd:
		var err error
		if d.zstd == nil {
			d.zstd, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(uint64(window)), zstd.WithDecoderLowmem(true))
		} else {
			err = d.zstd.Reset(r)
		}
		if err != nil {
			return nil, fmt.Errorf("reading zstd: %w", truncation(err))
		}
		return d.zstd, nil
	case XZ:
		x, err := newXZ(bufio.NewReader(r), window) // LZMA2 is read byte by byte
		if err != nil {
			return nil, fmt.Errorf("reading xz: %w", truncation(err))
		}
		return x, nil
	case Bzip2:
		return bzip2.NewReader(r), nil
	}
	return nil, fmt.Errorf("unknown compression %q", compression)
}

// LooksPacked reports whether content that begins so may be an archive: a
// compressed stream, or a tar, by the checksum of its first header.
func LooksPacked(head []byte) bool {
	return compressionOf(head) != None || isTarHeader(head)
}

// isTarHeader reports whether a block is a tar header, by its checksum: the
// sum of its bytes with those of the checksum as spaces, in octal digits.
// Source: POSIX.1-2024 pax, ustar Interchange Format.
func isTarHeader(block []byte) bool {
	const from, to = 148, 156
	if len(block) < blockSize {
		return false
	}
	stored, err := strconv.ParseInt(strings.Trim(string(block[from:to]), " \x00"), 8, 32)
	if err != nil || block[0] == 0 {
		return false
	}
	var sum, signed int64 // old tars summed up signed bytes
	for i, b := range block[:blockSize] {
		if i >= from && i < to {
			b = ' '
		}
		sum += int64(b)
		signed += int64(int8(b))
	}
	return stored == sum || stored == signed
}
