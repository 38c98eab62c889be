package criu

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// What values cost beside what they hold: a message in a list its pointer, a
// text its header and the rounding of an allocation.
const perMessage, perText = 2 * 8, 2 * 16

// maxDepth is how deep messages may be nested: protobuf's own bound.
const maxDepth = protowire.DefaultRecursionLimit

// Cost returns about how many bytes of memory a message takes once it is
// decoded. A list of empty messages takes two bytes an element as it is
// encoded, and a hundred as structs: what an image may cost must be known
// before. The message need not be valid: what decoding would refuse costs what
// precedes the place. It also tells whether Find would find anything in a
// message that is valid, so that nearly all are scanned once.
func (s *Shapes) Cost(descriptor protoreflect.MessageDescriptor, message []byte) (bytes int64, hasUnknown bool) {
	var scan costScan
	bytes = scan.cost(s.of(descriptor), message, 0)
	return bytes, scan.hasUnknown
}

// costScan is one scan for what a message costs.
type costScan struct{ hasUnknown bool }

func (c *costScan) cost(s *shape, m []byte, depth int) int64 {
	total := int64(s.size)
	if depth > maxDepth {
		c.hasUnknown = true // it was not looked into
		return total
	}
	for len(m) > 0 {
		number, typ, n := protowire.ConsumeTag(m)
		if n < 0 {
			return total
		}
		body := m[n:]
		size := protowire.ConsumeFieldValue(number, typ, body)
		if size < 0 {
			return total
		}
		m = body[size:]
		f := s.field(number)
		switch {
		case f == nil: // kept as it is, in a slice that grows
			c.hasUnknown = true
			total += 2 * int64(n+size)
		case f.message != nil && typ == protowire.BytesType:
			inner, _ := protowire.ConsumeBytes(body)
			total += perMessage + c.cost(f.message, inner, depth+1)
		case f.width > 0 && typ == protowire.BytesType: // a packed list
			total += 2 * int64(f.width) * int64(size)
		case f.width > 0:
			total += 2 * int64(f.width)
		default:
			total += perText + int64(size)
		}
	}
	return total
}
