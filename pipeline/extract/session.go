package extract

import (
	"errors"
	"io"
	"sync"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/pipeline/memory"
)

// session is what is taken out of one archive while it is read.
type session struct {
	opts   *Options
	room   room
	staged []*staged
	open   []*staged // those whose files are open, the longest first
	bytes  int64     // that were written
	err    error     // the first of writing

	closing sync.Once
}

// errTooMuch says that an archive has more to be written than it may expand to.
var errTooMuch = errors.New("more bytes than --max-expanded: the rest was left out")

// failure returns what kept contents from being written. Without all of it nothing
// of the archive is of use, so that ends the extraction.
func (s *session) failure() error { return s.err }

// stage makes a file for content; nil where that failed, or failed before.
func (s *session) stage() *staged {
	if s.err != nil {
		return nil
	}
	f, err := s.opts.To.stage()
	if err != nil {
		s.err = err
		return nil
	}
	f.session = s
	s.staged = append(s.staged, f)
	if s.err = s.opened(f); s.err != nil {
		return nil
	}
	return f
}

// maxOpen bounds the files that are open for an archive. Few are written at a time.
const maxOpen = 16

// opened notes that a file was opened.
func (s *session) opened(f *staged) error {
	if s.open = append(s.open, f); len(s.open) <= maxOpen {
		return nil
	}
	oldest := s.open[0]
	s.open = s.open[1:]
	if oldest == f {
		return nil
	}
	return oldest.close()
}

// discard removes what got no name.
func (s *session) discard() {
	s.closing.Do(func() {
		for _, f := range s.staged {
			f.remove() //nolint:errcheck // what cannot be removed is left under its odd name
		}
	})
}

// imageRoles are the roles of what CRIU writes.
var imageRoles = map[layout.Role]bool{
	layout.Image: true, layout.Pages: true, layout.GPUPages: true, layout.GhostFile: true, layout.Tmpfs: true, layout.Cipher: true,
	layout.UnknownImage: true, layout.ServiceImage: true, layout.ImageStream: true,
}

// accept returns where content goes that passes by, nil for what is not wanted.
func (s *session) accept(c decode.Content) *staged {
	if !s.mayWant(c) {
		return nil
	}
	return s.stage()
}

// mayWant reports whether content may be wanted, as far as is known yet. Of a
// deleted file that is nothing.
func (s *session) mayWant(c decode.Content) bool {
	sel := &s.opts.Selection
	switch {
	case c.Origin == "member":
		return sel.Images && imageRoles[c.Role] || sel.Logs && (c.Role == layout.ContainerLog || c.Role == layout.CRIULog)
	case c.Origin == "ghost":
		return len(sel.Files) > 0
	}
	for _, g := range sel.Files {
		if c.Path != "" && g.Matches(c.Path) || c.Path == "" && g.mayMatchBelow(c.File.Name) {
			return true
		}
	}
	return false
}

// readPages returns what keeps the memory of an image folder.
func (s *session) readPages(string) memory.Consumer { return newPages(s) }

// spend counts bytes that are to be written. An archive that says many times over
// that some pages are a process's own would fill the disk otherwise.
func (s *session) spend(n int) error {
	if s.bytes += int64(n); s.isOver() {
		return errTooMuch
	}
	return nil
}

// isOver reports whether something was left out for that.
func (s *session) isOver() bool { return s.bytes > s.opts.Limits.ExpandedBytes }

// copyOf returns what a writer is that decode hands back.
func copyOf(c *decode.Copy) *staged {
	f, _ := c.To.(*staged) // accept returns no others
	return f
}

var _ io.Writer = (*staged)(nil)
