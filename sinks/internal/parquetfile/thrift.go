package parquetfile

import (
	"encoding/binary"
	"errors"
)

// Kinds of values in Thrift's compact protocol, which Parquet's metadata is
// written in. Source: thrift/doc/specs/thrift-compact-protocol.md.
const (
	kindTrue   = 1 // also of elements that are true or false
	kindFalse  = 2
	kindByte   = 3
	kindInt16  = 4
	kindInt32  = 5
	kindInt64  = 6
	kindDouble = 7
	kindBinary = 8
	kindList   = 9
	kindSet    = 10
	kindMap    = 11
	kindStruct = 12
)

// message writes a struct, field by field in the order of their ids.
type message struct {
	out  []byte
	last int // id of the field before
}

func (m *message) field(id int, kind byte) {
	m.out = append(m.out, byte(id-m.last)<<4|kind) // ids are less than 16 apart here
	m.last = id
}

func (m *message) varint(n int64)        { m.out = binary.AppendVarint(m.out, n) }
func (m *message) int16(id int, n int64) { m.field(id, kindInt16); m.varint(n) }
func (m *message) int32(id int, n int64) { m.field(id, kindInt32); m.varint(n) }
func (m *message) int64(id int, n int64) { m.field(id, kindInt64); m.varint(n) }

// bool writes an element of a list.
func (m *message) bool(b bool) {
	if b {
		m.out = append(m.out, kindTrue)
	} else {
		m.out = append(m.out, kindFalse)
	}
}

// blob writes an element of a list.
func (m *message) blob(b []byte) {
	m.out = append(binary.AppendUvarint(m.out, uint64(len(b))), b...)
}

func (m *message) binary(id int, b []byte) { m.field(id, kindBinary); m.blob(b) }

// list begins a field of n elements, which follow.
func (m *message) list(id, n int, kind byte) {
	m.field(id, kindList)
	m.elements(n, kind)
}

func (m *message) elements(n int, kind byte) {
	if n < 15 {
		m.out = append(m.out, byte(n)<<4|kind)
		return
	}
	m.out = binary.AppendUvarint(append(m.out, 0xf0|kind), uint64(n))
}

// begin begins a field that is a struct, and returns what end takes.
func (m *message) begin(id int) (last int) {
	m.field(id, kindStruct)
	return m.element()
}

// element begins a struct that is an element, and returns what end takes.
func (m *message) element() (last int) {
	last, m.last = m.last, 0
	return last
}

func (m *message) end(last int) {
	m.stop()
	m.last = last
}

func (m *message) stop() { m.out, m.last = append(m.out, 0), 0 }

var errThrift = errors.New("is not as it should be")

// reader reads a struct. After an error, all that is read is zero.
type reader struct {
	in  []byte
	at  int
	err error
}

func (r *reader) fail() { r.at, r.err = len(r.in), errThrift }

func (r *reader) byte() byte {
	if r.at >= len(r.in) {
		r.fail()
		return 0
	}
	r.at++
	return r.in[r.at-1]
}

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.in[r.at:])
	if size <= 0 {
		r.fail()
		return 0
	}
	r.at += size
	return n
}

func (r *reader) varint() int64 {
	n := r.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *reader) blob() []byte {
	n := r.uvarint()
	if n > uint64(len(r.in)-r.at) {
		r.fail()
		return nil
	}
	r.at += int(n)
	return r.in[r.at-int(n) : r.at]
}

// fields calls field for each field of a struct; it has to read the value.
func (r *reader) fields(field func(id int, kind byte)) {
	for id := 0; r.err == nil; {
		head := r.byte()
		if head == 0 {
			return
		}
		if delta := int(head >> 4); delta > 0 {
			id += delta
		} else {
			id = int(r.varint())
		}
		field(id, head&15)
	}
}

// list reads the beginning of a list.
func (r *reader) list() (n int, kind byte) {
	head := r.byte()
	n = int(head >> 4)
	if n == 15 {
		n = int(min(r.uvarint(), uint64(len(r.in))))
	}
	return n, head & 15
}

// skip reads a value of a kind that templates have.
func (r *reader) skip(kind byte) {
	switch kind {
	case kindTrue, kindFalse:
	case kindByte:
		r.byte()
	case kindInt16, kindInt32, kindInt64:
		r.uvarint()
	case kindBinary:
		r.blob()
	case kindStruct:
		r.fields(func(_ int, kind byte) { r.skip(kind) })
	case kindList:
		for n, of := r.list(); n > 0 && r.err == nil; n-- {
			r.skip(of)
		}
	default:
		r.fail()
	}
}
