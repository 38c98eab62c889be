package criu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Netlink images hold the messages of a kernel's dump as they came.
//
// The messages are walked here and not by a netlink library. vishvananda/netlink
// and mdlayher/netlink read lengths in the byte order of the machine they run
// on, where these images have that of the machine they were made on; the
// former's ParseRouteAttr panics where the last attribute lacks its padding, the
// latter drops a message with one bad attribute whole. ti-mo/conntrack, built on
// it, gives structs in which an absent value is a zero.

// netlinkMagics are the first words of the images that ip save wrote.
// Source: iproute2 ip/ipaddress.c, iproute.c, iprule.c.
var netlinkMagics = map[string]uint32{"IFADDR": 0x47361222, "ROUTE": 0x45311224, "ROUTE6": 0x45311224, "RULE": 0x71706986}

const netlinkHeader = 16 // bytes of struct nlmsghdr

// NetlinkMessage is one message of a dump.
type NetlinkMessage struct {
	Type   uint16
	Body   []byte // behind the header
	Offset uint64 // of the header, in the image
}

// NetlinkReader reads the messages of one image.
type NetlinkReader struct {
	Order binary.ByteOrder
	// Entries counts the messages that Next returned.
	Entries int

	data      []byte
	offset    int
	truncated bool
	aligned   bool
}

// NewNetlinkReader reads the head of an image. order is the byte order of the
// host that was dumped; an image with a magic tells it itself.
func NewNetlinkReader(kind Kind, data []byte, order binary.ByteOrder, truncated bool) (*NetlinkReader, error) {
	r := &NetlinkReader{Order: order, data: data, truncated: truncated}
	magic, ok := netlinkMagics[kind.Name]
	if !ok || len(data) == 0 { // an image that nothing was written to is as empty as one with a magic only
		return r, nil
	}
	r.aligned = true
	if len(data) < 4 {
		return r, &ImageError{Code: CodeTruncated, Entry: -1, Err: fmt.Errorf("image has %d bytes, too few for a magic", len(data))}
	}
	r.offset = 4
	switch magic {
	case binary.LittleEndian.Uint32(data):
		r.Order = binary.LittleEndian
	case binary.BigEndian.Uint32(data):
		r.Order = binary.BigEndian
	default:
		return r, &ImageError{Code: CodeBadMagic, Entry: -1, Err: fmt.Errorf("magic is %#x, want %#x for %s", order.Uint32(data), magic, kind.Name)}
	}
	return r, nil
}

// Offset returns the offset of what is read next.
func (r *NetlinkReader) Offset() uint64 { return uint64(r.offset) }

// Next returns the next message, or io.EOF at the end.
func (r *NetlinkReader) Next() (NetlinkMessage, error) {
	rest := r.data[r.offset:]
	if len(rest) == 0 {
		if r.truncated {
			return NetlinkMessage{}, r.fail(CodeTruncated, errors.New("the image is cut short here"))
		}
		return NetlinkMessage{}, io.EOF
	}
	if len(rest) < netlinkHeader {
		return NetlinkMessage{}, r.fail(CodeTruncated, fmt.Errorf("%d bytes left, too few for a message", len(rest)))
	}
	size := uint64(r.Order.Uint32(rest))
	switch {
	case size < netlinkHeader:
		return NetlinkMessage{}, r.fail(CodeMalformed, fmt.Errorf("message of %d bytes, shorter than its header", size))
	case size > uint64(len(rest)):
		return NetlinkMessage{}, r.fail(CodeTruncated, fmt.Errorf("message of %d bytes, %d left", size, len(rest)))
	}
	m := NetlinkMessage{Type: r.Order.Uint16(rest[4:]), Body: rest[netlinkHeader:size], Offset: r.Offset()}
	step := int(size)
	if r.aligned { // ip writes the padding too, CRIU only the message
		step = min(align4(step), len(rest))
	}
	r.offset += step
	r.Entries++
	return m, nil
}

func (r *NetlinkReader) fail(code string, err error) error {
	return &ImageError{Code: code, Entry: r.Entries, Offset: r.Offset(), Err: err}
}

func align4(n int) int { return (n + 3) &^ 3 }

// Attribute is one attribute of a netlink message.
type Attribute struct {
	Type  uint16 // without the flags for nested ones and network byte order
	Value []byte
	Whole []byte // with header and padding
}

// errAttribute is wrapped by errors of attributes that do not fit together.
var errAttribute = errors.New("malformed attribute")

// Attributes calls f for each attribute of a message's body behind its fixed
// part, or of a nested attribute's value. On an error it returns what it could
// not walk over.
func Attributes(order binary.ByteOrder, data []byte, f func(Attribute)) (rest []byte, err error) {
	const header, typeMask = 4, 0x3fff // struct nlattr, NLA_TYPE_MASK
	for len(data) >= header {
		size := int(order.Uint16(data))
		if size < header || size > len(data) {
			return data, fmt.Errorf("%w: %d bytes long, %d left", errAttribute, size, len(data))
		}
		whole := min(align4(size), len(data))
		f(Attribute{Type: order.Uint16(data[2:]) & typeMask, Value: data[header:size], Whole: data[:whole]})
		data = data[whole:]
	}
	if len(data) > 0 {
		return data, fmt.Errorf("%w: %d bytes left, too few for one", errAttribute, len(data))
	}
	return nil, nil
}
