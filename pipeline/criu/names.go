package criu

import (
	"fmt"
	"math/bits"
	"strconv"
)

// Enum is an enumeration: numbers with names.
type Enum struct {
	Domain string // name of the enumeration, such as socket_state
	Source string // header or message the numbers come from
	Names  map[uint64]string
}

// Name returns the name of a value, UNKNOWN(n) where it has none.
func (e *Enum) Name(v uint64) string {
	if n, ok := e.Names[v]; ok {
		return n
	}
	return "UNKNOWN(" + strconv.FormatUint(v, 10) + ")"
}

// Flags is a set of bits with names. Fields of several bits, such as an access
// mode or a size, are given a Mask.
type Flags struct {
	Domain string
	Source string
	Bits   []Flag
}

// Flag is one bit, or one value of a field of several bits.
type Flag struct {
	Value uint64
	Name  string
	// Mask covers the field the value belongs to; 0 means Value itself.
	Mask uint64
}

// List returns the names of the bits of v; bits without a name are the last
// element, as one hexadecimal number. It is empty, not nil, for 0.
func (f *Flags) List(v uint64) []string {
	names := make([]string, 0, bits.OnesCount64(v))
	rest := v
	for _, b := range f.Bits {
		mask := b.Mask
		if mask == 0 {
			mask = b.Value
		}
		if v&mask == b.Value && (b.Value != 0 || b.Mask != 0) {
			names = append(names, b.Name)
			rest &^= mask
		}
	}
	if rest != 0 {
		names = append(names, fmt.Sprintf("%#x", rest))
	}
	return names
}

// bitNames makes flags of names in the order of their bits, from bit 0.
func bitNames(names ...string) []Flag {
	flags := make([]Flag, 0, len(names))
	for i, n := range names {
		if n != "" {
			flags = append(flags, Flag{Value: 1 << i, Name: n})
		}
	}
	return flags
}

// numbered makes an enumeration's names of a list, from 0; empty names are
// numbers without a meaning.
func numbered(names ...string) map[uint64]string {
	m := make(map[uint64]string, len(names))
	for i, n := range names {
		if n != "" {
			m[uint64(i)] = n
		}
	}
	return m
}
