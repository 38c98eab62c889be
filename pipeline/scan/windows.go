// Package scan searches content that passes by: memory, page by page, and files,
// with YARA rules or whatever else takes blocks.
//
// Windows cuts runs of bytes into blocks that overlap, so that what lies across
// the border of two pages, or of two reads, is found whole. Memory and Content
// bring pages and files to YARA.
package scan

import (
	"bytes"
	"slices"
)

const (
	// BlockSize is how many new bytes a block has, or more where its run ends:
	// as much as YARA needs for its full speed.
	BlockSize = 256 << 10
	// Overlap is the least number of bytes that a block has in common with the one
	// before it: what regular expressions of YARA match is no longer. Source:
	// libyara, YR_RE_SCAN_LIMIT.
	Overlap = 4 << 10
)

// Block is a part of a run of bytes.
type Block struct {
	Data    []byte // only during the call
	Address uint64 // of the first byte
	// Seen is how many bytes at the beginning were in the block before.
	Seen int
	// Last is set if the run ends with the block.
	Last bool
}

// Windows cuts runs of bytes into blocks. Where it can, it cuts in front of a NUL,
// which no text goes across: what is a whole word in a block is one in the run.
type Windows struct {
	scan    func(Block)
	buffer  []byte
	address uint64 // of the buffer
	seen    int    // so much of it was in a block
}

// NewWindows returns windows whose blocks go to scan.
func NewWindows(scan func(Block)) *Windows { return &Windows{scan: scan} }

// Add adds bytes: to the run at hand, if they follow it, else to a new one.
func (w *Windows) Add(address uint64, data []byte) {
	if address != w.address+uint64(len(w.buffer)) {
		w.End()
		w.address = address
	}
	const room = BlockSize + 4*Overlap
	if w.buffer == nil && len(data) > 0 {
		w.buffer = make([]byte, 0, min(room, max(len(data), 16<<10)))
	}
	for len(data) > 0 {
		n := min(len(data), room-len(w.buffer))
		w.buffer = append(w.buffer, data[:n]...)
		data = data[n:]
		if len(w.buffer) == room {
			w.cut()
		}
	}
}

// cut passes on a block, and keeps what the next one begins with.
func (w *Windows) cut() {
	end := lastNUL(w.buffer, len(w.buffer)-Overlap, len(w.buffer))
	w.scan(Block{Data: w.buffer[:end:end], Address: w.address, Seen: w.seen})
	from := lastNUL(w.buffer, end-2*Overlap, end-Overlap)
	w.seen = end - from
	w.address += uint64(from)
	w.buffer = w.buffer[:copy(w.buffer, w.buffer[from:])]
}

// lastNUL returns where the last NUL of a range stands, its end if there is none.
func lastNUL(data []byte, from, to int) int {
	if i := bytes.LastIndexByte(data[from:to], 0); i >= 0 {
		return from + i
	}
	return to
}

// End ends the run at hand. Its last block may have no new bytes.
func (w *Windows) End() {
	if len(w.buffer) > 0 {
		w.scan(Block{Data: w.buffer, Address: w.address, Seen: w.seen, Last: true})
	}
	w.address += uint64(len(w.buffer))
	w.buffer, w.seen = w.buffer[:0], 0
}

// Close ends the run at hand, and lets go of its memory.
func (w *Windows) Close() {
	w.End()
	w.buffer = nil
}

// Pause passes on what there is of the run, which may go on later, and keeps
// little memory until then.
func (w *Windows) Pause() {
	if len(w.buffer) > w.seen {
		w.scan(Block{Data: w.buffer, Address: w.address, Seen: w.seen})
	}
	from := max(0, len(w.buffer)-Overlap)
	w.address += uint64(from)
	w.buffer = slices.Clone(w.buffer[from:])
	w.seen = len(w.buffer)
}
