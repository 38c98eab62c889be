package decode

import (
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/pipeline/scan"
	"github.com/ckexport/ckexport/schema"
)

// image is one CRIU image kept in memory.
type image struct {
	kind      criu.Kind
	number    uint64
	name      string // base name
	member    string // name in the archive
	data      []byte
	truncated bool
	left      bool // no wanted table needs it: it was not kept

	unreadable bool // its member cannot be read, and that was told

	row     int // position among the archive's members, or noRow
	status  string
	layout  criu.Layout
	magic   uint32
	entries *uint64
	decoded bool
}

// noRow is the position of a member that has no row.
const noRow = -1

// imageSet is one CRIU image set: a folder of images, and what is decoded of it.
type imageSet struct {
	*container
	notes
	dir  string
	main bool // the facts of the container go to its rows

	images        map[string]*image // by base name
	ghosts        map[uint32]*savedGhost
	memory        *memory.Checkpoint // see memoryOf
	texts         *memory.Texts      // nil if no wanted table has them
	pagesReader   memory.Consumer    // nil if nobody takes pages
	elfHeaders    *memory.ELFHeaders // likewise
	pageDigests   *memory.Digests    // likewise
	scanned       *scan.Memory       // likewise
	payloads      []any              // see Decoder.CopyPayload
	matches       []contentMatches   // of payloads and ghosts
	memoryStrings *memory.Strings    // likewise
	stacks        *memory.Stacks     // likewise
	earlyStacks   map[uint32]*uint64 // stack pointers by thread, see stackPointers
	newPagemaps   []*image           // see decodeNewPagemaps
	parentLink    *string
	parent        *imageSet // the checkpoint that this one builds on, if the archive has it
	dumpedAt      *time.Time
	pagesBytes    uint64
	pages         pagesDigest
	stream        *imageStream // that its pages are in, nil if they are members
	cipher        string       // the member cipher.img, empty if there is none

	facts facts
	rows  schema.Rows
}

// imageSet returns the image set of a folder, a new one if need be.
func (c *container) imageSet(dir string) *imageSet {
	s := c.sets[dir]
	if s == nil {
		c.setCount++
		c.take(setBytes)
		s = &imageSet{
			container: c, dir: dir, images: map[string]*image{}, ghosts: map[uint32]*savedGhost{}, rows: c.room,
		}
		c.room = schema.Rows{}
		s.rows.ArchiveMembers = nil // the container's own, as are the next
		s.rows.LogLines, s.rows.LogPhases, s.rows.ContainerLogLines = nil, nil, nil
		s.notes = notes{of: c.archiveReader, list: &s.rows.Problems}
		s.memory = s.newMemory()
		c.sets[dir] = s
	}
	return s
}

func (s *imageSet) hasImages() bool {
	return len(s.images)+len(s.ghosts) > 0 || s.memory.HasPages() || s.cipher != ""
}

func (s *imageSet) isMain() bool { return path.Base(s.dir) != "pre-checkpoint" }

// base returns the folder that the metadata stands in.
func (s *imageSet) base() string { return layout.Site(s.dir) }

// metadataFile returns a metadata member of the checkpoint, nil if there is
// none.
func (s *imageSet) metadataFile(name string) []byte {
	return s.metadata[s.metadataPath(name)]
}

// metadataPath returns the name of a metadata member of the checkpoint: beside
// the image folder, or in it.
func (s *imageSet) metadataPath(name string) string {
	beside, within := path.Join(s.base(), name), path.Join(s.dir, name)
	if _, ok := s.metadata[within]; ok && s.metadata[beside] == nil {
		return within
	}
	return beside
}

// decode decodes the families of tables that are wanted, one after another.
func (s *imageSet) decode() {
	for _, f := range s.decoder.plan.families {
		if s.ctx.Err() != nil {
			return
		}
		s.guard("", func() { f.decode(s) })
	}
	s.missingImages()
	s.missingMetadata()
}

// finish hands the archive's own rows to the main checkpoint and settles the
// identity.
func (s *imageSet) finish() {
	for _, images := range []map[string]*image{s.images, s.services} {
		for _, img := range images {
			if img.row == noRow {
				continue
			}
			m := &s.members[img.row]
			m.DecodeStatus = img.status
			m.EntryCount = img.entries
			if img.layout != "" {
				m.Layout = ptr(string(img.layout))
			}
			if img.magic != 0 {
				m.Magic = ptr(img.magic)
			}
		}
	}
	s.withoutDamage()
	s.rows.CheckpointID = s.identity()
	if !s.main {
		for _, m := range s.members {
			if m.ImageDir != nil && *m.ImageDir == plain(s.dir) {
				s.rows.ArchiveMembers = append(s.rows.ArchiveMembers, m)
			}
		}
		s.noteDangling()
		s.close()
		return
	}
	s.rows.ArchiveMembers = s.members
	s.noteDangling()
	for _, l := range s.limits { // one row for each limit
		s.container.pass(l)
	}
	s.limits = nil
	s.close()
	s.container.close()
	s.rows.Problems = append(s.problems, s.rows.Problems...)
}

// staleImages notes images of processes that are not in the tree: an engine
// that uses a folder again leaves those of the checkpoint before behind.
func (s *imageSet) staleImages() {
	for _, img := range s.imagesOfOthers() {
		s.container.memberProblem(img.member, Info, StaleImage, "no process of the checkpoint has its pid: left over from an earlier one")
	}
}

// imagesOfOthers returns the images of processes that are not in the tree, by
// name; none if processes were left out.
func (s *imageSet) imagesOfOthers() (others []*image) {
	if s.processTree().cut {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(s.images)) {
		if img := s.images[name]; img.kind.Number == criu.PID && !s.mayBeInTree(uint32(img.number)) {
			others = append(others, img)
		}
	}
	return others
}

// image returns the image of a name, nil if there is none.
func (s *imageSet) image(name string) *image {
	img := s.images[name]
	if img != nil && img.left {
		panic("a family does not name its need of " + img.kind.Name)
	}
	return img
}

// serviceImage returns a service image by how its name begins: that in the image
// folder, else that in CRIU's work folder below, else that beside it; nil if
// there is none.
func (s *imageSet) serviceImage(name string) *image {
	places := []string{s.dir, path.Join(s.dir, layout.WorkFolder), s.base()}
	var found *image
	best := len(places)
	for _, img := range s.services {
		at := slices.Index(places, folderOf(img.member))
		if strings.HasPrefix(path.Base(img.member), name) && at >= 0 && at < best {
			found, best = img, at
		}
	}
	if found != nil && found.left {
		panic("a family does not name its need of " + found.kind.Name)
	}
	return found
}

// hasKind reports whether the set has images of a kind.
func (s *imageSet) hasKind(kind string) bool {
	for _, img := range s.images {
		if img.kind.Name == kind {
			return true
		}
	}
	return false
}

// ofKind returns the images of a kind, by number.
func (s *imageSet) ofKind(kind string) []*image {
	var found []*image
	for name, img := range s.images {
		if img.kind.Name == kind {
			found = append(found, s.image(name))
		}
	}
	slices.SortFunc(found, func(a, b *image) int {
		if a.number < b.number {
			return -1
		}
		return 1
	})
	return found
}
