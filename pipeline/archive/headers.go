package archive

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// headerReader reads a tar as archive/tar does, but headers that say no more than
// ustar does by itself: archive/tar takes a sixth of all time over an archive of small
// files to look for what they might be. All others are left to it.
type headerReader struct {
	in     *endWatcher
	block  [blockSize]byte
	header tar.Header  // the last one, if it was read here
	left   int64       // of its content
	other  *tar.Reader // reads the last member; nil if its header was read here
	stays  bool        // it reads the next header, too
}

// next returns the next header, which is valid until it is called again. The content of
// the last member must have been read, other than that of a sparse one.
func (h *headerReader) next() (*tar.Header, error) {
	if !h.stays {
		if err := h.readBlock(); err != nil {
			return nil, err
		}
		if h.readPlain() {
			h.other = nil
			return &h.header, nil
		}
		h.other = tar.NewReader(io.MultiReader(bytes.NewReader(h.block[:]), h.in))
	}
	header, err := h.other.Next()
	h.stays = err != nil || isSparse(header) // only archive/tar knows where a sparse one ends
	return header, err
}

// readBlock reads the next header, behind what fills the block before it.
func (h *headerReader) readBlock() error {
	if _, err := io.CopyN(io.Discard, h.in, -h.in.position()&(blockSize-1)); err != nil {
		return err
	}
	_, err := io.ReadFull(h.in, h.block[:])
	return err
}

// Read reads the content of the last member.
func (h *headerReader) Read(p []byte) (int, error) {
	if h.other != nil {
		return h.other.Read(p)
	}
	if h.left == 0 {
		return 0, io.EOF
	}
	n, err := h.in.Read(p[:min(int64(len(p)), h.left)])
	h.left -= int64(n)
	switch {
	case errors.Is(err, io.EOF) && h.left > 0:
		return n, io.ErrUnexpectedEOF
	case err == nil && h.left == 0:
		return n, io.EOF
	}
	return n, err
}

// Magic and version. Source: POSIX.1-2024 pax, ustar Interchange Format; GNU tar,
// src/tar.h.
const (
	magicUSTAR = "ustar\x0000"
	magicGNU   = "ustar  \x00"
)

// readPlain reads the block if it is such a header, written as it is by nearly all
// programs: with all digits of each number.
func (h *headerReader) readPlain() bool {
	b := &h.block
	rest := b[345:] // GNU has other fields here
	var prefix []byte
	switch string(b[257:265]) {
	case magicUSTAR:
		prefix, rest = b[345:500], b[500:]
	case magicGNU:
	default:
		return false
	}
	var numbers [7]int64
	for i, field := range [...][]byte{b[100:108], b[108:116], b[116:124], b[124:136], b[136:148], b[329:337], b[337:345]} {
		var ok bool
		if numbers[i], ok = octal(field); !ok {
			return false
		}
	}
	sum, ok := octal(b[148:155])
	size, kind := numbers[3], b[156]
	if !ok || b[155] != ' ' || sum != checksum(b) || b[0] == 0 || !isZero(rest) {
		return false
	}
	if kind != tar.TypeReg && (kind != tar.TypeDir && kind != tar.TypeSymlink && kind != tar.TypeLink || size != 0) {
		return false
	}
	last := h.header
	h.left, h.header = size, tar.Header{
		Typeflag: kind, Name: field(b[:100], ""), Linkname: field(b[157:257], last.Linkname), Size: size, Mode: numbers[0],
		Uid: int(numbers[1]), Gid: int(numbers[2]), Uname: field(b[265:297], last.Uname), Gname: field(b[297:329], last.Gname),
		ModTime: time.Unix(numbers[4], 0), Devmajor: numbers[5], Devminor: numbers[6],
	}
	if len(prefix) > 0 && prefix[0] != 0 {
		h.header.Name = field(prefix, "") + "/" + h.header.Name
	}
	return true
}

// field returns a text up to its end mark; it is often the one before.
func field(b []byte, before string) string {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	if string(b) == before {
		return before
	}
	return string(b)
}

// octal reads a number that has all its digits, or none.
func octal(b []byte) (n int64, ok bool) {
	digits, end := b[:len(b)-1], b[len(b)-1]
	if b[0] == 0 {
		return 0, isZero(b)
	}
	for _, c := range digits {
		if c < '0' || c > '7' {
			return 0, false
		}
		n = n<<3 | int64(c-'0')
	}
	return n, end == 0 || end == ' '
}

// checksum returns the sum of a header's bytes, with those of the checksum as spaces.
func checksum(b *[blockSize]byte) int64 {
	const low = 0x00ff00ff00ff00ff
	var sums uint64 // four, of 128 bytes each
	for at := 0; at < blockSize; at += 8 {
		word := binary.LittleEndian.Uint64(b[at:])
		sums += word&low + word>>8&low
	}
	sum := int64(sums&0xffff + sums>>16&0xffff + sums>>32&0xffff + sums>>48)
	for _, c := range b[148:156] {
		sum += ' ' - int64(c)
	}
	return sum
}
