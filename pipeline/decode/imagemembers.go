package decode

import (
	"io"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// inSet passes a member to the image set that it belongs to, unless the archive
// has more sets than it may have.
func (c *container) inSet(m *member, take func(*imageSet, *member)) {
	m.row.ImageDir = ptr(plain(m.is.Dir))
	limits := &c.decoder.Limits
	if c.sets[m.is.Dir] == nil && c.setCount >= limits.Checkpoints {
		c.outer().passedBy(limits.checkpoints(), m.Name, "the archive has more checkpoints; they are left out")
		m.row.DecodeStatus = limitStatus
		return
	}
	take(c.imageSet(m.is.Dir), m)
}

func (s *imageSet) parentLinkMember(m *member) { s.linkTo(&m.LinkTarget) }

func (s *imageSet) imageMember(m *member) {
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

func (s *imageSet) pagesMember(m *member) {
	s.pagesBytes += uint64(m.Size)
	s.sizeDigest(m)
	if m.stream != nil || s.cipher != "" {
		s.memory.AddPages(uint32(m.is.Number), m.Name, uint64(m.Size), nil)
		s.stream = m.stream
		s.addPagesDigest(m, m.pagesSum)
		return
	}
	s.digestPages(m, func(in io.Reader) error { return s.readPages(m.Member, in, uint32(m.is.Number)) })
}

// gpuPagesMember decodes nothing: the content is as large as memory, and of use
// to no table.
func (s *imageSet) gpuPagesMember(m *member) {
	s.sizeDigest(m)
	if m.stream != nil {
		s.addPagesDigest(m, m.pagesSum)
		return
	}
	s.digestPages(m, func(io.Reader) error { return nil })
}

func (s *imageSet) ghostFileMember(m *member) {
	s.ghosts[uint32(m.is.Number)] = &savedGhost{}
	s.streamWanted(m, func(in io.Reader) error { return s.readGhost(m.Member, uint32(m.is.Number), in) })
}

func (s *imageSet) tmpfsMember(m *member) {
	c := capture{origin: "tmpfs", member: m.Name, size: m.Size, set: s}
	number := uint32(m.is.Number)
	if m.is.Kind.Number == criu.DeviceID {
		c.device = &number
	} else {
		c.mountID = &number
	}
	s.streamWanted(m, func(in io.Reader) error { return s.readFilesystem(c, in) })
}

func (c *container) unknownImageMember(m *member) {
	m.row.DecodeStatus = "unknown"
	c.memberProblem(m.Name, Warning, UnknownImage, "no kind of CRIU image has such a name")
}

func (c *container) serviceImageMember(m *member) { c.keepImage(m, c.services) }
