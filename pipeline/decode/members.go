package decode

import (
	"errors"
	"io"
	"path"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/schema"
)

// reading is the state of reading what belongs to one container: its image
// sets, and the metadata and captures beside them.
type reading struct {
	*walk
	notes
	site site

	sets     map[string]*set   // by folder
	services map[string]*image // images that may stand beside the folder
	metadata map[string][]byte // small members that are no images, by name
	// hasMetadata says that there is what only checkpoints have.
	hasMetadata bool
	problems    []schema.Problem

	members     []schema.ArchiveMember
	folderBytes map[string]uint64 // of the files in each folder
	keptImage   *image            // of the member at hand
	digests     []digest
	filesystem  []schema.FilesystemEntry
	logLines    []schema.LogLine
	outputLines []schema.ContainerLogLine

	captures        []capture
	logFacts        criuFacts
	rootfsDiffBytes *uint64
	podFiles        *podFiles // see readPodFiles
}

// Statuses of a member: its name occurred before; a limit kept it from being
// decoded whole.
const (
	duplicateStatus = "duplicate"
	limitStatus     = "limit"
)

// member is a member of an archive while it is read.
type member struct {
	*archive.Member
	is    layout.Member // what its name says
	depth int           // how many archives it is deep within others
	row   schema.ArchiveMember
}

// newMember begins the row of a member.
func (r *reading) newMember(m *archive.Member, is layout.Member, depth int, position uint32) *member {
	row := schema.ArchiveMember{
		Path: text(m.Name), Position: position, Type: string(m.Type), SizeBytes: uint64(m.Size), Mode: m.Mode,
		UID: uint32(m.UID), GID: uint32(m.GID), ModifiedAt: when(m.ModTime), LinkTarget: nonEmptyText(m.LinkTarget),
		Kind: "unknown", DecodeStatus: "not_read", ContainerMember: nonEmpty(r.site.archive),
	}
	if m.Offset >= 0 {
		row.Offset = ptr(uint64(m.Offset))
	}
	return &member{Member: m, is: is, depth: depth, row: row}
}

// readMember reads a member, and adds its row.
func (r *reading) readMember(m *member) {
	r.keptImage = nil
	depthBefore := r.decoder.opener.Depth()
	if !r.guard(m.Name, func() { r.content(m) }) {
		m.row.DecodeStatus = Internal
		r.decoder.opener.Leave(depthBefore)
	}
	if !add(&r.notes, &r.members, m.row) && r.keptImage != nil {
		r.keptImage.row = noRow
	}
}

// kind is what archive_members says that a member is, as far as its name tells.
func (m *member) kind() string {
	switch m.is.Role {
	case layout.Image, layout.Pages, layout.GPUPages, layout.GhostFile, layout.Tmpfs, layout.ServiceImage:
		return m.is.Kind.Name
	case layout.Metadata, layout.PodMetadata, layout.CRIULog, layout.RootfsDiff, layout.DevShm:
		return path.Base(m.Name)
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
func (r *reading) content(m *member) {
	if m.Type != archive.File {
		m.row.Kind = string(m.Type)
		if m.is.Role == layout.ParentLink {
			r.inSet(m, (*set).parentLinkMember)
		}
		return
	}
	if r.isDuplicate(m.Name) {
		r.memberProblem(m.Name, Error, DuplicateMember, "the name occurs again in the archive; only the first member was decoded")
		m.row.DecodeStatus = duplicateStatus
		return
	}
	r.folderBytes[m.is.Dir] += uint64(m.Size)
	m.row.Kind = m.kind()
	switch m.is.Role {
	case layout.Image:
		r.inSet(m, (*set).imageMember)
	case layout.Pages:
		r.inSet(m, (*set).pagesMember)
	case layout.GPUPages:
		r.inSet(m, (*set).gpuPagesMember)
	case layout.GhostFile:
		r.inSet(m, (*set).ghostFileMember)
	case layout.Tmpfs:
		r.inSet(m, (*set).tmpfsMember)
	case layout.UnknownImage:
		r.unknownImageMember(m)
	case layout.ServiceImage:
		r.serviceImageMember(m)
	case layout.Metadata:
		r.metadataMember(m)
	case layout.PodMetadata:
		r.podMetadataMember(m)
	case layout.CRIULog:
		r.criuLogMember(m)
	case layout.ContainerLog:
		r.containerLogMember(m)
	case layout.RootfsDiff:
		r.rootfsDiffMember(m)
	case layout.DevShm:
		r.devShmMember(m)
	case layout.Volume:
		r.volumeMember(m)
	case layout.Artifact:
		r.artifactMember(m)
	case layout.Document, layout.Blob:
		r.documentMember(m)
	case layout.Archive, layout.Candidate:
		r.nestedMember(m)
	}
}

func (r *reading) isDuplicate(name string) bool {
	key := site{r.site.archive, name}
	if r.seen[key] {
		return true
	}
	r.seen[key] = true
	return false
}

// inSet passes a member to the image set that it belongs to, unless the archive
// has more sets than it may have.
func (r *reading) inSet(m *member, take func(*set, *member)) {
	m.row.ImageDir = ptr(plain(m.is.Dir))
	limits := &r.decoder.Limits
	if r.sets[m.is.Dir] == nil && r.setCount >= limits.Checkpoints {
		r.outer().passedBy(limits.checkpoints(), m.Name, "the archive has more checkpoints; they are left out")
		m.row.DecodeStatus = limitStatus
		return
	}
	take(r.set(m.is.Dir), m)
}

func (s *set) parentLinkMember(m *member) { s.linkTo(&m.LinkTarget) }

func (s *set) imageMember(m *member) {
	s.keepImage(m, s.images)
	switch m.is.Kind.Name {
	case "INVENTORY":
		s.dumpedAt = when(m.ModTime)
	case "PAGEMAP", "SHMEM_PAGEMAP":
		if s.keptImage != nil {
			s.newPagemaps = append(s.newPagemaps, s.keptImage)
		}
	}
}

func (s *set) pagesMember(m *member) {
	s.pagesBytes += uint64(m.Size)
	s.sizeDigest(m)
	if err := s.readPages(m.Member, uint32(m.is.Number)); err != nil {
		s.streamProblem(m.Name, &m.row, err)
	}
}

// gpuPagesMember leaves the content alone: it is as large as memory, and of use
// to no table.
func (s *set) gpuPagesMember(m *member) { s.sizeDigest(m) }

func (s *set) ghostFileMember(m *member) {
	if !s.decoder.plan.wants(layout.GhostFile) {
		s.leave(m)
		s.ghosts[uint32(m.is.Number)] = &savedGhost{}
		return
	}
	s.stream(m, true, func(in io.Reader) error { return s.readGhost(m.Member, uint32(m.is.Number), in) })
}

func (s *set) tmpfsMember(m *member) {
	if !s.decoder.plan.wants(layout.Tmpfs) {
		s.leave(m)
		return
	}
	c := capture{origin: "tmpfs", member: m.Name, set: s}
	number := uint32(m.is.Number)
	if m.is.Kind.Number == criu.DeviceID {
		c.device = &number
	} else {
		c.mountID = &number
	}
	s.stream(m, true, func(in io.Reader) error { return s.readFilesystem(c, in) })
}

func (r *reading) unknownImageMember(m *member) {
	m.row.DecodeStatus = "unknown"
	r.memberProblem(m.Name, Warning, UnknownImage, "no kind of CRIU image has such a name")
}

func (r *reading) serviceImageMember(m *member) { r.keepImage(m, r.services) }

func (r *reading) metadataMember(m *member) {
	if base := path.Base(m.Name); base == "config.dump" || base == "spec.dump" {
		r.hasMetadata = true
	}
	if !r.decoder.plan.wants(layout.Metadata) {
		r.leave(m)
		return
	}
	if data, whole := r.keep(m); whole {
		r.metadata[m.Name] = data
	}
}

func (r *reading) podMetadataMember(m *member) {
	r.metadataMember(m)
	if r.metadata[m.Name] != nil && m.is.Dir == r.site.folder {
		r.pods[r.site.path()] = r
	}
}

func (r *reading) criuLogMember(m *member) {
	if !r.decoder.plan.wants(layout.CRIULog) {
		r.leave(m)
		return
	}
	r.stream(m, true, func(in io.Reader) error { return r.readCRIULog(path.Base(m.Name), in) })
}

func (r *reading) containerLogMember(m *member) {
	if !r.decoder.plan.wants(layout.ContainerLog) {
		r.leave(m)
		return
	}
	r.stream(m, true, func(in io.Reader) error { return r.readContainerLog(m.Name, in) })
}

func (r *reading) rootfsDiffMember(m *member) {
	r.rootfsDiffBytes = ptr(uint64(m.Size))
	r.captureMember(m, capture{origin: "rootfs_diff", member: m.Name, root: "/"})
}

func (r *reading) devShmMember(m *member) {
	r.captureMember(m, capture{origin: "devshm", member: m.Name, root: "/dev/shm"})
}

func (r *reading) volumeMember(m *member) {
	r.captureMember(m, capture{origin: "volume", member: m.Name, volume: m.is.Volume})
}

// captureMember reads files of the container, which are no part of the
// checkpoint's identity.
func (r *reading) captureMember(m *member, c capture) {
	if !r.decoder.plan.wants(m.is.Role) {
		return
	}
	r.stream(m, false, func(in io.Reader) error { return r.readFilesystem(c, in) })
}

func (r *reading) artifactMember(m *member) {
	if !r.decoder.plan.wants(layout.Artifact) {
		return
	}
	r.stream(m, false, func(in io.Reader) error { return r.readArtifact(m.Member, in) })
}

// documentMember keeps a document of a container image; a layer may have such a
// name too.
func (r *reading) documentMember(m *member) {
	if !isDocument(m.Member) {
		r.nestedMember(m)
		return
	}
	m.row.Kind = "image_json"
	if data, whole := r.keep(m); whole {
		r.documents[m.Name] = data
		r.checkDigest(m.Name, m.row.SHA256)
	}
}

// nestedMember reads a member as an archive within the archive, if it is one.
func (r *reading) nestedMember(m *member) {
	head, err := m.Peek(512)
	if err != nil || !archive.LooksPacked(head) {
		return // an unreadable member ends the archive: the next step tells
	}
	before, name := r.position, path.Join(r.site.archive, m.Name)
	if limits := &r.decoder.Limits; m.depth >= limits.Nesting {
		r.passedBy(limits.nesting(), m.Name, "an archive stands deeper within others; it was not read")
		m.row.DecodeStatus = limitStatus
		return
	}
	at, _ := m.ReaderAt()
	a, err := r.decoder.opener.Nested(m, at)
	if err == nil {
		m.row.Kind, m.row.DecodeStatus = "archive", "ok"
		r.nested[name] = true
		err = errors.Join(r.readMembers(a, name, m.depth+1), a.Close())
	}
	isNamedSo := m.is.Role == layout.Archive || m.is.Role == layout.Blob
	switch {
	case err == nil:
	case r.position == before && !isNamedSo: // no tar, whatever its first bytes
		m.row.Kind, m.row.DecodeStatus = "unknown", "not_read"
		delete(r.nested, name)
	default:
		r.reading(site{archive: name}).streamProblem(m.Name, &m.row, err)
	}
}
