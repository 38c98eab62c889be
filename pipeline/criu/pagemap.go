package criu

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math/bits"
	"slices"
	"sort"

	"google.golang.org/protobuf/encoding/protowire"
)

// Flags of a pagemap entry. Source: CRIU criu/include/pagemap.h.
const (
	PageParent         = 1
	PageLazy           = 2
	PagePresent        = 4
	pagePayloadAligned = 8 // the content begins at the next page of the pages image
)

// Content says where the content of a run of pages is.
type Content int

// Where content can be.
const (
	Present Content = iota // in this checkpoint's pages image
	Parent                 // in the parent checkpoint
	Lazy                   // left on the host that made the checkpoint
)

func (c Content) String() string { return [...]string{"present", "parent", "lazy"}[c] }

// Run is one entry of a pagemap: consecutive pages.
type Run struct {
	Address uint64 // virtual address, or offset within a shared object
	Pages   uint64
	// Flags and InParent are the image's fields, nil where absent.
	Flags    *uint32
	InParent *bool
	// FirstPage counts the present pages before the run: its content begins
	// at that page of the pages image. Only for present runs.
	FirstPage uint64
	// Unplaced says that FirstPage tells nothing: this run or one before has
	// fields that are not known here.
	Unplaced bool
	// Blocks is set if the run's pages are compressed. Then FirstPage tells where
	// they would be if none were.
	Blocks *PageBlocks
}

// Content returns where the run's pages are. CRIU asks for the parent first;
// flags are absent in old images, where all pages but the parent's are present.
func (r *Run) Content() Content {
	switch {
	case r.InParent != nil && *r.InParent, r.Flags != nil && *r.Flags&PageParent != 0:
		return Parent
	case r.Flags == nil || *r.Flags&PagePresent != 0:
		return Present
	default:
		return Lazy
	}
}

// isStored reports whether the pages image has the run's pages: exactly these
// runs advance the place in it.
func (r *Run) isStored() bool {
	return r.Content() == Present || r.Flags != nil && *r.Flags&PagePresent != 0
}

// Pagemap is a decoded pagemap image.
type Pagemap struct {
	PagesID uint32
	Runs    []Run // in the order of the image
	// StoredPages counts the pages that the pages image should hold.
	StoredPages uint64
	// Extended is set where entries have fields that are not known here: from
	// a newer CRIU, which may keep pages in another form.
	Extended bool
	// Incomplete is set where damage hides the rest of the image: pages that are not
	// named may be in the checkpoint all the same.
	Incomplete bool

	compressed bool // see IsCompressed
	pageSize   uint64
	index      []indexed // ascending, without overlaps; made by Index
	dropped    int       // runs it left out
}

// indexed is a run of the index with the sums of what precedes it.
type indexed struct {
	run    *Run
	before [3]uint64 // pages of each Content
}

// Totals counts the pages of all runs, by Content.
func (p *Pagemap) Totals() (pages [3]uint64) {
	for i := range p.Runs {
		pages[p.Runs[i].Content()] += p.Runs[i].Pages
	}
	return pages
}

// ReadPagemap decodes a pagemap image. With an error it returns what precedes
// the damage.
func ReadPagemap(r *Reader) (*Pagemap, error) {
	p := &Pagemap{}
	err := p.read(r)
	p.Incomplete = err != nil
	return p, err
}

func (p *Pagemap) read(r *Reader) error {
	head, err := r.Next()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = r.truncation(r.Entries, errors.New("no head entry"))
		}
		return err
	}
	if err := eachField(head, func(field protowire.Number, v uint64, _ []byte) {
		if field == 1 { // pages_id
			p.PagesID = uint32(v)
		}
	}); err != nil {
		return &ImageError{Code: CodeMalformed, Entry: 0, Offset: r.Offset(), Err: err}
	}
	for {
		at := r.Offset()
		entry, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		run, extended, err := readRun(entry)
		p.Extended = p.Extended || extended
		p.compressed = p.compressed || run.Blocks != nil || run.Flags != nil && *run.Flags&pagePayloadAligned != 0
		if err != nil {
			return &ImageError{Code: CodeMalformed, Entry: r.Entries - 1, Offset: at, Err: err}
		}
		if run.isStored() {
			run.FirstPage, run.Unplaced = p.StoredPages, p.Extended
			sum, carry := bits.Add64(p.StoredPages, run.Pages, 0)
			if carry != 0 {
				return &ImageError{Code: CodeMalformed, Entry: r.Entries - 1, Offset: at, Err: fmt.Errorf("count of %d pages overflows", run.Pages)}
			}
			p.StoredPages = sum
		}
		p.Runs = append(p.Runs, run)
	}
}

// readRun decodes a pagemap_entry by hand: there are as many as page runs.
func readRun(entry []byte) (run Run, extended bool, err error) {
	var compat uint64
	var blocks blockFields
	err = eachField(entry, func(field protowire.Number, v uint64, bytes []byte) {
		switch field {
		case 1: // vaddr
			run.Address = v
		case 2: // compat_nr_pages: the count in images before CRIU 4.2
			compat = uint64(uint32(v))
		case 3: // in_parent
			b := v != 0
			run.InParent = &b
		case 4: // flags
			f := uint32(v)
			run.Flags = &f
		case 5: // nr_pages: the count since CRIU 4.2
			run.Pages = v
		case 6: // blocks, or compressed_size
			if bytes != nil {
				blocks.lists = append(blocks.lists, bytes)
			} else {
				blocks.sizes = protowire.AppendVarint(blocks.sizes, v)
			}
		case 7: // total_compressed_size
			blocks.total = &v
		case 8: // region_pages
			blocks.perBlock = v
		default:
			extended = true
		}
	})
	if run.Pages == 0 {
		run.Pages = compat
	}
	if err == nil && blocks.isSet() {
		var ok bool
		if run.Blocks, ok = blocks.blocksOf(&run); !ok {
			run.Blocks, extended = nil, true // a form that is not known, or damage
		}
	}
	return run, extended, err
}

// eachField calls f for every field of a message, with the value of varints, else
// 0, and the bytes of what has a length, which are then not nil.
func eachField(m []byte, f func(protowire.Number, uint64, []byte)) error {
	for len(m) > 0 {
		field, typ, n := protowire.ConsumeTag(m)
		if n < 0 {
			return protowire.ParseError(n)
		}
		m = m[n:]
		if typ == protowire.VarintType {
			v, n := protowire.ConsumeVarint(m)
			if n < 0 {
				return protowire.ParseError(n)
			}
			f(field, v, nil)
			m = m[n:]
			continue
		}
		var bytes []byte
		if typ == protowire.BytesType {
			if bytes, n = protowire.ConsumeBytes(m); n < 0 {
				return protowire.ParseError(n)
			}
			f(field, 0, bytes[:len(bytes):len(bytes)])
			m = m[n:]
			continue
		}
		if n = protowire.ConsumeFieldValue(field, typ, m); n < 0 {
			return protowire.ParseError(n)
		}
		f(field, 0, nil)
		m = m[n:]
	}
	return nil
}

// Index prepares Within and Count for a page size in bytes. It returns how many
// runs it left out because they overlap an earlier one or wrap around.
func (p *Pagemap) Index(pageSize uint64) (dropped int) {
	if p.pageSize == pageSize && p.index != nil {
		return p.dropped
	}
	p.pageSize = pageSize
	runs := make([]*Run, 0, len(p.Runs))
	for i := range p.Runs {
		runs = append(runs, &p.Runs[i])
	}
	slices.SortStableFunc(runs, func(a, b *Run) int {
		switch {
		case a.Address < b.Address:
			return -1
		case a.Address > b.Address:
			return 1
		}
		return 0
	})
	p.index = make([]indexed, 0, len(runs))
	var end uint64
	var sums [3]uint64
	for _, r := range runs {
		hi, size := bits.Mul64(r.Pages, pageSize)
		last, carry := bits.Add64(r.Address, size, 0)
		if hi != 0 || carry != 0 || r.Address < end {
			dropped++
			continue
		}
		p.index = append(p.index, indexed{run: r, before: sums})
		sums[r.Content()] += r.Pages
		end = last
	}
	p.dropped = dropped
	return dropped
}

// Unaligned returns how many runs do not begin at a page.
func (p *Pagemap) Unaligned(pageSize uint64) (n int) {
	for i := range p.Runs {
		if p.Runs[i].Address%pageSize != 0 {
			n++
		}
	}
	return n
}

// Part is what a run has of a range of addresses.
type Part struct {
	Run        *Run
	Start, End uint64
}

// Within yields what runs have of [start, end), by address. Between the parts
// are holes.
func (p *Pagemap) Within(start, end uint64) iter.Seq[Part] {
	return func(yield func(Part) bool) {
		for _, x := range p.index[max(p.at(start), 0):] {
			if x.run.Address >= end {
				return
			}
			part := Part{Run: x.run, Start: max(start, x.run.Address), End: min(end, x.run.Address+x.run.Pages*p.pageSize)}
			if part.Start < part.End && !yield(part) {
				return
			}
		}
	}
}

// at returns the position of the last run that begins at or before the
// address, or -1.
func (p *Pagemap) at(address uint64) int {
	return sort.Search(len(p.index), func(i int) bool { return p.index[i].run.Address > address }) - 1
}

// Count returns how many pages of each Content lie in [start, end).
func (p *Pagemap) Count(start, end uint64) (n [3]uint64) {
	if p.pageSize == 0 || end <= start {
		return n
	}
	before, upTo := p.below(start), p.below(end)
	for c := range n {
		n[c] = upTo[c] - before[c]
	}
	return n
}

// below returns how many pages of each Content lie below the address.
func (p *Pagemap) below(address uint64) [3]uint64 {
	i := p.at(address)
	if i < 0 {
		return [3]uint64{}
	}
	sums, r := p.index[i].before, p.index[i].run
	sums[r.Content()] += min((address-r.Address)/p.pageSize, r.Pages)
	return sums
}

// Offset returns the offset in the pages image of an address within a present
// run; false where it overflows, or nothing tells where the run is.
func (r *Run) Offset(address, pageSize uint64) (uint64, bool) {
	hi, lo := bits.Mul64(r.FirstPage, pageSize)
	sum, carry := bits.Add64(lo, address-r.Address, 0)
	return sum, hi == 0 && carry == 0 && !r.Unplaced
}
