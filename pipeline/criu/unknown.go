package criu

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Unknown is a protobuf field that the linked messages do not know.
type Unknown struct {
	// Path leads from the entry to the message the field stands in, such as
	// tc.timers.posix[3]; empty for the entry itself.
	Path string
	// Position counts the unknown fields of that message, from 0.
	Position uint32
	Number   uint32
	WireType string
	// Value is a number's value, nil for bytes and groups.
	Value *uint64
	Bytes []byte
}

// Find calls found for the unknown fields of an encoded message, at any depth,
// in the order they stand there, until it returns false. The message must be
// valid.
func (s *Shapes) Find(descriptor protoreflect.MessageDescriptor, message []byte, found func(Unknown) bool) {
	search := search{found: found}
	search.message(s.of(descriptor), message)
}

// search is one search for unknown fields.
type search struct {
	found func(Unknown) bool
	steps []step // from the entry to the message at hand
}

// step is a field on the way to a message, and which element of a list.
type step struct {
	field string
	index int // -1 where it is no list
}

// maxPath bounds Unknown.Path: messages can be nested 10,000 deep.
const maxPath = 4096

// path writes the steps as text.
func (s *search) path() string {
	var path []byte
	for i, step := range s.steps {
		if len(path) > maxPath {
			return string(path) + "..."
		}
		if i > 0 {
			path = append(path, '.')
		}
		path = append(path, step.field...)
		if step.index >= 0 {
			path = fmt.Appendf(path, "[%d]", step.index)
		}
	}
	return string(path)
}

// message searches one message; it returns false to end the search.
func (s *search) message(known *shape, m []byte) bool {
	var position uint32
	var seen map[protowire.Number]int // how many elements of a repeated message passed
	for len(m) > 0 {
		number, typ, n := protowire.ConsumeTag(m)
		if n < 0 {
			return true
		}
		body := m[n:]
		size := protowire.ConsumeFieldValue(number, typ, body)
		if size < 0 {
			return true
		}
		m = body[size:]
		f := known.field(number)
		if f == nil {
			if !s.found(unknownField(s.path(), position, number, typ, body[:size])) {
				return false
			}
			position++
			continue
		}
		if f.message == nil || typ != protowire.BytesType {
			continue
		}
		inner, _ := protowire.ConsumeBytes(body)
		index := -1
		if f.repeated {
			if seen == nil {
				seen = map[protowire.Number]int{}
			}
			index = seen[number]
			seen[number]++
		}
		s.steps = append(s.steps, step{f.name, index})
		if !s.message(f.message, inner) {
			return false
		}
		s.steps = s.steps[:len(s.steps)-1]
	}
	return true
}

func unknownField(path string, position uint32, number protowire.Number, typ protowire.Type, value []byte) Unknown {
	u := Unknown{Path: path, Position: position, Number: uint32(number)}
	number64 := func(v uint64) { u.Value = &v }
	switch typ {
	case protowire.VarintType:
		u.WireType = "VARINT"
		v, _ := protowire.ConsumeVarint(value)
		number64(v)
	case protowire.Fixed32Type:
		u.WireType = "FIXED32"
		v, _ := protowire.ConsumeFixed32(value)
		number64(uint64(v))
	case protowire.Fixed64Type:
		u.WireType = "FIXED64"
		v, _ := protowire.ConsumeFixed64(value)
		number64(v)
	case protowire.BytesType:
		u.WireType = "BYTES"
		u.Bytes, _ = protowire.ConsumeBytes(value)
	default:
		u.WireType = "GROUP"
		u.Bytes = value
	}
	return u
}
