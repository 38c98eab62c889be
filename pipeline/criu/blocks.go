package criu

import "strings"

// blockLength is how many values are allocated at once.
const blockLength = 128

// Block hands out the addresses of values. It allocates many at a time, as one
// allocation each costs more than the values do; they are kept in memory
// together. The zero Block is ready for use.
type Block[T any] struct{ free []T }

// Of returns the address of a value.
func (b *Block[T]) Of(value T) *T {
	if len(b.free) == 0 {
		b.free = make([]T, blockLength)
	}
	p := &b.free[0]
	b.free = b.free[1:]
	*p = value
	return p
}

// Texts copies texts; short ones share memory, and are kept together.
type Texts struct{ block strings.Builder }

// Of returns a text of some bytes.
func (t *Texts) Of(data []byte) string {
	const size, short = 4 << 10, 256
	if len(data) > short {
		return string(data)
	}
	if t.block.Cap()-t.block.Len() < len(data) {
		t.block = strings.Builder{}
		t.block.Grow(size)
	}
	start := t.block.Len()
	t.block.Write(data)
	return t.block.String()[start:]
}
