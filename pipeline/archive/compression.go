package archive

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Compressions of archives.
const (
	None = "none"
	Gzip = "gzip"
	Zstd = "zstd"
)

// maxWindow bounds the memory a zstd stream can ask for. zstd -19 uses 8 MiB,
// --ultra -22 128 MiB.
const maxWindow = 128 << 20

// compressionOf recognises a compression by the first bytes: RFC 1952, RFC 8878.
func compressionOf(head []byte) string {
	switch {
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

func (d *decompressor) open(compression string, r io.Reader) (io.Reader, error) {
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
			d.zstd, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		} else {
			err = d.zstd.Reset(r)
		}
		if err != nil {
			return nil, fmt.Errorf("reading zstd: %w", truncation(err))
		}
		return d.zstd, nil
	}
	return nil, fmt.Errorf("unknown compression %q", compression)
}
