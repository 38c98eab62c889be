package decode

import (
	"maps"
	"slices"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"

	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// contentSpace is a space whose content the checkpoint has: a process of its
// tree, or a shared object. While pages pass by, those of processes that it does
// not have may be among them.
type contentSpace struct {
	*memory.Space
	pid     *uint32 // nil of a shared object
	shmemID *uint64 // nil of a process
	shared  contentPlace
}

// contentPlace is what stands at an address.
type contentPlace struct {
	mapping     *vma.VmaEntry // nil in a shared object, and where no mapping is
	kind        *string
	path        schema.Text
	perms       *string
	fileDeleted *bool
	fileOffset  *uint64 // of the address, in the file or shared object; nil without one
}

// contentSpaces returns the spaces whose content counts, processes first.
func (s *imageSet) contentSpaces() []contentSpace {
	var list []contentSpace
	for img := range s.processPagemaps() {
		pid := uint32(img.number)
		list = append(list, contentSpace{Space: s.memory.Process(pid), pid: &pid})
	}
	for img := range s.sharedPagemaps() {
		id := img.number
		list = append(list, contentSpace{Space: s.memory.SharedObject(id), shmemID: &id, shared: s.sharedPlace(id)})
	}
	return list
}

// placeAt returns what stands at an address of a space.
func (s *imageSet) placeAt(c *contentSpace, address uint64) contentPlace {
	if c.shmemID != nil {
		place := c.shared
		place.fileOffset = &address
		return place
	}
	v := s.mappingAt(*c.pid, address)
	if v == nil {
		return contentPlace{}
	}
	file := s.mappedFile(v)
	place := contentPlace{mapping: v, kind: ptr(s.mappingKind(v, file)), perms: ptr(perms(v))}
	if file == nil {
		return place
	}
	place.fileDeleted = ptr(file.deleted)
	switch *place.kind {
	case "file", "device", "memfd":
		place.path, place.fileOffset = file.pathText(), ptr(v.GetPgoff()+address-v.GetStart())
	}
	return place
}

// sharedPlace returns what a shared object is. The ids of memfds and of SysV
// segments may collide: the memfd goes first.
func (s *imageSet) sharedPlace(id uint64) contentPlace {
	for _, inode := range slices.Sorted(maps.Keys(s.files().memfds)) {
		switch m := s.files().memfds[inode]; {
		case uint64(m.GetShmid()) != id:
		case m.GetName() == sharedAnonymous:
			return contentPlace{kind: ptr("shared_anon")}
		default:
			return contentPlace{kind: ptr("memfd"), path: optionalText(m.Name)}
		}
	}
	for _, g := range s.segments() {
		if d := g.entry.GetDesc(); d != nil && uint64(d.GetId()) == id {
			return contentPlace{kind: ptr("sysv")}
		}
	}
	for _, v := range s.sharedMappings() {
		if v.shmemID == id {
			return contentPlace{kind: ptr(v.kind)}
		}
	}
	return contentPlace{kind: ptr("unknown")}
}

// within returns take for something that may have so much memory in all.
func (s *imageSet) within(room int64) func(bytes int64) bool {
	return func(bytes int64) bool {
		if bytes > room || !s.take(bytes) {
			return false
		}
		room -= bytes
		return true
	}
}
