package pipeline

import (
	"context"
	"sync"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// Rows are written in the order of the inputs, whatever worker is faster: the
// same inputs give the same output, and the first of two copies of a
// checkpoint is the one that counts. So decoded archives may have to wait for
// an older one, and no other is begun while too many do.
const (
	// maxAhead is how many archives per worker may be begun and not yet written.
	maxAhead = 8
	// maxAheadBytes is how much memory those that are decoded may take.
	maxAheadBytes = 64 << 20
)

// admission bounds the archives that are begun and not yet written, by number
// and by memory. How much memory one takes is known only when it is decoded, so
// that it cannot be acquired beforehand, as from a weighted semaphore; nor may
// it be waited for then, as the oldest archive must always go on.
type admission struct {
	mu    sync.Mutex
	freed *sync.Cond
	free  int   // archives that may be begun
	bytes int64 // memory of those that are decoded
}

func newAdmission(archives int) *admission {
	a := &admission{free: archives}
	a.freed = sync.NewCond(&a.mu)
	return a
}

// acquire waits until another archive may be begun, or the context ends.
func (a *admission) acquire(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.freed.Broadcast()
	})
	defer stop()
	a.mu.Lock()
	defer a.mu.Unlock()
	for ctx.Err() == nil && (a.free == 0 || a.bytes > maxAheadBytes) {
		a.freed.Wait()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	a.free--
	return nil
}

// charge notes the memory of an archive that is decoded.
func (a *admission) charge(bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bytes += bytes
}

// release lets go of an archive that is written, and of its memory.
func (a *admission) release(bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.free++
	a.bytes -= bytes
	a.freed.Signal()
}

// waitingArchives are those whose rows wait to be gathered. They take less than
// what may be ahead, so that others can always be begun.
type waitingArchives struct {
	ahead    *admission
	spare    *schema.SpareRows // gets their memory
	most     int
	archives []*decode.Result
	bytes    int64
}

func (w *waitingArchives) add(d *decode.Result) {
	w.archives, w.bytes = append(w.archives, d), w.bytes+d.Memory
}

// isEnough reports whether it is time to gather the rows.
func (w *waitingArchives) isEnough() bool {
	return len(w.archives) >= w.most || w.bytes >= maxAheadBytes/8
}

// isLarge reports whether the rows take much memory.
func (w *waitingArchives) isLarge() bool { return w.bytes >= maxAheadBytes/2 }

// release lets go of the archives.
func (w *waitingArchives) release() {
	for _, d := range w.archives {
		for _, rows := range d.Checkpoints {
			w.spare.Put(rows)
		}
		w.ahead.release(d.Memory)
	}
	clear(w.archives)
	w.archives, w.bytes = w.archives[:0], 0
}
