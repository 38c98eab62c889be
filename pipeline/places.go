package pipeline

import "sync"

// Rows are written in the order of the inputs, whatever worker is faster: the
// same inputs give the same output, and the first of two copies of a
// checkpoint is the one that counts. So archives that are decoded may have to
// wait for an older one.
const (
	// window is how many archives per worker may be ahead of the oldest one
	// that is not decoded yet.
	window = 8
	// windowBytes is how much memory decoded archives may take before no other
	// is begun.
	windowBytes = 64 << 20
)

// places bounds the archives that are being decoded or wait, by number and by
// memory. Archives are begun in order, so that the oldest one always goes on,
// and what waits behind it is let go in the end.
type places struct {
	mu     sync.Mutex
	left   int
	held   int64 // bytes of what waits
	waiter chan struct{}
}

func newPlaces(n int) *places { return &places{left: n} }

// free returns a channel that is closed as soon as there is a place.
func (p *places) free() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiter = make(chan struct{})
	p.wake()
	return p.waiter
}

// wake tells the waiter, if there is one, of a place, if there is one.
func (p *places) wake() {
	if p.waiter == nil || p.left == 0 || p.held > windowBytes {
		return
	}
	select {
	case <-p.waiter:
	default:
		close(p.waiter)
	}
}

// take takes a place.
func (p *places) take() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left--
}

// hold notes the memory of an archive that is decoded.
func (p *places) hold(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held += bytes
}

// giveBack gives an archive's place and memory back.
func (p *places) giveBack(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left++
	p.held -= bytes
	p.wake()
}
