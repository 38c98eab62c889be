package decode

import (
	"bytes"
	"debug/elf"

	"github.com/ckexport/ckexport/pipeline/memory"
)

// heldELF keeps an ELF file that passes by, for the names of its functions.
type heldELF struct {
	row    int       // position among the captured files
	ghost  *uint32   // number of a deleted file; nil of a captured one
	set    *imageSet // of a deleted file
	data   []byte
	isFull bool // it was not kept, as it or the archive takes too much memory

	take func(int64) bool
	is   bool // an ELF file
}

// holdELF returns what keeps the content of the file that is at hand, if it is
// wanted; nil if it is not.
func (c *container) holdELF(held heldELF) *heldELF {
	if !c.decoder.plan.tables["stack_frames"] {
		return nil
	}
	held.take = c.take
	return &held
}

// Write never fails. The first bytes tell whether it is an ELF file.
func (h *heldELF) Write(b []byte) (int, error) {
	if h == nil || h.isFull {
		return len(b), nil
	}
	if !h.is && len(h.data) < len(elf.ELFMAG) {
		start := append(bytes.Clone(h.data), b[:min(len(b), len(elf.ELFMAG))]...)
		if h.is = bytes.HasPrefix(start, []byte(elf.ELFMAG)); !h.is && (len(start) >= len(elf.ELFMAG) || !bytes.HasPrefix([]byte(elf.ELFMAG), start)) {
			h.isFull, h.data = true, nil
			return len(b), nil
		}
	}
	if len(h.data)+len(b) > memory.MaxImage || !h.take(int64(len(b))) {
		h.isFull, h.data = true, nil
		return len(b), nil
	}
	h.data = append(h.data, b...)
	return len(b), nil
}

// keepELF keeps the file if it is an ELF file.
func (c *container) keepELF(h *heldELF) {
	if h != nil && h.is {
		c.heldELFs = append(c.heldELFs, h)
	}
}
