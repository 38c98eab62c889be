package criu

import (
	"reflect"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

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
	const pointer, header = 8, 16 // a pointer, and that of a text or the rounding of an allocation
	total := int64(s.size)
	if depth > maxDepth {
		c.hasUnknown = true // who knows
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
		f, known := s.field(number)
		switch {
		case !known: // kept as it is, in a slice that grows
			c.hasUnknown = true
			total += 2 * int64(n+size)
		case f.message != nil && typ == protowire.BytesType:
			inner, _ := protowire.ConsumeBytes(body)
			total += 2*pointer + c.cost(f.message, inner, depth+1)
		case f.width > 0 && typ == protowire.BytesType: // a packed list
			total += 2 * int64(f.width) * int64(size)
		case f.width > 0:
			total += 2 * int64(f.width)
		default:
			total += 2*header + int64(size)
		}
	}
	return total
}

// structSize returns the size of the struct that a message is decoded into.
func structSize(d protoreflect.MessageDescriptor) int {
	const unregistered = 512 // of a message made from its description only
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		return unregistered
	}
	return int(reflect.TypeOf(t.Zero().Interface()).Elem().Size())
}

// valueWidth returns the size of a number of that kind, 0 of other values.
func valueWidth(k protoreflect.Kind) int {
	switch k {
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind, protoreflect.GroupKind:
		return 0
	case protoreflect.BoolKind:
		return 1
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Uint32Kind, protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind,
		protoreflect.FloatKind, protoreflect.EnumKind:
		return 4
	}
	return 8
}
