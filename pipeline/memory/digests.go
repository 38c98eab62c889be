package memory

import (
	"cmp"
	"crypto/sha256"
	"slices"
)

// Digests is the consumer that takes the SHA-256 and the entropy of every page.
// Large blocks are left to goroutines of their own, as that takes as long as it
// takes to decompress the next ones.
type Digests struct {
	// Full is set if there are more pages than there is memory for; these are left
	// out.
	Full bool

	take   func(bytes int64) bool
	free   chan []byte // copies of blocks; nil until one is needed
	spaces map[*Space]*spaceDigests
}

// PageDigest is what is kept of a page.
type PageDigest struct {
	Address   uint64
	SHA256    [sha256.Size]byte
	Entropy   uint16 // thousandths of a bit per byte
	Zero      bool   // all bytes are zero
	Inherited bool   // it is a page of the parent checkpoint
}

// spaceDigests are the pages of a space.
type spaceDigests struct {
	lists    [][]PageDigest // never moved: goroutines fill them
	unsorted bool           // not in the order of addresses
	next     uint64         // address behind the last
}

const (
	digestBytes  = 48 // of a PageDigest
	firstDigests = 32
	maxDigests   = 4096     // of a list
	aside        = 64 << 10 // from this size on, a block is worth a goroutine
	blocksAside  = 4
)

// NewDigests returns a consumer that asks take for the memory it keeps.
func NewDigests(take func(bytes int64) bool) *Digests {
	return &Digests{take: take, spaces: map[*Space]*spaceDigests{}}
}

// Wants implements Consumer.
func (d *Digests) Wants(*Space) []Range { return []Range{Everything} }

// Pages implements Consumer.
func (d *Digests) Pages(b Block) {
	s := d.spaces[b.Space]
	if s == nil {
		s = &spaceDigests{}
		d.spaces[b.Space] = s
	}
	size := b.Space.PageSize()
	for len(b.Data) >= int(size) {
		list := d.room(s, len(b.Data)/int(size))
		if list == nil {
			return
		}
		for i := range list {
			list[i] = PageDigest{Address: b.Address + uint64(i)*size, Inherited: b.Inherited}
		}
		s.unsorted = s.unsorted || b.Address < s.next
		n := len(list) * int(size)
		d.digest(list, b.Data[:n], int(size))
		b.Address, b.Data = b.Address+uint64(n), b.Data[n:]
		s.next = b.Address
	}
}

// room makes room for digests of a space, at most so many; nil where there is no
// memory for any.
func (d *Digests) room(s *spaceDigests, n int) []PageDigest {
	if k := len(s.lists); k == 0 || len(s.lists[k-1]) == cap(s.lists[k-1]) {
		size := firstDigests
		if k > 0 {
			size = min(4*cap(s.lists[k-1]), maxDigests)
		}
		if !d.take(int64(size) * digestBytes) {
			d.Full = true
			return nil
		}
		s.lists = append(s.lists, make([]PageDigest, 0, size))
	}
	last := &s.lists[len(s.lists)-1]
	from := len(*last)
	*last = (*last)[:min(from+n, cap(*last))]
	return (*last)[from:]
}

// digest fills in the digests of pages.
func (d *Digests) digest(list []PageDigest, pages []byte, size int) {
	if len(pages) < aside {
		fillDigests(list, pages, size)
		return
	}
	if d.free == nil {
		d.free = make(chan []byte, blocksAside)
		for range blocksAside {
			d.free <- make([]byte, 0, MaxBlock)
		}
	}
	free := d.free
	block := append(<-free, pages...)
	go func() {
		fillDigests(list, block, size)
		free <- block[:0]
	}()
}

func fillDigests(list []PageDigest, pages []byte, size int) {
	for i := range list {
		page := pages[i*size : (i+1)*size]
		list[i].Zero = isZero(page)
		list[i].SHA256 = sha256.Sum256(page)
		if !list[i].Zero {
			list[i].Entropy = entropyOf(page)
		}
	}
}

// Of returns the digests of a space, by address, in lists, once all pages have
// passed by.
func (d *Digests) Of(s *Space) [][]PageDigest {
	if d.free != nil {
		for range blocksAside { // they are free when their goroutines are done
			<-d.free
		}
		d.free = nil
	}
	digests := d.spaces[s]
	if digests == nil {
		return nil
	}
	if digests.unsorted {
		all := slices.Concat(digests.lists...)
		slices.SortFunc(all, func(a, b PageDigest) int { return cmp.Compare(a.Address, b.Address) })
		digests.lists, digests.unsorted = [][]PageDigest{all}, false
	}
	return digests.lists
}
