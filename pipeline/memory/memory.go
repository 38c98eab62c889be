// Package memory hands the pages of checkpointed memory to what reads them,
// once, in one place and as they pass by.
//
// CRIU saves the address space of a process, and each shared object, as a page
// map and a pages image: which pages there are, and their contents in that
// order. A page may also be in the pages image of a parent checkpoint. Where
// the images of an archive stand is up to the engine that packed them, so pages
// may come before what says whose they are. All of that is settled here:
//
//   - A Checkpoint gets page maps, memory descriptors and pages images as the
//     archive yields them.
//   - Each Consumer says which ranges of a Space it wants, and gets Blocks.
//
// To read memory in a new way, write a Consumer and add it to the list of
// consumers in package decode.
package memory

import (
	"math"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"
)

// Consumer reads pages of a checkpoint's memory as they pass by.
//
// It gets every byte that it wants and that the archive holds once. What is
// left on the host, or in a parent checkpoint elsewhere, never comes, nor do
// holes: Space.Extents tells what becomes of a range. Which processes are alive
// may not be known yet, so a folder that an engine used again offers address
// spaces of processes that the checkpoint does not have.
type Consumer interface {
	// Wants returns the ranges to read of a space, in any order. It is called
	// once, before the first of its pages. Only what is wanted is read, where
	// the archive allows reading at offsets.
	Wants(*Space) []Range
	// Pages takes a block. Blocks of one pages image come in its order, which
	// is that of addresses as CRIU writes it. What a space inherits from a
	// parent checkpoint comes from another image, before or after its own.
	Pages(Block)
}

// Range is a range of addresses, or of offsets in a shared object, without its end.
type Range struct{ Start, End uint64 }

// Everything is the range of all pages.
var Everything = Range{0, math.MaxUint64}

// Size returns the length of the range in bytes.
func (r Range) Size() uint64 { return r.End - r.Start }

// Block is memory that passes by, of consecutive addresses in one mapping. It
// begins and ends with whole pages, as far as the range that was asked for does.
type Block struct {
	Space   *Space
	Mapping *vma.VmaEntry // nil in a shared object, and for pages that no mapping has
	Address uint64        // of the first byte
	Data    []byte        // only during the call; at most MaxBlock bytes
	// Inherited is set if a parent checkpoint holds the pages.
	Inherited bool
}

// MaxBlock is the size of the largest block: what is read at once. It is large
// enough for reading at the speed of copying, and small enough for a consumer to
// find its bytes in the processor's cache.
const MaxBlock = 256 << 10
