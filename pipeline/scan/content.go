package scan

import (
	"github.com/ckexport/ckexport/pipeline/yara"
)

// WholeSize is the size up to which a file is scanned as one block, so that
// conditions can read it, and modules parse it.
const WholeSize = 16 << 20

// Content scans a content that is written to it.
type Content struct {
	archive *Archive
	scan    *yara.Scan // nil if it cannot be scanned
	whole   []byte     // all there is, up to WholeSize
	windows *Windows   // of a larger one
	size    int64
}

// Content begins a content.
func (a *Archive) Content() *Content {
	c := &Content{archive: a, scan: a.begin(), whole: a.scanner.buffer[:0]}
	a.scanner.buffer = nil
	return c
}

// Write takes the next bytes. It never fails.
func (c *Content) Write(b []byte) (int, error) {
	switch {
	case c.scan == nil:
	case c.windows == nil && len(c.whole)+len(b) <= WholeSize:
		c.whole = append(c.whole, b...)
	default:
		if c.windows == nil {
			c.windows = c.archive.windows(c.scan)
			c.windows.Add(0, c.whole)
			c.whole = c.whole[:0]
		}
		c.windows.Add(uint64(c.size), b)
	}
	c.size += int64(len(b))
	return len(b), nil
}

// End returns the hits; their addresses are offsets.
func (c *Content) End() []yara.Hit {
	c.archive.scanner.buffer = c.whole
	if c.scan == nil {
		return nil
	}
	if c.windows != nil {
		c.windows.End()
	}
	return c.archive.end(c.scan, c.whole, c.size)
}

// Bytes scans a content that is at hand.
func (a *Archive) Bytes(content []byte) []yara.Hit {
	scan := a.begin()
	if scan == nil {
		return nil
	}
	return a.end(scan, content, int64(len(content)))
}
