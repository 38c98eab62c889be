package decode

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/ckexport/ckexport/pipeline/kernel"

	"github.com/ckexport/ckexport/pipeline/archive"
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
func (c *container) readFilesystem(captured capture, in io.Reader) error {
	captured.first = len(c.filesystem)
	defer func() {
		captured.last = len(c.filesystem)
		c.captures = append(c.captures, captured)
	}()
	nested, err := c.decoder.opener.Nested(in, nil)
	if errors.Is(err, archive.ErrEmpty) {
		return errNoFiles
	}
	if err != nil {
		return err
	}
	defer nested.Close()
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
		if isFull(&c.notes, &c.filesystem) {
			return nil
		}
		row, taken, err := c.entryRow(&captured, m, uint32(position))
		c.addEntry(row, taken)
		if err != nil {
			return fmt.Errorf("content of %q: %w", m.Name, err)
		}
	}
}

// entryRow makes the row of an entry. Its path is settled by resolveCapturePaths.
func (c *container) entryRow(captured *capture, m *archive.Member, position uint32) (schema.FilesystemEntry, *Copy, error) {
	row := schema.FilesystemEntry{Origin: captured.origin, Member: text(captured.member), Position: position, MemberPath: text(m.RawName), VolumeName: nonEmpty(captured.volume)}
	if archive.HasParentStep(m.RawName) || m.Type == archive.Hardlink && archive.HasParentStep(m.LinkTarget) {
		c.unsafeEntry(captured.member, position, "its name, or that of the file it is a link to, has .. in it")
	}
	dir, base := path.Split(m.Name)
	if hidden, ok := strings.CutPrefix(base, whiteoutPrefix); ok && captured.origin == "rootfs_diff" {
		switch {
		case base == opaqueWhiteout:
			row.Change, row.IsOpaque, row.Path = ptr("deleted"), true, text(strings.TrimSuffix(dir, "/"))
			return row, nil, nil
		case archive.CleanName(hidden) == hidden && hidden != "":
			row.Change, row.Path = ptr("deleted"), text(dir+hidden)
			return row, nil, nil
		}
		c.unsafeEntry(captured.member, position, "a whiteout of no file")
	}
	row.Path = text(m.Name)
	if captured.origin == "rootfs_diff" {
		row.Change = ptr("written")
	}
	taken, err := c.fileColumns(&row, m, captured)
	return row, taken, err
}

// addEntry adds the row of a file, whose content may have been taken.
func (c *container) addEntry(row schema.FilesystemEntry, taken *Copy) {
	hits := c.entryHits
	c.entryHits = nil
	at := len(c.filesystem)
	if !add(&c.notes, &c.filesystem, row) {
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

// fileColumns fills in what a tar header tells; the content is hashed, and
// looked at for what it is.
func (c *container) fileColumns(row *schema.FilesystemEntry, m *archive.Member, captured *capture) (taken *Copy, err error) {
	v := &struct { // one piece of memory for what nearly every entry has
		kind       string
		mode       uint32
		uid, gid   uint32
		size       uint64
		uidBit     bool
		gidBit     bool
		modifiedAt time.Time
	}{string(m.Type), m.Mode, uint32(m.UID), uint32(m.GID), uint64(m.Size), m.Mode&kernel.S_ISUID != 0, m.Mode&kernel.S_ISGID != 0, m.ModTime.UTC()}
	row.Type, row.Mode, row.UID, row.GID = &v.kind, &v.mode, &v.uid, &v.gid
	row.UserName, row.GroupName = nonEmpty(m.UserName), nonEmpty(m.GroupName)
	row.AccessedAt, row.ChangedAt = when(m.AccessTime), when(m.ChangeTime)
	if isTime(m.ModTime) {
		row.ModifiedAt = &v.modifiedAt
	}
	if len(m.Xattrs) > 0 {
		row.Xattrs = map[string]string{}
		for k, v := range m.Xattrs {
			row.Xattrs[plain(k)] = plain(v)
		}
	}
	switch m.Type {
	case archive.Symlink:
		row.LinkTarget = text(m.LinkTarget)
	case archive.Hardlink:
		row.LinkTarget = text("/" + archive.CleanName(m.LinkTarget))
	case archive.CharDevice, archive.BlockDevice:
		row.DeviceMajor, row.DeviceMinor = ptr(uint32(m.DevMajor)), ptr(uint32(m.DevMinor))
	case archive.File:
		row.SizeBytes, row.IsSetuid, row.IsSetgid = &v.size, &v.uidBit, &v.gidBit
		c.capabilityColumns(row, m)
		if m.BehindEnd {
			return nil, nil
		}
		taken = c.copyOut(captured.content(m))
		sum := sha256.New()
		sniffer := c.decoder.newSniffer()
		scanned := c.newContentScan()
		program := c.holdELF(heldELF{row: len(c.filesystem)})
		n, err := io.CopyBuffer(taken.copyTo(io.MultiWriter(sum, sniffer, scanned, program)), m, c.decoder.copyBuffer())
		c.entryHits = scanned.end()
		c.keepELF(program)
		if err == nil && n != m.Size {
			err = early(io.ErrUnexpectedEOF)
		}
		if err != nil {
			taken.failed(err)
			return taken, err
		}
		row.SHA256 = ptr(hex.EncodeToString(sum.Sum(nil)))
		row.FileContent = contentColumns(sniffer.Facts())
	}
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
func (c *container) readArtifact(m *archive.Member, in io.Reader) error {
	row := schema.FilesystemEntry{Origin: "artifact", Member: text(m.Name), MemberPath: text(m.RawName)}
	taken, err := c.fileColumns(&row, m, &capture{origin: row.Origin, member: m.Name})
	c.addEntry(row, taken)
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
	s.rows.FilesystemEntries = s.filesystem
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
			row := &s.filesystem[i]
			if !known {
				row.Path = schema.Text{}
				continue
			}
			if !s.take(2 * int64(len(root))) {
				s.container.passedIn(s.decoder.Limits.memory(), "filesystem_entries", "the archive takes more memory; paths are left out")
				row.Path = schema.Text{}
				continue
			}
			row.Path = text(joinRoot(root, bytesOf(row.Path)))
			if row.Type != nil && *row.Type == string(archive.Hardlink) {
				row.LinkTarget = text(joinRoot(root, strings.TrimPrefix(bytesOf(row.LinkTarget), "/")))
			}
		}
	}
}

// bytesOf returns the exact bytes of a text.
func bytesOf(t schema.Text) string {
	if t.Raw != nil {
		return string(t.Raw)
	}
	if t.Text == nil {
		return ""
	}
	return *t.Text
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
	reserve(&s.container.notes, &s.filesystem, len(paths))
	from, change := text(member), ptr("deleted") // shared: there may be many rows
	for i, p := range paths {
		row := schema.FilesystemEntry{Origin: "deleted_files", Member: from, Position: uint32(i), Change: change, MemberPath: text(p)}
		if clean := "/" + archive.CleanName(p); clean == p {
			row.Path = row.MemberPath
		} else if p != "" {
			row.Path = text(clean)
		}
		switch {
		case p == "":
			s.container.unsafeEntry(member, row.Position, "an empty path, which names no file")
		case archive.HasParentStep(p):
			s.container.unsafeEntry(member, row.Position, "the path has .. in it")
		}
		if !add(&s.container.notes, &s.filesystem, row) && isFull(&s.container.notes, &s.filesystem) {
			return
		}
	}
}
