package extract

import (
	"fmt"

	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// memfdPrefix is how paths of memfds begin in /proc.
const memfdPrefix = "/memfd:"

// memfds yields files that are memory alone.
func (c *checkpoint) memfds(yield func(*item, error) bool) bool {
	for n := range c.rows.SharedMemory {
		row := &c.rows.SharedMemory[n]
		name, ok := exact(row.Name)
		if row.Kind != "memfd" || !ok || row.SizeBytes == nil {
			continue
		}
		g := c.wantedAs(memfdPrefix + name)
		if g == nil {
			continue
		}
		i, err := c.memfd(row, memfdPrefix+name, g.selector())
		if !yield(i, err) || err != nil {
			return false
		}
	}
	return true
}

// memfd returns the content of a memfd. A file has its bytes at their places, so what
// is absent is a hole, and the manifest says where.
func (c *checkpoint) memfd(row *schema.SharedMemory, path, selector string) (*item, error) {
	i := c.item("memfd", selector)
	i.Path, i.PathBase64 = shown(path)
	i.Type, i.UID, i.GID, i.Key = "file", row.UID, row.GID, fmt.Sprintf("shmem_id=%d", row.ShmemID)
	if row.Mode != nil {
		i.Mode = octal(*row.Mode & 0o7777)
	}
	if i.content = c.session.stage(); i.content == nil {
		return nil, c.session.err
	}
	space, left := c.pagesOf(nil), c.session.room
	object := c.copies.Memory.SharedObject(row.ShmemID)
	var parts segments
	for e := range extents(object, memory.Range{End: *row.SizeBytes}) {
		space.extent(&parts, object, e, 0)
	}
	for _, s := range parts {
		switch {
		case s.content == stored:
			if err := space.copyTo(i.content, s); err != nil {
				return nil, err
			}
		case !left.take(s.Size()):
			i.absent(*row.SizeBytes-s.Start, fmt.Sprintf("the rest from byte %d on, which begins with %d bytes of %s", s.Start, s.Size(), contentNames[s.content]))
			return i, nil
		default:
			i.content.hole(s.Size())
		}
		if s.content == absent {
			i.absent(s.Size(), fmt.Sprintf("bytes %d to %d: %s", s.Start, s.End, s.why))
		}
	}
	if i.content.limit != nil {
		i.absent(0, i.content.limit.Error())
	}
	return i, c.session.err
}
