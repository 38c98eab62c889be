package decode

import (
	"errors"
	"io"
	"path"
	"strings"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/schema"
)

// Statuses of a member: its name occurred before; a limit kept it from being
// decoded whole; it stands behind the archive's end mark.
const (
	duplicateStatus = "duplicate"
	limitStatus     = "limit"
	behindStatus    = "behind_end"
)

// member is a member of an archive while it is read.
type member struct {
	*archive.Member
	is    layout.Member // what its name says
	depth int           // how many archives it is deep within others
	row   schema.ArchiveMember

	stream *imageStream // that it was found in, nil for a member of the archive itself
	// pagesSum is the SHA-256 of pages in a stream, empty where not all came.
	pagesSum string
	over     error // the limit for which its content was left in the stream
}

// newMember begins the row of a member.
func (c *container) newMember(m *archive.Member, is layout.Member, depth int, position uint32) *member {
	row := schema.ArchiveMember{
		Path: text(shownName(m.RawName)), CleanPath: text(m.Name), Position: position, Type: string(m.Type), SizeBytes: uint64(m.Size), Mode: m.Mode,
		UID: uint32(m.UID), GID: uint32(m.GID), ModifiedAt: when(m.ModTime), LinkTarget: nonEmptyText(m.LinkTarget),
		Kind: "unknown", DecodeStatus: "not_read", ContainerMember: nonEmpty(c.site.archive),
	}
	if m.Offset >= 0 {
		row.Offset = ptr(uint64(m.Offset))
	}
	if archive.LeavesArchive(m.RawName) {
		row.CleanPath = schema.Text{}
	}
	return &member{Member: m, is: is, depth: depth, row: row}
}

// shownName returns a member's name as it stands, but for the / that tars put
// behind those of folders.
func shownName(raw string) string {
	if name := strings.TrimRight(raw, "/"); name != "" {
		return name
	}
	return raw
}

// readMember reads a member, and adds its row.
func (c *container) readMember(m *member) {
	c.keptImage = nil
	depthBefore := c.decoder.opener.Depth()
	if !c.guard(m.Name, func() { c.content(m) }) {
		m.row.DecodeStatus = Internal
		c.decoder.opener.Leave(depthBefore)
	}
	if m.Unknown { // the problem has its name: a row would need its size
		return
	}
	if !add(&c.notes, &c.members, m.row) && c.keptImage != nil {
		c.keptImage.row = noRow
	}
}

// kind is what archive_members says that a member is, as far as its name tells.
func (m *member) kind() string {
	switch m.is.Role {
	case layout.Image, layout.Pages, layout.GPUPages, layout.GhostFile, layout.Tmpfs, layout.ServiceImage:
		return m.is.Kind.Name
	case layout.Metadata, layout.PodMetadata, layout.CRIULog, layout.RootfsDiff, layout.DevShm:
		return path.Base(m.Name)
	case layout.Cipher:
		return "CIPHER"
	case layout.ContainerLog:
		return "container_log"
	case layout.Volume:
		return "volume"
	case layout.Artifact:
		return "artifact"
	}
	return "unknown"
}

// content takes in what a member holds, by its role.
func (c *container) content(m *member) {
	if !c.mayRead(m) {
		return
	}
	if m.Unreadable != nil {
		c.unreadableMember(m)
		return
	}
	if m.Type != archive.File {
		m.row.Kind = string(m.Type)
		if m.is.Role == layout.ParentLink {
			c.inSet(m, (*imageSet).parentLinkMember)
		}
		return
	}
	if c.isDuplicate(m.Name) {
		c.memberProblem(m.Name, Error, DuplicateMember, "the name occurs again in the archive; only the first member was decoded")
		m.row.DecodeStatus = duplicateStatus
		return
	}
	c.folderBytes[m.is.Dir] += uint64(m.Size)
	m.row.Kind = m.kind()
	defer c.copyMember(m)()
	if m.over != nil {
		c.streamProblem(m.Name, &m.row, m.over)
		return
	}
	switch m.is.Role {
	case layout.Image:
		c.inSet(m, (*imageSet).imageMember)
	case layout.Pages:
		c.inSet(m, (*imageSet).pagesMember)
	case layout.GPUPages:
		c.inSet(m, (*imageSet).gpuPagesMember)
	case layout.GhostFile:
		c.inSet(m, (*imageSet).ghostFileMember)
	case layout.Tmpfs:
		c.inSet(m, (*imageSet).tmpfsMember)
	case layout.Cipher:
		c.inSet(m, (*imageSet).cipherMember)
	case layout.UnknownImage:
		c.unknownImageMember(m)
	case layout.ServiceImage:
		c.serviceImageMember(m)
	case layout.Metadata:
		c.metadataMember(m)
	case layout.PodMetadata:
		c.podMetadataMember(m)
	case layout.CRIULog:
		c.criuLogMember(m)
	case layout.ContainerLog:
		c.containerLogMember(m)
	case layout.RootfsDiff:
		c.rootfsDiffMember(m)
	case layout.DevShm:
		c.devShmMember(m)
	case layout.Volume:
		c.volumeMember(m)
	case layout.Artifact:
		c.artifactMember(m)
	case layout.ImageStream:
		c.imageStreamMember(m)
	case layout.Document, layout.Blob:
		c.documentMember(m)
	case layout.Archive, layout.Candidate:
		c.nestedMember(m)
	}
}

// mayRead reports whether a member may be taken for what its name says, and
// notes what is odd about the name.
func (c *container) mayRead(m *member) bool {
	leaves := archive.LeavesArchive(m.RawName)
	switch {
	case leaves:
		severity := Warning
		if role := classifyName(m.Member, m.depth > 0).Role; role != layout.Ordinary && role != layout.Candidate {
			severity = Error // it would have been decoded
		}
		c.memberProblem(m.RawName, severity, UnsafeName, "the name leads out of the archive; the member was not decoded")
		m.row.DecodeStatus = UnsafeName
	case archive.HasParentStep(m.RawName):
		c.memberProblem(m.RawName, Warning, UnsafeName, "the name has .. in it")
	}
	if m.BehindEnd {
		m.row.Kind, m.row.DecodeStatus = m.kind(), behindStatus
	}
	return !leaves && !m.BehindEnd
}

// unreadableMember notes why a member of a folder cannot be read. An image of
// that name is there all the same.
func (c *container) unreadableMember(m *member) {
	c.memberProblem(m.Name, Error, Unreadable, m.Unreadable.Error())
	m.row.Kind, m.row.DecodeStatus = string(m.Type), Unreadable
	if m.Type != archive.File {
		return
	}
	m.row.Kind = m.kind()
	c.seen[site{c.site.archive, m.Name}] = true
	c.folderBytes[m.is.Dir] += uint64(m.Size)
	switch m.is.Role {
	case layout.Image:
		c.inSet(m, func(s *imageSet, m *member) { s.images[path.Base(m.Name)] = unreadableImage(m) })
	case layout.ServiceImage:
		c.services[m.Name] = unreadableImage(m)
	case layout.Pages:
		c.inSet(m, func(s *imageSet, m *member) {
			s.pagesBytes += uint64(m.Size)
			s.memory.AddPages(uint32(m.is.Number), m.Name, uint64(m.Size), nil).Unreadable = true
			s.addPagesDigest(m, "")
		})
	case layout.GhostFile:
		c.inSet(m, func(s *imageSet, m *member) { s.ghosts[uint32(m.is.Number)] = &savedGhost{} })
	}
}

func unreadableImage(m *member) *image {
	return &image{kind: m.is.Kind, number: m.is.Number, name: path.Base(m.Name), member: m.Name, unreadable: true, truncated: true, row: noRow}
}

func (c *container) isDuplicate(name string) bool {
	key := site{c.site.archive, name}
	if c.seen[key] {
		return true
	}
	c.seen[key] = true
	return false
}

func (c *container) metadataMember(m *member) {
	if base := path.Base(m.Name); base == "config.dump" || base == "spec.dump" {
		c.hasMetadata = true
	}
	if !c.decoder.plan.wants(layout.Metadata) {
		c.leave(m)
		return
	}
	if data, whole := c.keep(m); whole {
		c.metadata[m.Name] = data
	}
}

func (c *container) podMetadataMember(m *member) {
	c.metadataMember(m)
	if c.metadata[m.Name] != nil && m.is.Dir == c.site.folder {
		c.pods[c.site.path()] = c
	}
}

func (c *container) criuLogMember(m *member) {
	c.streamWanted(m, func(in io.Reader) error { return c.readCRIULog(path.Base(m.Name), in) })
}

func (c *container) containerLogMember(m *member) {
	c.streamWanted(m, func(in io.Reader) error { return c.readContainerLog(m.Name, in) })
}

func (c *container) rootfsDiffMember(m *member) {
	c.rootfsDiffBytes = ptr(uint64(m.Size))
	c.captureMember(m, capture{origin: "rootfs_diff", member: m.Name, size: m.Size, root: "/"})
}

func (c *container) devShmMember(m *member) {
	c.captureMember(m, capture{origin: "devshm", member: m.Name, root: "/dev/shm"})
}

func (c *container) volumeMember(m *member) {
	c.captureMember(m, capture{origin: "volume", member: m.Name, volume: m.is.Volume})
}

// captureMember reads files of the container, which are no part of the
// checkpoint's identity.
func (c *container) captureMember(m *member, captured capture) {
	if !c.decoder.plan.wants(m.is.Role) {
		return
	}
	c.stream(m, false, func(in io.Reader) error { return c.readFilesystem(captured, in) })
}

func (c *container) artifactMember(m *member) {
	if !c.decoder.plan.wants(layout.Artifact) {
		return
	}
	c.stream(m, false, func(io.Reader) error { return c.readArtifact(m.Member) })
}

// documentMember keeps a document of a container image; a layer may have such a
// name too.
func (c *container) documentMember(m *member) {
	if !isDocument(m.Member) {
		c.nestedMember(m)
		return
	}
	m.row.Kind = "image_json"
	if head, err := m.Peek(64); err == nil && !beginsLikeJSON(head) {
		m.row.Kind = "image_message"
	}
	if data, whole := c.keep(m); whole {
		c.documents[path.Join(c.site.archive, m.Name)] = data
		c.checkDigest(m.Name, m.row.SHA256)
	}
}

// nestedMember reads a member as an archive within the archive, if it is one.
func (c *container) nestedMember(m *member) {
	head, err := m.Peek(512)
	if err != nil || !archive.LooksPacked(head) {
		return // an unreadable member ends the archive: the next step tells
	}
	before, name := c.position, path.Join(c.site.archive, m.Name)
	if limits := &c.decoder.Limits; m.depth >= limits.Nesting {
		c.passedBy(limits.nesting(), m.Name, "an archive stands deeper within others; it was not read")
		m.row.DecodeStatus = limitStatus
		return
	}
	at, _ := m.ReaderAt()
	a, err := c.decoder.opener.Nested(m, at)
	if err == nil {
		m.row.Kind, m.row.DecodeStatus = "archive", "ok"
		c.nested[name] = m.Size
		err = errors.Join(c.readMembers(a, name, m.depth+1), a.Close())
	}
	isNamedSo := m.is.Role == layout.Archive || m.is.Role == layout.Blob
	switch {
	case err == nil:
	case c.position == before && !isNamedSo: // no tar, whatever its first bytes
		m.row.Kind, m.row.DecodeStatus = "unknown", "not_read"
		delete(c.nested, name)
	default:
		c.endedEarly = true
		c.container(site{archive: name}).streamProblem(m.Name, &m.row, err)
	}
}
