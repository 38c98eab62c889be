package criu

import (
	"reflect"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
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

// structOf returns the struct that a message is decoded into, nil of one that
// is not linked.
func structOf(d protoreflect.MessageDescriptor) reflect.Type {
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		return nil
	}
	return reflect.TypeOf(t.Zero().Interface()).Elem()
}

// structSize returns the size of a struct.
func structSize(t reflect.Type) int {
	const unlinked = 512 // of a message made from its description only
	if t == nil {
		return unlinked
	}
	return int(t.Size())
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
