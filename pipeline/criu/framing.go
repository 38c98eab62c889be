package criu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/protobuf/proto"
)

// Head magics of images. Source: CRIU criu/include/magic.h.
const (
	commonMagic    = 0x54564319
	serviceMagic   = 0x55105940
	inventoryMagic = 0x58313116
)

// Layout is the framing of an image.
type Layout string

// The layouts.
const (
	LayoutV1_1    Layout = "v1_1"    // common magic, type magic, entries
	LayoutV1_0    Layout = "v1_0"    // type magic, entries
	LayoutService Layout = "service" // service magic, type magic, entries
	LayoutRaw     Layout = "raw"     // another format
)

// Reader reads the entries of one image.
type Reader struct {
	Layout Layout
	Magic  uint32
	Order  binary.ByteOrder
	// Entries counts the entries that Next returned.
	Entries int

	data      []byte
	offset    int
	truncated bool // the image itself was cut short
}

// NewReader reads the head of an image of that kind. truncated says that data
// is only the beginning of the image, so that its end is no clean end even if
// it falls between two entries.
func NewReader(kind Kind, data []byte, truncated bool) (*Reader, error) {
	r := &Reader{data: data, truncated: truncated, Order: binary.LittleEndian}
	if kind.Raw {
		r.Layout = LayoutRaw
		return r, nil
	}
	head := func(code string, err error) error { return &ImageError{Code: code, Entry: -1, Err: err} }
	if len(data) < 4 {
		return r, head(CodeTruncated, fmt.Errorf("image has %d bytes, too few for a magic", len(data)))
	}
	first := binary.LittleEndian.Uint32(data)
	if swapped := binary.BigEndian.Uint32(data); isHead(kind, swapped) && !isHead(kind, first) {
		r.Order, first = binary.BigEndian, swapped
	}
	switch first {
	case commonMagic, serviceMagic:
		if len(data) < 8 {
			return r, head(CodeTruncated, fmt.Errorf("image has %d bytes, too few for a type magic", len(data)))
		}
		r.Layout = LayoutV1_1
		if first == serviceMagic {
			r.Layout = LayoutService
		}
		r.Magic, r.offset = r.Order.Uint32(data[4:]), 8
	default:
		r.Layout, r.Magic, r.offset = LayoutV1_0, first, 4
		if kind.Name == "INVENTORY" {
			r.Layout = LayoutV1_1 // the inventory has one magic in every version
		}
	}
	if err := kind.checkMagic(r.Magic); err != nil {
		return r, head(CodeBadMagic, err)
	}
	return r, nil
}

// isHead reports whether an image of that kind may begin with the word.
func isHead(kind Kind, word uint32) bool {
	m, ok := kind.Magic()
	return word == commonMagic || word == serviceMagic || ok && word == m
}

// Offset returns the offset of what is read next.
func (r *Reader) Offset() uint64 { return uint64(r.offset) }

// Next returns the message of the next entry, or io.EOF at the end. Payload
// behind it must be taken with Extra before the next call.
func (r *Reader) Next() ([]byte, error) {
	if r.offset == len(r.data) {
		if r.truncated {
			return nil, r.truncation(r.Entries, errors.New("the image is cut short here"))
		}
		return nil, io.EOF
	}
	rest := r.data[r.offset:]
	if len(rest) < 4 {
		return nil, r.truncation(r.Entries, fmt.Errorf("%d bytes left, too few for a size", len(rest)))
	}
	size := r.Order.Uint32(rest)
	if uint64(size) > uint64(len(rest)-4) {
		return nil, r.truncation(r.Entries, fmt.Errorf("message of %d bytes, %d left", size, len(rest)-4))
	}
	r.offset += 4 + int(size)
	r.Entries++
	return rest[4 : 4+size], nil
}

// Count returns how many entries are left, as far as their sizes make sense, and
// reads none. It is of use where nothing stands behind the messages.
func (r *Reader) Count() (n int) {
	for rest := r.data[r.offset:]; len(rest) >= 4; n++ {
		size := r.Order.Uint32(rest)
		if uint64(size) > uint64(len(rest)-4) {
			break
		}
		rest = rest[4+size:]
	}
	return n
}

// Extra returns the n bytes behind the last message.
func (r *Reader) Extra(n uint64) ([]byte, error) {
	rest := r.data[r.offset:]
	if n > uint64(len(rest)) {
		err := r.truncation(r.Entries-1, fmt.Errorf("payload of %d bytes, %d left", n, len(rest)))
		r.Skip()
		return rest, err
	}
	r.offset += int(n)
	return rest[:n], nil
}

// Skip gives up what is left of the image: an error has told of it.
func (r *Reader) Skip() { r.offset, r.truncated = len(r.data), false }

// truncation returns the error of an image that ends too early, within an entry.
func (r *Reader) truncation(entry int, err error) error {
	return &ImageError{Code: CodeTruncated, Entry: entry, Offset: r.Offset(), Err: err}
}

var unmarshal = proto.UnmarshalOptions{AllowPartial: true}

// Unmarshal decodes a message, keeping fields it does not know. A message that
// lacks a required field is decoded, and the error wraps ErrMissingField.
func Unmarshal(data []byte, m proto.Message) error {
	if err := unmarshal.Unmarshal(data, m); err != nil {
		return errors.New(stableText(err))
	}
	if err := proto.CheckInitialized(m); err != nil {
		return fmt.Errorf("%w: %s", ErrMissingField, stableText(err))
	}
	return nil
}

// stableText returns the text of an error of protobuf, which has a space or a
// no-break space in it, at random with each build: rows must not differ by that.
func stableText(err error) string { return strings.ReplaceAll(err.Error(), "\u00a0", " ") }
