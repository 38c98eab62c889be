package decode

import (
	"fmt"
	"io"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/pipeline/memory"
)

// Content is a file whose bytes are about to pass by, see Decoder.CopyContent.
type Content struct {
	// Origin is filesystem_entries.origin of a captured file, "ghost" for a
	// deleted one, and "member" for a member of the archive as it stands.
	Origin string
	// Role is what a member is for.
	Role layout.Role
	// File is the member, or the file's entry in the tar that captured it; of a
	// deleted file its image. Its content is not to be read.
	File *archive.Member
	// Capture is the member that a captured file stands in. Archive is the archive
	// within the archive that has this member, empty for the outer one.
	Capture, Archive string
	// Path is that of a captured file in the container; empty where it is known at
	// the end only.
	Path string
	// GhostID is the number of a deleted file.
	GhostID uint32
}

// Copies is what was taken of one checkpoint.
type Copies struct {
	Contents []*Copy
	// Payloads is what Decoder.CopyPayload returned.
	Payloads []any
	// Pages is what Decoder.ReadPages returned for the checkpoint's Memory; nil, as
	// that is, without.
	Pages  memory.Consumer
	Memory *memory.Checkpoint
}

// Copy is content that was taken.
type Copy struct {
	Content
	To io.Writer // that Decoder.CopyContent returned
	// Row is the file's position among Rows.FilesystemEntries; -1 for others.
	Row int
	// Err is why the content is not whole.
	Err error

	of  *container
	dir string // the image folder that it belongs to; of others the main one
}

// copyOut asks where the content of a file goes; nil for nowhere.
func (c *container) copyOut(content Content) *Copy {
	if c.decoder.CopyContent == nil {
		return nil
	}
	content.Archive = c.site.archive
	to := c.decoder.CopyContent(content)
	if to == nil {
		return nil
	}
	t := &Copy{Content: content, To: to, Row: -1, of: c}
	c.copies = append(c.copies, t)
	return t
}

// copyTo returns a writer that also writes what is taken.
func (t *Copy) copyTo(w io.Writer) io.Writer {
	if t == nil {
		return w
	}
	return io.MultiWriter(w, t.To)
}

// write takes the next bytes of the content.
func (t *Copy) write(b []byte) {
	if t != nil {
		_, _ = t.To.Write(b) // its errors are passed over, see Decoder.CopyContent
	}
}

// failed notes that the content is not whole.
func (t *Copy) failed(err error) {
	if t != nil && err != nil {
		t.Err = err
	}
}

// copyMember passes a member's content on as it stands, beside what reads it; what
// is left of it when that is done, done reads.
func (c *container) copyMember(m *member) (done func()) {
	t := c.copyOut(Content{Origin: "member", Role: m.is.Role, File: m.Member})
	if t == nil {
		return func() {}
	}
	t.dir = m.is.Dir
	if at, ok := m.ReaderAt(); ok {
		_, err := io.Copy(t.To, io.NewSectionReader(at, 0, at.Size()))
		t.failed(err)
		return func() {}
	}
	if m.pagesSum != "" || m.over != nil {
		t.failed(fmt.Errorf("%w: it is in the stream of images only", errUnsupported))
		return func() {}
	}
	copied := m.Tee(t.To)
	return func() {
		_, err := io.CopyBuffer(onlyWriter{io.Discard}, m, c.decoder.copyBuffer())
		if err == nil && *copied != m.Size {
			err = early(io.ErrUnexpectedEOF)
		}
		t.failed(err)
	}
}

// copiesOf returns what was taken of an image set.
func (s *imageSet) copiesOf() Copies {
	taken := Copies{Pages: s.pagesReader, Payloads: s.payloads}
	if s.pagesReader != nil { // for others it would only keep images in memory
		taken.Memory = s.memory
	}
	for _, t := range s.copies {
		owner := t.of.sets[t.dir]
		if owner == s || s.main && (owner == nil || owner.container != s.container || !owner.hasImages()) {
			taken.Contents = append(taken.Contents, t)
		}
	}
	return taken
}
