package decode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/schema"
)

// netlinkImage is an image of netlink messages while it is decoded.
type netlinkImage struct {
	set   *imageSet
	img   *image
	order binary.ByteOrder
	index uint32 // of the message, from 0

	offset      uint64 // of the message
	wrong       int    // things that could not be read
	first       error  // of them
	firstOffset uint64
}

// eachMessage calls f for every message of an image, with the body behind its
// fixed part of that size, and notes what is wrong with the image.
func (s *imageSet) eachMessage(img *image, fixed int, f func(n *netlinkImage, kind uint16, head, attributes []byte)) {
	img.decoded, img.layout = true, criu.LayoutRaw
	r, err := criu.NewNetlinkReader(img.kind, img.data, s.hostOrder(), img.truncated)
	if err != nil {
		s.imageProblem(img, err)
		return
	}
	n := &netlinkImage{set: s, img: img, order: r.Order}
	for {
		m, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.imageProblem(img, err)
			break
		}
		n.index, n.offset = uint32(r.Entries-1), m.Offset
		if len(m.Body) < fixed {
			n.note(fmt.Errorf("message of %d bytes behind its header, want %d at least", len(m.Body), fixed))
			continue
		}
		f(n, m.Type, m.Body[:fixed], m.Body[fixed:])
	}
	img.entries = ptr(uint64(r.Entries))
	if n.first != nil {
		message := n.first.Error()
		if n.wrong > 1 {
			message += fmt.Sprintf(" (and %d more)", n.wrong-1)
		}
		s.problem(schema.Problem{Member: text(img.member), Offset: ptr(n.firstOffset), Severity: Error, Code: Malformed, Message: message})
	}
}

// note counts something that could not be read: one row of problems tells of
// the first in an image, and how many there are.
func (n *netlinkImage) note(err error) {
	if n.wrong++; n.first == nil {
		n.first, n.firstOffset = fmt.Errorf("message %d at byte %d: %w", n.index, n.offset, err), n.offset
	}
}

// expect reports whether a message is of the type that the image is for.
func (n *netlinkImage) expect(got, want uint16) bool {
	if got != want {
		n.note(fmt.Errorf("type %d, want %d", got, want))
	}
	return got == want
}

// attribute is an attribute whose numbers have that byte order.
type attribute struct {
	criu.Attribute
	order binary.ByteOrder
	of    *netlinkImage
}

// attributes goes over attributes. take returns false for those it has no
// place for, or could not read; they are returned as they stand.
func (n *netlinkImage) attributes(data []byte, order binary.ByteOrder, take func(attribute) bool) (other []byte) {
	rest, err := criu.Attributes(n.order, data, func(a criu.Attribute) {
		if !take(attribute{a, order, n}) {
			other = append(other, a.Whole...)
		}
	})
	if err != nil {
		n.note(err)
		other = append(other, rest...)
	}
	return other
}

// nested goes over the attributes within one; it returns false if not all of
// them were taken.
func (a attribute) nested(take func(attribute) bool) bool {
	return len(a.of.attributes(a.Value, a.order, take)) == 0
}

// has reports whether the value has so many bytes, and notes if not.
func (a attribute) has(size int) bool {
	if len(a.Value) != size {
		a.of.note(fmt.Errorf("attribute %d has %d bytes, want %d", a.Type, len(a.Value), size))
		return false
	}
	return true
}

func (a attribute) u8(to **uint8) bool {
	if !a.has(1) {
		return false
	}
	*to = &a.Value[0]
	return true
}

func (a attribute) u16(to **uint16) bool {
	if !a.has(2) {
		return false
	}
	*to = ptr(a.order.Uint16(a.Value))
	return true
}

func (a attribute) u32(to **uint32) bool {
	if !a.has(4) {
		return false
	}
	*to = ptr(a.order.Uint32(a.Value))
	return true
}

func (a attribute) i32(to **int32) bool {
	if !a.has(4) {
		return false
	}
	*to = ptr(int32(a.order.Uint32(a.Value)))
	return true
}

func (a attribute) u64(to **uint64) bool {
	if !a.has(8) {
		return false
	}
	*to = ptr(a.order.Uint64(a.Value))
	return true
}

// enum8 is u8 for an enumeration.
func (a attribute) enum8(names *criu.Enum, to *schema.Enum) bool {
	if !a.has(1) {
		return false
	}
	*to = enum(names, uint32(a.Value[0]))
	return true
}

func (a attribute) text(to *schema.Text) bool {
	*to = text(strings.TrimSuffix(string(a.Value), "\x00"))
	return true
}

func (a attribute) address(to *schema.IP) bool {
	if len(a.Value) != 16 && !a.has(4) {
		return false
	}
	*to = address(a.Value)
	return true
}

// pad reports whether the attribute is one that only aligns the next.
func (a attribute) pad() bool { return len(a.Value) == 0 }

// Attributes that golang.org/x/sys/unix does not have.
// Source: linux/if_addr.h, linux/rtnetlink.h, linux/fib_rules.h (Linux 6.18).
const (
	ifaProto = 11

	rtaNHID = 30

	fraDSCP          = 25
	fraFlowLabel     = 26
	fraFlowLabelMask = 27
	fraSportMask     = 28
	fraDportMask     = 29
	fraDSCPMask      = 30
)

// interfaceNames maps the numbers of a namespace's interfaces to their names.
type interfaceNames map[uint32]schema.Text

// maxInterfaceName bounds names that are repeated in other rows: the kernel's
// are shorter (IFNAMSIZ).
const maxInterfaceName = kernel.IFNAMSIZ - 1
