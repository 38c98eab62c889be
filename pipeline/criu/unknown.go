package criu

import (
	"fmt"
	"sync"

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

// shape is what is known of a message type: its fields, and the shape of those
// that are messages.
type shape struct {
	fields map[protowire.Number]field
}

type field struct {
	name     string
	repeated bool
	message  *shape
}

// Shapes finds unknown fields. It scans bytes instead of decoded messages,
// which is many times faster, and remembers the message types it has seen. It
// is safe for concurrent use.
type Shapes struct{ byName sync.Map } // protoreflect.FullName -> *shape

// Find returns the unknown fields of an encoded message, at any depth, in the
// order they stand there. The message must be valid.
func (s *Shapes) Find(descriptor protoreflect.MessageDescriptor, message []byte) []Unknown {
	var found []Unknown
	s.of(descriptor).find("", message, &found)
	return found
}

func (s *Shapes) of(d protoreflect.MessageDescriptor) *shape {
	if known, ok := s.byName.Load(d.FullName()); ok {
		return known.(*shape)
	}
	made := map[protoreflect.FullName]*shape{}
	root := build(d, made)
	s.byName.Store(d.FullName(), root)
	return root
}

// build makes the shape of a type; made breaks the recursion of types that
// contain themselves.
func build(d protoreflect.MessageDescriptor, made map[protoreflect.FullName]*shape) *shape {
	if known, ok := made[d.FullName()]; ok {
		return known
	}
	out := &shape{fields: map[protowire.Number]field{}}
	made[d.FullName()] = out
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		entry := field{name: string(f.Name()), repeated: f.IsList()}
		if f.Message() != nil {
			entry.message = build(f.Message(), made)
		}
		out.fields[f.Number()] = entry
	}
	return out
}

func (s *shape) find(path string, m []byte, found *[]Unknown) {
	var position uint32
	var seen map[protowire.Number]int // how many elements of a repeated message passed
	for len(m) > 0 {
		number, typ, n := protowire.ConsumeTag(m)
		if n < 0 {
			return
		}
		body := m[n:]
		size := protowire.ConsumeFieldValue(number, typ, body)
		if size < 0 {
			return
		}
		m = body[size:]
		f, known := s.fields[number]
		if !known {
			*found = append(*found, unknownField(path, position, number, typ, body[:size]))
			position++
			continue
		}
		if f.message == nil || typ != protowire.BytesType {
			continue
		}
		inner, _ := protowire.ConsumeBytes(body)
		step := f.name
		before := len(*found)
		f.message.find("", inner, found)
		if f.repeated {
			if seen == nil {
				seen = map[protowire.Number]int{}
			}
			if len(*found) > before { // the index's text is made only where it is needed
				step = fmt.Sprintf("%s[%d]", step, seen[number])
			}
			seen[number]++
		}
		prefixPaths((*found)[before:], join(path, step))
	}
}

func join(path, step string) string {
	if path == "" {
		return step
	}
	return path + "." + step
}

func prefixPaths(found []Unknown, prefix string) {
	for i := range found {
		if found[i].Path == "" {
			found[i].Path = prefix
		} else {
			found[i].Path = prefix + "." + found[i].Path
		}
	}
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
