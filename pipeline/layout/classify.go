package layout

import (
	"strings"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// Type is the type of a member, as far as it matters here.
type Type uint8

// The types of members.
const (
	File Type = iota // a regular file
	Symlink
	Other
)

// Entry is what is known of a member before it is read.
type Entry struct {
	// Name is the member's name without a leading / or ./ and a trailing /.
	Name string
	Type Type
	// Nested is set in archives within the archive.
	Nested bool
}

// Member is what a member is, by its name.
type Member struct {
	Role Role
	// Dir is the folder that the member stands in.
	Dir string
	// Site is the folder of the checkpoint that it belongs to: the one with
	// the metadata. It is empty for members that tell nothing of a checkpoint;
	// they belong to the archive as a whole.
	Site string
	// Kind is that of a CRIU image, and Number the number in its name.
	Kind   criu.Kind
	Number uint64
	// Engines write members of that name; it is empty where any does.
	Engines Engines
	// Volume is the name of a Volume.
	Volume string
}

// Classify tells what a member is. Only its content can tell whether it is what
// its name says.
func Classify(e Entry) Member {
	dir, base := split(e.Name)
	m := Member{Dir: dir}
	switch kind, number, isImage := criu.KindOf(base); {
	case isImage:
		m.Role, m.Kind, m.Number, m.Site = Image, kind, number, Site(dir)
		if role, ok := imageRoles[kind.Name]; ok {
			m.Role = role
		}
	case e.Type == Symlink && base == "parent": // Source: CRIU criu/include/servicefd.h, CR_PARENT_LINK
		m.Role, m.Site = ParentLink, Site(dir)
		return m
	default:
		m.byRules(e, base)
	}
	if e.Type != File { // it keeps its site: a folder of artifacts belongs to a checkpoint
		m.Role = Ordinary
	}
	return m
}

// byRules fills in what the tables of names tell.
func (m *Member) byRules(e Entry, base string) {
	for i := range members {
		if r := &members[i]; r.matches(e, m.Dir, base) {
			m.Role, m.Engines, m.Site = r.role, r.engines, m.Dir
			if r.in != "" {
				m.Site, _ = split(m.Dir)
			}
			m.Site = Site(m.Site)
			if r.role == Volume {
				m.Volume = strings.TrimSuffix(base, r.suffix)
			}
			return
		}
	}
	if !isNear(e) {
		return
	}
	for i := range packings {
		if r := &packings[i]; r.matches(e, m.Dir, base) {
			m.Role = r.role
			if r.role == ImageStream {
				m.Site = Site(m.Dir)
			}
			return
		}
	}
}

func (r *rule) matches(e Entry, dir, base string) bool {
	if r.outer && e.Nested || r.base != "" && base != r.base || !strings.HasSuffix(base, r.suffix) || r.like != nil && !r.like(dir, base) {
		return false
	}
	if r.in != "" {
		if _, folder := split(dir); folder != r.in {
			return false
		}
	}
	if r.below != "" {
		_, ok := above(dir, r.below)
		return ok
	}
	return true
}

// isNear reports whether a member may be an archive within the archive. In the
// outer archive every one may: a layer, a container of a pod. Deeper, those near
// the top, and the blobs of an image layout near the top: a layer may hold a pod,
// and a pod images, but the files of an ordinary image are no concern.
func isNear(e Entry) bool {
	if !e.Nested {
		return true
	}
	if blob, ok := ParseBlob(e.Name); ok {
		return !strings.Contains(blob.Layout, "/")
	}
	return strings.Count(e.Name, "/") <= 1
}

// Site returns the folder of the checkpoint that a folder is part of.
func Site(dir string) string {
	if outside, ok := above(dir, "artifacts"); ok {
		dir = outside
	}
	parent, base := split(dir)
	if base == WorkFolder {
		dir = parent
		parent, base = split(dir)
	}
	for _, name := range imageFolders {
		if base == name {
			return parent
		}
	}
	return dir
}

// split returns the folder and the base name of a path.
func split(name string) (dir, base string) {
	i := strings.LastIndexByte(name, '/')
	return name[:max(i, 0)], name[i+1:]
}

// above returns the folder that contains the first folder of that name on the
// way to dir; ok is false where there is none.
func above(dir, folder string) (outside string, ok bool) {
	for start := 0; start < len(dir); {
		end := len(dir)
		if i := strings.IndexByte(dir[start:], '/'); i >= 0 {
			end = start + i
		}
		if dir[start:end] == folder {
			return dir[:max(start-1, 0)], true
		}
		start = end + 1
	}
	return "", false
}
