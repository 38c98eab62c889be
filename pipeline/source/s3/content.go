package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/pipeline/archive"
)

const (
	// blockBytes is how much is asked for at least: a request takes as long as
	// some 100 KiB do.
	blockBytes = 128 << 10
	// keptBlocks is how many blocks stay: members are read beside headers.
	keptBlocks = 8
	// wholeObject is a run of blocks without end.
	wholeObject = math.MaxInt64 / blockBytes
)

// content is an open object, read in blocks. As long as they are read in order,
// each request asks for twice as many as the one before: what is read whole takes
// few requests, and of a tar that is sought over little is read in vain.
type content struct {
	object  *object
	ctx     context.Context
	version archive.Version

	mu      sync.Mutex
	piece   *objectstore.Body // open; nil if there is none
	next    int64             // block that comes next of it
	end     int64             // block behind its last one
	run     int64             // blocks that it was asked to have
	kept    []block
	changed error // that the object is no longer what was opened
	offset  int64 // of Read
}

type block struct {
	number int64
	data   []byte
}

// begin opens the first piece.
func (c *content) begin() error {
	p, err := c.object.get(c.ctx, 0, c.run*blockBytes, nil)
	if errors.Is(err, objectstore.ErrRange) {
		return c.beginEmpty()
	}
	if err != nil {
		return err
	}
	c.piece, c.version = p, versionOf(p.Info)
	c.end = min(c.run, c.blocks())
	return nil
}

// blocks returns how many blocks the object has.
func (c *content) blocks() int64 { return (c.version.Size + blockBytes - 1) / blockBytes }

// beginEmpty is begin for an object without bytes, which has no ranges.
func (c *content) beginEmpty() error {
	info, err := c.object.store.Stat(c.ctx, c.object.bucket, c.object.key)
	if err != nil {
		return err
	}
	c.version = versionOf(info)
	return nil
}

// Version returns what the object was when it was opened, as every range that was
// read is of that state; or the error that says it no longer is.
func (c *content) Version() (archive.Version, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.version, c.changed
}

func (c *content) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closePiece()
	return nil
}

func (c *content) closePiece() {
	if c.piece != nil {
		_ = c.piece.Close() // what was read of it is not in doubt
		c.piece = nil
	}
}

// Read reads in order.
func (c *content) Read(p []byte) (int, error) {
	n, err := c.ReadAt(p, c.offset)
	c.offset += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// ReadAt reads at an offset.
func (c *content) ReadAt(p []byte, offset int64) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for n < len(p) {
		at := offset + int64(n)
		if at >= c.version.Size {
			return n, io.EOF
		}
		data, err := c.block(at / blockBytes)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], data[at%blockBytes:])
	}
	return n, nil
}

// block returns a block, which is valid until the next call.
func (c *content) block(number int64) ([]byte, error) {
	if i := slices.IndexFunc(c.kept, func(b block) bool { return b.number == number }); i >= 0 {
		return c.kept[i].data, nil
	}
	if c.changed != nil {
		return nil, c.changed
	}
	buffer := c.takeBuffer(min(blockBytes, c.version.Size-number*blockBytes))
	if err := c.fetch(number, buffer); err != nil {
		if errors.Is(err, archive.ErrChanged) {
			c.changed = err
		}
		return nil, err
	}
	c.kept = append(c.kept, block{number, buffer})
	return buffer, nil
}

// takeBuffer returns memory for a block: that of the oldest one, if all are there.
func (c *content) takeBuffer(size int64) []byte {
	if len(c.kept) < keptBlocks {
		return make([]byte, size, min(blockBytes, c.version.Size))
	}
	oldest := c.kept[0].data
	c.kept = slices.Delete(c.kept, 0, 1)
	return oldest[:size]
}

// fetch reads a block of the open piece, or of another one; where the connection
// breaks, it begins a piece anew.
func (c *content) fetch(number int64, buffer []byte) error {
	var failure error
	for attempt := range objectstore.MaxAttempts {
		if failure != nil {
			if err := objectstore.Pause(c.ctx, attempt-1); err != nil {
				return err
			}
		}
		if err := c.seek(number); err != nil {
			return err // the client has tried it several times
		}
		if _, failure = io.ReadFull(c.piece, buffer); failure == nil {
			if c.next++; c.next == c.end {
				c.closePiece()
			}
			return nil
		}
		c.closePiece()
		if err := c.ctx.Err(); err != nil {
			return err
		}
	}
	// Not wrapped: the end of a connection is not the end of the archive.
	return fmt.Errorf("%s: reading at byte %d failed %d times: %v", c.object.Name(), number*blockBytes, objectstore.MaxAttempts, failure)
}

// seek makes the block the next one of the open piece.
func (c *content) seek(number int64) error {
	if c.piece != nil && c.next == number {
		return nil
	}
	c.closePiece() // what is left of it is not wanted
	switch {
	case c.next != number:
		c.next, c.run = number, 1
		c.end = number + 1
	case c.end == number: // it was read to its end
		c.run = min(2*c.run, wholeObject/2)
		c.end = min(number+c.run, c.blocks())
	}
	var err error
	c.piece, err = c.object.get(c.ctx, number*blockBytes, min(c.end*blockBytes, c.version.Size), &c.version)
	return err
}
