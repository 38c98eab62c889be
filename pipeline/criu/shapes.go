package criu

import (
	"reflect"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Shapes remembers what is known of message types, so that their messages can be
// scanned as bytes, many times faster than through decoded ones: for what they
// cost (Cost), for unknown fields (Find), and to be decoded (Messages). It is safe
// for concurrent use.
type Shapes struct{ byName sync.Map } // protoreflect.FullName -> *shape

// of returns the shape of a message type.
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
	typ := structOf(d)
	out := &shape{high: map[protowire.Number]*field{}, size: structSize(typ), typ: typ}
	made[d.FullName()] = out
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		entry := &field{name: string(f.Name()), repeated: f.IsList(), width: valueWidth(f.Kind())}
		if f.Message() != nil {
			entry.message = build(f.Message(), made)
		}
		out.add(f.Number(), entry)
	}
	out.place(d)
	return out
}

// shape is what is known of a message type: its fields, and the shape of those
// that are messages.
type shape struct {
	low      []*field // by number
	high     map[protowire.Number]*field
	size     int          // bytes of the struct it is decoded into
	typ      reflect.Type // of that struct, nil if it is not linked
	list     reflect.Type // of a slice of them
	required uint64       // the bits of its required fields
}

// lowNumbers are the field numbers that are looked up without a map: nearly all.
const lowNumbers = 128

// field returns what is known of a field, nil if nothing is.
func (s *shape) field(number protowire.Number) *field {
	if uint(number) < uint(len(s.low)) {
		return s.low[number]
	}
	return s.high[number]
}

func (s *shape) add(number protowire.Number, f *field) {
	if number >= lowNumbers {
		s.high[number] = f
		return
	}
	for len(s.low) <= int(number) {
		s.low = append(s.low, nil)
	}
	s.low[number] = f
}

type field struct {
	name     string
	repeated bool
	message  *shape
	width    int // bytes of a value that is a number; 0 of texts and bytes
	// for Messages
	form     form
	offset   uintptr // in the struct
	required uint64  // a bit of its own, if it is required
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
