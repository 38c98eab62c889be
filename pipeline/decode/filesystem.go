package decode

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/schema"
)

// capture is a tar within the archive that holds files of the container.
type capture struct {
	origin string
	member string
	size   int64
	root   string // mount point; empty where others tell it
	volume string
	set    *imageSet
	// of a tmpfs image: what its name says
	device, mountID *uint32

	first, last int // its rows
}

// Names of whiteouts. Source: OCI image specification, layer.md.
const (
	whiteoutPrefix = ".wh."
	opaqueWhiteout = ".wh..wh..opq"
)

// mayBeEmpty reports whether a tar without entries is one that an engine wrote:
// other than those of folders, which have at least the folder, one of changes that
// are all of sockets. It is then no more than the mark of its end.
func (c *capture) mayBeEmpty(compression string) bool {
	const endMark = 1024
	return c.origin == "rootfs_diff" && (compression != archive.None || c.size <= endMark)
}

// errNoFiles says that a tar of files has none.
var errNoFiles = fmt.Errorf("%w: the tar has no entry", archive.ErrTruncated)

// readFilesystem fills filesystem_entries from a tar, plain or compressed.
func (c *container) readFilesystem(captured capture, from io.Reader) error {
	in := newCaptureColumns(captured.origin, captured.member, captured.volume)
	captured.first = len(c.filesystem)
	defer func() {
		captured.last = len(c.filesystem)
		c.captures = append(c.captures, captured)
	}()
	nested, err := c.decoder.opener.Nested(from, nil)
	if errors.Is(err, archive.ErrEmpty) {
		return errNoFiles
	}
	if err != nil {
		return err
	}
	defer nested.Close()
	defer c.decoder.newFileSums().end()
	for position := 0; ; position++ {
		m, err := nested.Next()
		if errors.Is(err, io.EOF) {
			if position == 0 && !captured.mayBeEmpty(nested.Compression) {
				return errNoFiles
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("behind entry %d: %w", position, err)
		}
		limits := &c.decoder.Limits
		if position >= limits.Members {
			return &limitError{limits.members(), "a tar of files has more entries"}
		}
		if isFull[schema.FilesystemEntry](&c.notes, nil) {
			return nil
		}
		f := capturedFile{in: in, position: uint32(position), name: m.RawName}
		taken, err := c.readEntry(&f, &captured, m)
		c.addEntry(&f, taken)
		if err != nil {
			return fmt.Errorf("content of %q: %w", m.Name, err)
		}
		if taken == nil {
			nested.Reuse(m)
		}
	}
}

// readEntry reads an entry. Its path is settled by resolveCapturePaths.
func (c *container) readEntry(f *capturedFile, captured *capture, m *archive.Member) (*Copy, error) {
	if archive.HasParentStep(m.RawName) || m.Type == archive.Hardlink && archive.HasParentStep(m.LinkTarget) {
		c.unsafeEntry(captured.member, f.position, "its name, or that of the file it is a link to, has .. in it")
	}
	dir, base := path.Split(m.Name)
	if hidden, ok := strings.CutPrefix(base, whiteoutPrefix); ok && captured.origin == "rootfs_diff" {
		switch {
		case base == opaqueWhiteout:
			f.change, f.isOpaque, f.path, f.hasPath = c.shared("deleted"), true, strings.TrimSuffix(dir, "/"), true
			return nil, nil
		case archive.CleanName(hidden) == hidden && hidden != "":
			f.change, f.path, f.hasPath = c.shared("deleted"), dir+hidden, true
			return nil, nil
		}
		c.unsafeEntry(captured.member, f.position, "a whiteout of no file")
	}
	f.path, f.hasPath = m.Name, true
	if captured.origin == "rootfs_diff" {
		f.change = c.shared("written")
	}
	return c.readFile(f, m, captured)
}

// addEntry adds a file, whose content may have been taken.
func (c *container) addEntry(f *capturedFile, taken *Copy) {
	hits := c.entryHits
	c.entryHits = nil
	at := len(c.filesystem)
	isAdded := c.addCaptured(f)
	switch {
	case isAdded && f.isDigested:
		c.decoder.fileSums.endFile(&c.filesystem[at].sum)
	case f.isFile:
		c.decoder.fileSums.endFile(nil)
	}
	if !isAdded {
		return
	}
	if taken != nil {
		taken.Row = at
	}
	c.keepFileHits(at, hits)
}

// unsafeEntry notes what is odd about the name of an entry.
func (n *notes) unsafeEntry(member string, position uint32, message string) {
	n.problem(schema.Problem{
		Member: text(member), TableName: ptr("filesystem_entries"), RowKey: ptr(fmt.Sprintf("position=%d", position)),
		Severity: Warning, Code: UnsafeName, Message: message,
	})
}

// readFile fills in what a tar header tells; the content is hashed, and looked at
// for what it is.
func (c *container) readFile(f *capturedFile, m *archive.Member, captured *capture) (taken *Copy, err error) {
	f.kind, f.mode, f.uid, f.gid, f.modified = c.shared(string(m.Type)), m.Mode, uint32(m.UID), uint32(m.GID), m.ModTime.UTC()
	f.user, f.group = c.shared(m.UserName), c.shared(m.GroupName)
	if isTime(m.AccessTime) || isTime(m.ChangeTime) {
		row := f.rareColumns()
		row.AccessedAt, row.ChangedAt = when(m.AccessTime), when(m.ChangeTime)
	}
	if len(m.Xattrs) > 0 {
		xattrs := make(map[string]string, len(m.Xattrs))
		for k, v := range m.Xattrs {
			xattrs[plain(k)] = plain(v)
		}
		f.rareColumns().Xattrs = xattrs
	}
	switch m.Type {
	case archive.Symlink:
		f.link, f.hasLink = m.LinkTarget, true
	case archive.Hardlink:
		f.link, f.hasLink = "/"+archive.CleanName(m.LinkTarget), true
	case archive.CharDevice, archive.BlockDevice:
		row := f.rareColumns()
		row.DeviceMajor, row.DeviceMinor = ptr(uint32(m.DevMajor)), ptr(uint32(m.DevMinor))
	case archive.File:
		f.isFile, f.size, f.isSetuid, f.isSetgid = true, uint64(m.Size), m.Mode&kernel.S_ISUID != 0, m.Mode&kernel.S_ISGID != 0
		c.capabilityColumns(f, m)
		if !m.BehindEnd {
			return c.readContent(f, m, captured)
		}
	}
	return nil, nil
}

// readContent reads the content of a file.
func (c *container) readContent(f *capturedFile, m *archive.Member, captured *capture) (*Copy, error) {
	var taken *Copy
	if c.decoder.CopyContent != nil {
		taken = c.copyOut(captured.content(m))
	}
	sums, sniffer := &c.decoder.fileSums, c.decoder.newSniffer()
	scanned, program := c.newContentScan(), c.holdELF(heldELF{row: len(c.filesystem)})
	n, err := int64(0), error(nil)
	for err == nil {
		var read int
		read, err = m.Read(sums.room())
		n += int64(read)
		if read > 0 {
			piece := sums.add(read)
			sniffer.Write(piece) //nolint:errcheck // neither this nor the next ones fail
			scanned.Write(piece) //nolint:errcheck
			program.Write(piece) //nolint:errcheck
			taken.write(piece)
		}
	}
	c.entryHits = scanned.end()
	c.keepELF(program)
	if errors.Is(err, io.EOF) {
		err = nil
		if n != m.Size {
			err = early(io.ErrUnexpectedEOF)
		}
	}
	if err != nil {
		taken.failed(err)
		return taken, err
	}
	f.isDigested = true
	f.content = c.decoder.contentOf(sniffer.Facts())
	return taken, nil
}

// content is what CopyContent is told of a captured file.
func (c *capture) content(m *archive.Member) Content {
	content := Content{Origin: c.origin, File: m, Capture: c.member}
	if c.root != "" {
		content.Path = joinRoot(c.root, m.Name)
	}
	return content
}

// readArtifact takes a file that Podman's --keep or a plugin left behind.
func (c *container) readArtifact(m *archive.Member) error {
	defer c.decoder.newFileSums().end()
	f := capturedFile{in: newCaptureColumns("artifact", m.Name, ""), name: m.RawName}
	taken, err := c.readFile(&f, m, &capture{origin: f.in.origin, member: m.Name})
	c.addEntry(&f, taken)
	return err
}

// decodeCaptures fills filesystem_entries, with the rows that were made while
// the files passed by and what deleted.files lists.
func (s *imageSet) decodeCaptures() {
	if !s.main {
		return
	}
	s.resolveCapturePaths()
	s.deletedFiles()
	s.filesystem.finish(&s.rows, s.members)
}

// resolveCapturePaths completes the paths of captured files, once the mounts are
// known. It does so once, whoever asks first.
func (s *imageSet) resolveCapturePaths() {
	if len(s.captures) == 0 {
		return
	}
	captures, volumes := s.captures, s.volumeMounts()
	s.captures = nil
	for _, c := range captures {
		root, known := c.root, c.root != ""
		switch {
		case c.volume != "":
			root, known = volumes[c.volume], volumes[c.volume] != ""
		case c.device != nil:
			root, known = c.set.mounts().byDevice[*c.device]
		case c.mountID != nil:
			root, known = c.set.mounts().byID[*c.mountID]
		}
		if !known && c.last > c.first {
			s.container.memberProblem(c.member, Warning, DanglingReference, "nothing tells where it was mounted; paths are NULL")
		}
		for i := c.first; i < c.last; i++ {
			f := s.filesystem[i]
			if !known {
				f.path, f.hasPath = "", false
				continue
			}
			if !s.take(2 * int64(len(root))) {
				s.container.passedIn(s.decoder.Limits.memory(), "filesystem_entries", "the archive takes more memory; paths are left out")
				f.path, f.hasPath = "", false
				continue
			}
			f.path, f.hasPath = joinRoot(root, f.path), true
			if orZero(f.kind) == string(archive.Hardlink) {
				f.link = joinRoot(root, strings.TrimPrefix(f.link, "/"))
			}
		}
	}
}

// joinRoot puts a clean relative name below a mount point.
func joinRoot(root, name string) string {
	switch {
	case name == "":
		return root
	case strings.HasSuffix(root, "/"):
		return root + name
	}
	return root + "/" + name
}

// deletedFiles adds the paths that Podman and CRI-O list as deleted: absolute
// ones, in the container.
func (s *imageSet) deletedFiles() {
	data := s.metadataFile("deleted.files")
	if data == nil {
		return
	}
	member := path.Join(s.base(), "deleted.files")
	var paths []string
	if err := s.unmarshal(data, &paths); err != nil {
		s.container.jsonProblem(member, err)
		return
	}
	in := newCaptureColumns("deleted_files", member, "")
	for i, p := range paths {
		f := capturedFile{in: in, position: uint32(i), change: s.shared("deleted"), name: p}
		if clean := "/" + archive.CleanName(p); clean == p {
			f.path, f.hasPath = p, true
		} else if p != "" {
			f.path, f.hasPath = clean, true
		}
		switch {
		case p == "":
			s.container.unsafeEntry(member, f.position, "an empty path, which names no file")
		case archive.HasParentStep(p):
			s.container.unsafeEntry(member, f.position, "the path has .. in it")
		}
		if !s.addCaptured(&f) && isFull[schema.FilesystemEntry](&s.container.notes, nil) {
			return
		}
	}
}
