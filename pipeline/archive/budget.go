package archive

import (
	"errors"
	"fmt"
	"io"
)

// Errors of archives that pass a limit.
var (
	ErrRead     = errors.New("more bytes than may be read")
	ErrExpanded = errors.New("it expands to more bytes than may be expanded")
	ErrRatio    = errors.New("it expands to many times its size")
)

// freeExpansion is how many bytes an archive, and all within it, may expand to
// beyond the ratio: an archive of a few zero pages is no bomb.
const freeExpansion = 2 << 30

// smallExcess is how many bytes beyond the ratio each stream may have, whatever
// the others had: the one that a bomb stands in need not be one.
const smallExcess = 16 << 20

// Budget bounds what reading one archive may cost; 0 is no bound.
type Budget struct {
	// MaxRead bounds the bytes read of the file, or files, in one pass.
	MaxRead int64
	// MaxExpanded bounds the bytes that the archive and those within it expand
	// to together: what is decompressed, and the holes of sparse members.
	MaxExpanded int64
	// MaxRatio bounds how many times its size a compressed stream, or a sparse
	// member, expands to. All that expand to more have freeExpansion bytes
	// together; one that wants more fails, and those that keep to the ratio,
	// but for a little, do not, whatever they stand in.
	MaxRatio int64

	expanded int64 // bytes so far
	excess   int64 // of them, bytes beyond the ratio
}

// reset begins another archive.
func (b *Budget) reset() { b.expanded, b.excess = 0, 0 }

// checkRead says whether another byte may be read of a file.
func (b *Budget) checkRead(read int64) error {
	if b.MaxRead > 0 && read >= b.MaxRead {
		return fmt.Errorf("%w (%d)", ErrRead, b.MaxRead)
	}
	return nil
}

// Allowed returns to how many bytes something of that size may expand now,
// with what is left of freeExpansion.
func (b *Budget) Allowed(size int64) int64 {
	left := int64(1<<63 - 1)
	if b.MaxExpanded > 0 {
		left = max(b.MaxExpanded-b.expanded, 0)
	}
	if b.MaxRatio > 0 {
		left = min(left, saturatingMul(size, b.MaxRatio)+max(freeExpansion-b.excess, 0))
	}
	return left
}

// Spend counts something of a size that was expanded: holes of a file.
func (b *Budget) Spend(size, expanded int64) {
	b.expanded += expanded
	if b.MaxRatio > 0 {
		b.excess += max(expanded-saturatingMul(size, b.MaxRatio), 0)
	}
}

// Expanding spends what is going to be expanded of so many bytes, if that is
// allowed.
func (b *Budget) Expanding(size, expanded int64) error {
	switch {
	case b.MaxExpanded > 0 && b.expanded+expanded > b.MaxExpanded:
		return fmt.Errorf("%w (%d)", ErrExpanded, b.MaxExpanded)
	case expanded > b.Allowed(size):
		return fmt.Errorf("%w (%d bytes of %d)", ErrRatio, expanded, size)
	}
	b.Spend(size, expanded)
	return nil
}

// saturatingMul multiplies numbers that are not negative; the product stays
// far enough below the largest number to add to it.
func saturatingMul(a, b int64) int64 {
	const most = 1 << 61
	if b != 0 && a > most/b {
		return most
	}
	return a * b
}

// expansion reads what something expands to, within a budget.
type expansion struct {
	r      io.Reader
	source func() int64 // bytes it was made of, so far
	budget *Budget

	from   int64 // the source's count at the start
	n      int64 // bytes read
	excess int64 // of them, already counted as excess
}

func (b *Budget) expand(r io.Reader, source func() int64) *expansion {
	return &expansion{r: r, source: source, budget: b, from: source()}
}

func (e *expansion) Read(p []byte) (int, error) {
	b := e.budget
	if b.MaxExpanded > 0 && b.expanded >= b.MaxExpanded {
		return 0, fmt.Errorf("%w (%d)", ErrExpanded, b.MaxExpanded)
	}
	if e.excess > smallExcess && b.excess >= freeExpansion {
		return 0, fmt.Errorf("%w (%d bytes of %d)", ErrRatio, e.n, e.source()-e.from)
	}
	n, err := e.r.Read(p)
	e.n += int64(n)
	b.expanded += int64(n)
	if b.MaxRatio > 0 {
		if over := e.n - saturatingMul(e.source()-e.from, b.MaxRatio); over > e.excess {
			b.excess += over - e.excess
			e.excess = over
		}
	}
	return n, err
}

// counter counts the bytes read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counter) count() int64 { return c.n }
