package criu

import (
	"bytes"
	"reflect"
	"slices"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// Messages decodes the messages of an archive. protobuf's own decoder allocates
// every value, and Cost must have gone over the message before; this one cuts
// values from blocks, and counts what a message costs as it goes. It takes
// messages as CRIU writes them, and leaves others to Unmarshal.
//
// It stores values at the offsets of a struct's fields, as reflection tells them
// once for each type: through reflection, each value would cost an allocation.
// What is stored has the field's type, which formOf has made sure of.
type Messages struct {
	Shapes *Shapes

	typ   reflect.Type // of the last message, a pointer
	shape *shape

	words  Block[uint32]
	longs  Block[uint64]
	flags  Block[bool]
	texts  Block[string]
	copies Texts
}

// Decode decodes a message into an empty struct. The cost is that of
// Shapes.Cost. ok is false where the message costs more than the budget, is not
// valid, lacks a required field, has one that is not known or is of another
// type, or has a kind of value that is rare: the struct is of no use then.
func (m *Messages) Decode(data []byte, into proto.Message, budget int64) (cost int64, ok bool) {
	if t := reflect.TypeOf(into); t != m.typ { // the entries of an image are of one type
		m.typ, m.shape = t, m.Shapes.of(into.ProtoReflect().Descriptor())
	}
	d := decoding{Messages: m, left: budget}
	if m.typ.Elem() != m.shape.typ || !d.message(m.shape, reflect.ValueOf(into).UnsafePointer(), data, 0) {
		return 0, false
	}
	return budget - d.left, true
}

// decoding is the decoding of one message, and of those within it.
type decoding struct {
	*Messages
	left int64 // of the budget
}

func (d *decoding) take(cost int64) bool {
	d.left -= cost
	return d.left >= 0
}

// message decodes a message into the struct at an address.
func (d *decoding) message(s *shape, at unsafe.Pointer, data []byte, depth int) bool {
	const deepest = 100 // CRIU's are nested a few deep
	if depth > deepest || !d.take(int64(s.size)) {
		return false
	}
	var seen uint64 // of the required fields
	var next slab   // for the elements of a list that follow
	for len(data) > 0 {
		number, wire, n := consumeTag(data)
		f := s.field(number)
		if n < 0 || f == nil {
			return false
		}
		seen |= f.required
		tag, body, to := data[:n], data[n:], unsafe.Add(at, f.offset)
		switch wire {
		case protowire.VarintType:
			value, n := consumeVarint(body)
			if n < 0 || !d.take(2*int64(f.width)) || !d.number(f, to, value, tag, data) {
				return false
			}
			data = body[n:]
		case protowire.BytesType:
			value, n := protowire.ConsumeBytes(body)
			if n < 0 || f.message == nil && !d.take(perText+int64(n)) {
				return false
			}
			if f.form == formMessages && next.left == 0 && !d.newSlab(&next, f, to, tag, data) {
				return false
			}
			if !d.delimited(f, to, value, &next, depth) {
				return false
			}
			data = body[n:]
		default:
			return false
		}
	}
	return seen == s.required
}

// delimited stores a value that has a length in front: a text, bytes or a message.
// next has memory for an element of a list of messages.
func (d *decoding) delimited(f *field, to unsafe.Pointer, value []byte, next *slab, depth int) bool {
	switch f.form {
	case formText:
		*(**string)(to) = d.texts.Of(d.copies.Of(value))
	case formTexts:
		list := (*[]string)(to)
		*list = append(*list, d.copies.Of(value))
	case formBytes:
		*(*[]byte)(to) = bytes.Clone(value)
	case formMessage:
		inner := (*unsafe.Pointer)(to)
		if *inner == nil {
			*inner = reflect.New(f.message.typ).UnsafePointer()
		}
		return d.take(perMessage) && d.message(f.message, *inner, value, depth+1)
	case formMessages:
		inner := next.take()
		list := (*[]unsafe.Pointer)(to)
		*list = append(*list, inner)
		return d.take(perMessage) && d.message(f.message, inner, value, depth+1)
	default:
		return false
	}
	return true
}

// number stores a value that is a number. The field begins data, with the tag.
func (d *decoding) number(f *field, to unsafe.Pointer, value uint64, tag, data []byte) bool {
	switch f.form {
	case form32:
		*(**uint32)(to) = d.words.Of(uint32(value))
	case formZigzag32:
		*(**uint32)(to) = d.words.Of(uint32(protowire.DecodeZigZag(value & (1<<32 - 1))))
	case form64:
		*(**uint64)(to) = d.longs.Of(value)
	case formZigzag64:
		*(**uint64)(to) = d.longs.Of(uint64(protowire.DecodeZigZag(value)))
	case formBool:
		*(**bool)(to) = d.flags.Of(value != 0)
	case formList32:
		return appendNumber(d, (*[]uint32)(to), uint32(value), tag, data)
	case formList64:
		return appendNumber(d, (*[]uint64)(to), value, tag, data)
	default:
		return false
	}
	return true
}

// maxRun bounds the elements of a list that memory is allocated for at once.
const maxRun = 128

// appendNumber appends to a list. Where it is full, it gets room for the
// elements that follow.
func appendNumber[T uint32 | uint64](d *decoding, list *[]T, value T, tag, data []byte) bool {
	if len(*list) == cap(*list) {
		n := runLength(data, tag)
		if int64(n-1)*int64(unsafe.Sizeof(value)) > d.left { // this one is paid for
			return false
		}
		*list = slices.Grow(*list, n)
	}
	*list = append(*list, value)
	return true
}

// slab is memory for elements of a list of messages that follow each other.
type slab struct {
	at   unsafe.Pointer
	size uintptr // of an element
	left int
}

// newSlab allocates structs for the elements of a list that follow.
func (d *decoding) newSlab(s *slab, f *field, list unsafe.Pointer, tag, data []byte) bool {
	n := runLength(data, tag)
	if int64(n)*int64(f.message.size+perMessage) > d.left {
		return false
	}
	*(*[]unsafe.Pointer)(list) = slices.Grow(*(*[]unsafe.Pointer)(list), n)
	*s = slab{reflect.MakeSlice(f.message.list, n, n).UnsafePointer(), uintptr(f.message.size), n}
	return true
}

// take returns the address of the next struct.
func (s *slab) take() unsafe.Pointer {
	at := s.at
	if s.left--; s.left > 0 {
		s.at = unsafe.Add(at, s.size) // never behind the last
	}
	return at
}

// runLength counts the fields that data begins with and that have this tag, up
// to maxRun.
func runLength(data, tag []byte) (n int) {
	number, wire, _ := consumeTag(tag)
	for n < maxRun && bytes.HasPrefix(data, tag) {
		size := protowire.ConsumeFieldValue(number, wire, data[len(tag):])
		if size < 0 {
			break
		}
		data = data[len(tag)+size:]
		n++
	}
	return n
}

// consumeTag is protowire's, with a short way for tags of a byte.
func consumeTag(data []byte) (protowire.Number, protowire.Type, int) {
	if data[0] < 0x80 {
		return protowire.Number(data[0] >> 3), protowire.Type(data[0] & 7), 1
	}
	return protowire.ConsumeTag(data)
}

// consumeVarint is protowire's, with a short way for numbers of a byte.
func consumeVarint(data []byte) (uint64, int) {
	if len(data) > 0 && data[0] < 0x80 {
		return uint64(data[0]), 1
	}
	return protowire.ConsumeVarint(data)
}
