package criu

import (
	"errors"
	"fmt"
	"io"
	"math/bits"
	"sort"

	"github.com/pierrec/lz4/v4"
	"google.golang.org/protobuf/encoding/protowire"
)

// PageBlocks tells how the pages of a run are stored that CRIU compressed: in
// blocks of pages, each by itself. A block is not stored if all of it is zeros,
// and as it is if LZ4 would not make it much smaller.
// Source: CRIU's branch criu-dev, images/pagemap.proto and criu/compression.c; the
// form that was merged first, with sizes by page or region, and that of today.
type PageBlocks struct {
	Pages uint64 // of each block; the last one may have fewer
	sizes []byte // stored bytes of each, as varints
}

// maxBlock is the size of the largest block. Source: CRIU criu/include/compression.h.
const maxBlock = 4 << 20

// blockFields are the fields of a pagemap_entry that tell of blocks.
type blockFields struct {
	lists    [][]byte // field 6 with a length: the message of today, or packed sizes
	sizes    []byte   // field 6, one size at a time
	total    *uint64  // field 7
	perBlock uint64   // field 8
}

func (f *blockFields) isSet() bool {
	return f.lists != nil || f.sizes != nil || f.total != nil || f.perBlock != 0
}

// blocksOf returns the blocks of a run; ok is false where the fields do not fit it.
func (f *blockFields) blocksOf(run *Run) (b *PageBlocks, ok bool) {
	if len(f.lists) == 1 && f.sizes == nil {
		if b, total, ok := parseBlocks(f.lists[0]); ok && b.covers(run, &total) {
			return b, true
		}
	}
	b = &PageBlocks{Pages: max(f.perBlock, 1), sizes: f.sizes}
	if len(f.lists) == 1 && b.sizes == nil {
		b.sizes = f.lists[0]
	} else {
		for _, list := range f.lists {
			b.sizes = append(b.sizes, list...)
		}
	}
	return b, b.covers(run, f.total)
}

// parseBlocks decodes a message pagemap_blocks.
func parseBlocks(m []byte) (b *PageBlocks, total uint64, ok bool) {
	b = &PageBlocks{}
	seen := map[protowire.Number]bool{}
	for len(m) > 0 {
		field, kind, n := protowire.ConsumeTag(m)
		if n < 0 {
			return nil, 0, false
		}
		m = m[n:]
		isSizes := field == 1
		if n = protowire.ConsumeFieldValue(field, kind, m); n < 0 || field > 3 || seen[field] || isSizes != (kind == protowire.BytesType) || !isSizes && kind != protowire.VarintType {
			return nil, 0, false
		}
		seen[field] = true
		value, _ := protowire.ConsumeVarint(m)
		switch field {
		case 1:
			b.sizes, _ = protowire.ConsumeBytes(m)
		case 2:
			total = value
		case 3:
			b.Pages = value
		}
		m = m[n:]
	}
	return b, total, b.Pages > 0
}

// covers reports whether there is a size for each block of the run, and they add
// up to the total.
func (b *PageBlocks) covers(run *Run, total *uint64) bool {
	var count, sum uint64
	for rest := b.sizes; len(rest) > 0; count++ {
		size, n := protowire.ConsumeVarint(rest)
		if n < 0 || size > maxBlock {
			return false
		}
		sum, rest = sum+size, rest[n:]
	}
	blocks := run.Pages / b.Pages
	if run.Pages%b.Pages != 0 {
		blocks++
	}
	return count == blocks && run.isStored() && (total == nil || *total == sum)
}

// PagesLayout says where a pages image has its pages, if some are compressed. Its
// offsets are those that an image of the same pages as they are would have, which
// Run.Offset tells; the image itself has StoredSize bytes.
type PagesLayout struct {
	StoredSize int64
	pageSize   uint64
	runs       []storedRun
}

// storedRun is where a run stands: in the pages as they are, and in the image.
type storedRun struct {
	run             *Run
	offset, size    uint64
	storedAt, bytes uint64
}

// IsCompressed reports whether pages are compressed, or stand elsewhere than one
// behind the other.
func (p *Pagemap) IsCompressed() bool { return p.compressed }

// Layout returns where the pages are, for a page size; false where blocks are
// impossible.
func (p *Pagemap) Layout(pageSize uint64) (*PagesLayout, bool) {
	const most = 1 << 62
	l := &PagesLayout{pageSize: pageSize}
	var at uint64
	for i := range p.Runs {
		r := &p.Runs[i]
		if !r.isStored() {
			continue
		}
		if r.Flags != nil && *r.Flags&pagePayloadAligned != 0 {
			at = (at + pageSize - 1) / pageSize * pageSize
		}
		if at > most {
			return nil, false
		}
		hi, size := bits.Mul64(r.Pages, pageSize)
		offset, ok := r.Offset(r.Address, pageSize)
		bytes := size
		if r.Blocks != nil {
			var fits bool
			if bytes, fits = r.Blocks.storedBytes(r.Pages, pageSize); !fits {
				return nil, false
			}
		}
		if hi != 0 || !ok || offset > most || size > most || bytes > most-at {
			return nil, false
		}
		l.runs = append(l.runs, storedRun{r, offset, size, at, bytes})
		at += bytes
	}
	l.StoredSize = int64(at)
	return l, true
}

// storedBytes adds up the blocks of so many pages; false where one is larger than
// its pages are.
func (b *PageBlocks) storedBytes(pages, pageSize uint64) (sum uint64, ok bool) {
	if b.Pages > maxBlock/pageSize {
		return 0, false
	}
	for rest := b.sizes; len(rest) > 0; {
		size, n := protowire.ConsumeVarint(rest)
		if size > min(b.Pages, pages)*pageSize {
			return 0, false
		}
		sum, rest, pages = sum+size, rest[n:], pages-min(b.Pages, pages)
	}
	return sum, true
}

// PagesReader reads the pages of an image with a layout, at their offsets.
type PagesReader struct {
	layout *PagesLayout
	image  io.ReaderAt
	spend  func(stored, expanded int64) error

	// the block that was looked at last
	run          *storedRun
	rest         []byte // sizes of those behind it
	from, length uint64 // where it stands in the pages of the run
	stored, size uint64 // and in the image
	packed, data []byte // data is what it holds, if it was decompressed
	isRead       bool
}

// NewReader reads the pages of an image. It reads forward if what is asked of it
// comes in order. spend is asked before a block is decompressed.
func (l *PagesLayout) NewReader(image io.ReaderAt, spend func(stored, expanded int64) error) *PagesReader {
	return &PagesReader{layout: l, image: image, spend: spend}
}

// ReadAt implements io.ReaderAt.
func (r *PagesReader) ReadAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.readSome(p[n:], uint64(offset)+uint64(n))
		n += m
	}
	return n, err
}

// readSome reads of one block, or of one run of pages as they are.
func (r *PagesReader) readSome(p []byte, offset uint64) (int, error) {
	i := sort.Search(len(r.layout.runs), func(i int) bool { return r.layout.runs[i].offset > offset }) - 1
	if i < 0 || offset-r.layout.runs[i].offset >= r.layout.runs[i].size {
		return 0, io.EOF
	}
	run := &r.layout.runs[i]
	within := offset - run.offset
	if run.run.Blocks == nil {
		return r.image.ReadAt(p[:min(uint64(len(p)), run.size-within)], int64(run.storedAt+within))
	}
	r.seek(run, within)
	at := within - r.from
	p = p[:min(uint64(len(p)), r.length-at)]
	switch r.size {
	case 0:
		clear(p)
		return len(p), nil
	case r.length:
		return r.image.ReadAt(p, int64(r.stored+at))
	}
	if err := r.decompress(); err != nil {
		return 0, err
	}
	return copy(p, r.data[at:]), nil
}

// seek goes to the block of a run that has an offset within it.
func (r *PagesReader) seek(run *storedRun, within uint64) {
	blockBytes := run.run.Blocks.Pages * r.layout.pageSize
	if r.run != run || within < r.from {
		r.run, r.rest, r.from, r.length, r.stored, r.size = run, run.run.Blocks.sizes, 0, 0, run.storedAt, 0
	}
	for within >= r.from+r.length {
		size, n := protowire.ConsumeVarint(r.rest)
		r.from, r.stored, r.rest = r.from+r.length, r.stored+r.size, r.rest[n:]
		r.length, r.size, r.isRead = min(blockBytes, run.size-r.from), size, false
	}
}

// decompress reads the block.
func (r *PagesReader) decompress() error {
	if r.isRead {
		return nil
	}
	if err := r.spend(int64(r.size), int64(r.length)); err != nil {
		return err
	}
	r.packed, r.data = room(r.packed, r.size), room(r.data, r.length)
	if n, err := r.image.ReadAt(r.packed, int64(r.stored)); uint64(n) < r.size {
		return err
	}
	n, err := lz4.UncompressBlock(r.packed, r.data)
	if err == nil && uint64(n) != r.length {
		err = errors.New("it holds another number of bytes")
	}
	if err != nil {
		return fmt.Errorf("a block of compressed pages at byte %d: %w", r.stored, err)
	}
	r.isRead = true
	return nil
}

// room returns a buffer of a size, b if it is large enough.
func room(b []byte, size uint64) []byte {
	if uint64(cap(b)) < size {
		return make([]byte, size)
	}
	return b[:size]
}
