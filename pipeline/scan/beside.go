package scan

// Beside looks into blocks in a goroutine of its own, one after another: that
// takes as long as to decompress them, or longer, and so both are done side by
// side.
type Beside struct {
	jobs chan besideJob
	free chan []byte
}

// besideJob is a block to look into, or a mark that all before it were.
type besideJob struct {
	block   Block
	look    func(Block)
	reached chan struct{}
}

// besideBlocks is how many blocks are looked into or wait for it.
const besideBlocks = 4

// NewBeside starts the goroutine. It is to be closed.
func NewBeside() *Beside {
	b := &Beside{jobs: make(chan besideJob, besideBlocks), free: make(chan []byte, besideBlocks)}
	for range besideBlocks {
		b.free <- nil
	}
	go func() {
		for j := range b.jobs {
			if j.reached != nil {
				close(j.reached)
				continue
			}
			j.look(j.block)
			b.free <- j.block.Data
		}
	}()
	return b
}

// Look has a block looked into, which may change behind the call.
func (b *Beside) Look(block Block, look func(Block)) {
	block.Data = append((<-b.free)[:0], block.Data...)
	b.jobs <- besideJob{block: block, look: look}
}

// Wait waits until all blocks were looked into.
func (b *Beside) Wait() {
	reached := make(chan struct{})
	b.jobs <- besideJob{reached: reached}
	<-reached
}

// Close ends the goroutine.
func (b *Beside) Close() { close(b.jobs) }
