package scan

import (
	"github.com/ckexport/ckexport/pipeline/yara"
)

// beside scans blocks in a goroutine of its own, one after another: YARA takes
// longer than to decompress what it scans, and so both are done side by side.
type beside struct {
	jobs chan besideJob
	free chan []byte
	err  error // the first failure; to be read behind wait
}

// besideJob is a block to scan, or a mark that all before it are.
type besideJob struct {
	scan    *yara.Scan
	data    []byte
	address uint64
	reached chan struct{}
}

// besideBlocks is how many blocks are scanned or wait for it.
const besideBlocks = 4

func newBeside() *beside {
	b := &beside{jobs: make(chan besideJob, besideBlocks), free: make(chan []byte, besideBlocks)}
	for range besideBlocks {
		b.free <- nil
	}
	go func() {
		for j := range b.jobs {
			if j.reached != nil {
				close(j.reached)
				continue
			}
			if b.err == nil {
				b.err = j.scan.Block(j.data, j.address)
			}
			b.free <- j.data
		}
	}()
	return b
}

// block has a block scanned.
func (b *beside) block(scan *yara.Scan, data []byte, address uint64) {
	b.jobs <- besideJob{scan: scan, data: append((<-b.free)[:0], data...), address: address}
}

// wait waits until all blocks are scanned, and returns the first failure.
func (b *beside) wait() error {
	reached := make(chan struct{})
	b.jobs <- besideJob{reached: reached}
	<-reached
	return b.err
}

// close ends the goroutine.
func (b *beside) close() { close(b.jobs) }
