package decode

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fown"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/memfd"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/regfile"
	remap "github.com/checkpoint-restore/go-criu/v8/crit/images/remap-file-path"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/schema"
)

// fileTable is what the set knows of open files.
type fileTable struct {
	byID   map[uint32]*openFile
	order  []*openFile
	tables map[uint32][]*fdinfo.FdinfoEntry // descriptors, see tableNumber
	remaps []*remap.RemapFilePathEntry
	memfds map[uint32]*memfd.MemfdInodeEntry // by inode_id
	names  criu.Dialect                      // of the dumped host
	host   binary.ByteOrder                  // its byte order

	byNumber map[uint32]map[uint32]uint32 // see descriptorTable
}

// openFile is one open file description.
type openFile struct {
	id      uint32
	entry   *fdinfo.FileEntry
	path    *string // what readlink shows, without (deleted); nil if not kept
	buildID *string // ELF build id in hexadecimal
	deleted bool
	flags   *uint32 // nil where the kind keeps none
	owner   *fown.FownEntry
	roles   []string
	fds     uint32
	pids    []uint32 // processes that hold a descriptor of it, ascending
}

func (f *openFile) pathText() schema.Text { return optionalText(f.path) }

// buildIDOf returns an ELF build id in hexadecimal, nil of a file without one.
func (s *imageSet) buildIDOf(r *regfile.RegFileEntry) *string {
	if len(r.GetBuildId()) == 0 {
		return nil
	}
	return ptr(hex.EncodeToString(memoryBytes(r.GetBuildId(), s.hostOrder())))
}

// memoryBytes returns bytes that CRIU copied into words of the dumped host's order.
func memoryBytes(words []uint32, order binary.ByteOrder) []byte {
	b := make([]byte, 4*len(words))
	for i, w := range words {
		order.PutUint32(b[4*i:], w)
	}
	return b
}

// access returns r, w or rw; nil for O_PATH and where no flags are kept.
func (f *openFile) access() *string {
	if f.flags == nil || *f.flags&criu.OpenPath != 0 {
		return nil
	}
	if mode := *f.flags & kernel.O_ACCMODE; int(mode) < len(accessNames) {
		return &accessNames[mode]
	}
	return nil
}

// accessNames are the names of access modes: O_RDONLY, O_WRONLY, O_RDWR.
var accessNames = [...]string{"r", "w", "rw"}

// position returns the position in the file, nil for kinds without one.
func (f *openFile) position() *uint64 {
	switch {
	case f.entry.GetReg() != nil:
		return f.entry.GetReg().Pos
	case f.entry.GetMemfd() != nil:
		return f.entry.GetMemfd().Pos
	case f.entry.GetBpf() != nil:
		return f.entry.GetBpf().Pos
	}
	return nil
}

func (f *openFile) role(name string) {
	if !slices.Contains(f.roles, name) {
		f.roles = append(f.roles, name)
	}
}

// files returns the open files and the descriptors of the set.
func (s *imageSet) files() *fileTable { return s.facts.files.get(s.readFiles) }

func (s *imageSet) readFiles() *fileTable {
	t := &fileTable{
		byID: map[uint32]*openFile{}, tables: map[uint32][]*fdinfo.FdinfoEntry{}, memfds: map[uint32]*memfd.MemfdInodeEntry{},
		byNumber: map[uint32]map[uint32]uint32{}, names: s.dialect(), host: s.hostOrder(),
	}
	each(s, s.image("memfd.img"), func(_ *entry, m *memfd.MemfdInodeEntry) { t.memfds[uint32(m.GetInodeId())] = m })
	each(s, s.image("files.img"), func(_ *entry, e *fdinfo.FileEntry) { s.addFile(t, e) })
	s.adoptOldFiles(t)
	for _, f := range t.order {
		s.describe(t, f)
	}
	each(s, s.image("remap-fpath.img"), func(_ *entry, r *remap.RemapFilePathEntry) {
		t.remaps = append(t.remaps, r)
		if f := t.byID[r.GetOrigId()]; f != nil {
			f.deleted = true
		} else {
			s.dangling("file_remaps", fmt.Sprintf("file_id=%d", r.GetOrigId()), "file", uint64(r.GetOrigId()))
		}
	})
	for _, img := range s.ofKind("FDINFO") {
		id := uint32(img.number)
		each(s, img, func(_ *entry, d *fdinfo.FdinfoEntry) { t.tables[id] = append(t.tables[id], d) })
	}
	s.findHolders(t)
	return t
}

// findHolders notes which processes hold a descriptor of each file.
func (s *imageSet) findHolders(t *fileTable) {
	pairs := 0 // of processes and descriptors: processes can share a table
	for _, p := range s.tree() {
		number, ok := s.tableNumber(p.GetPid())
		if !ok {
			continue
		}
		if pairs += len(t.tables[number]); pairs > s.decoder.Limits.Rows {
			break // as file_descriptors will tell
		}
		for _, d := range t.tables[number] {
			if f := t.byID[d.GetId()]; f != nil {
				f.fds++
				if n := len(f.pids); n == 0 || f.pids[n-1] != p.GetPid() {
					f.pids = append(f.pids, p.GetPid())
				}
			}
		}
	}
	for _, f := range t.order {
		f.pids = sortedUnique(f.pids)
	}
}

// addFile adds an open file to the table.
func (s *imageSet) addFile(t *fileTable, e *fdinfo.FileEntry) {
	if known := t.byID[e.GetId()]; known != nil {
		if !mergeTun(known.entry, e) {
			s.rowProblem("files", fmt.Sprintf("file_id=%d", e.GetId()), Error, DuplicateObject, "the id occurs twice; only the first file was decoded")
		}
		return
	}
	f := &openFile{id: e.GetId(), entry: e}
	t.byID[f.id] = f
	t.order = append(t.order, f)
}

// mergeTun joins the two entries that a tun file has under one id: the regular
// file it was opened by, and the interface. Source: CRIU criu/tun.c.
func mergeTun(known, e *fdinfo.FileEntry) bool {
	switch {
	case known.GetReg() != nil && known.GetTunf() == nil && e.GetTunf() != nil:
		known.Type, known.Tunf = e.Type, e.Tunf
	case known.GetTunf() != nil && known.GetReg() == nil && e.GetReg() != nil:
		known.Reg = e.Reg
	default:
		return false
	}
	return true
}

// describe settles path, flags and owner of a file by its kind.
func (s *imageSet) describe(t *fileTable, f *openFile) {
	anon := func(name string) { f.path = ptr("anon_inode:" + name) }
	e := f.entry
	switch {
	case e.GetReg() != nil: // of a tun file too, see mergeTun
		f.path, f.flags, f.owner = e.GetReg().Name, e.GetReg().Flags, e.GetReg().GetFown()
		f.buildID = s.buildIDOf(e.GetReg())
	case e.GetTunf() != nil:
		f.path = ptr("/dev/net/tun")
	case e.GetPipe() != nil:
		f.path, f.flags, f.owner = ptr(fmt.Sprintf("pipe:[%d]", e.GetPipe().GetPipeId())), e.GetPipe().Flags, e.GetPipe().GetFown()
	case e.GetFifo() != nil:
		s.openedBy(t, f, e.GetFifo().RegfId)
	case e.GetTty() != nil:
		s.openedBy(t, f, e.GetTty().RegfId)
		f.flags, f.owner = e.GetTty().Flags, e.GetTty().GetFown()
	case e.GetIsk() != nil:
		f.path, f.flags, f.owner = socketPath(e.GetIsk().Ino), e.GetIsk().Flags, e.GetIsk().GetFown()
	case e.GetUsk() != nil:
		f.path, f.flags, f.owner = socketPath(e.GetUsk().Ino), e.GetUsk().Flags, e.GetUsk().GetFown()
	case e.GetNlsk() != nil:
		f.path, f.flags, f.owner = socketPath(e.GetNlsk().Ino), e.GetNlsk().Flags, e.GetNlsk().GetFown()
	case e.GetPsk() != nil: // its inode is not kept
		f.flags, f.owner = e.GetPsk().Flags, e.GetPsk().GetFown()
	case e.GetEfd() != nil:
		anon("[eventfd]")
		f.flags, f.owner = e.GetEfd().Flags, e.GetEfd().GetFown()
	case e.GetEpfd() != nil:
		anon("[eventpoll]")
		f.flags, f.owner = e.GetEpfd().Flags, e.GetEpfd().GetFown()
	case e.GetSgfd() != nil:
		anon("[signalfd]")
		f.flags, f.owner = e.GetSgfd().Flags, e.GetSgfd().GetFown()
	case e.GetTfd() != nil:
		anon("[timerfd]")
		f.flags, f.owner = e.GetTfd().Flags, e.GetTfd().GetFown()
	case e.GetIfy() != nil:
		anon("inotify")
		f.flags, f.owner = e.GetIfy().Flags, e.GetIfy().GetFown()
	case e.GetFfy() != nil:
		anon("[fanotify]")
		f.flags, f.owner = e.GetFfy().Flags, e.GetFfy().GetFown()
	case e.GetBpf() != nil:
		anon("bpf-map")
		f.flags, f.owner = e.GetBpf().Flags, e.GetBpf().GetFown()
	case e.GetPidfd() != nil:
		anon("[pidfd]")
		f.flags, f.owner = e.GetPidfd().Flags, e.GetPidfd().GetFown()
	case e.GetMemfd() != nil:
		f.flags, f.owner, f.deleted = e.GetMemfd().Flags, e.GetMemfd().GetFown(), true
		if m := t.memfds[e.GetMemfd().GetInodeId()]; m != nil {
			f.path = ptr("/memfd:" + m.GetName())
			if m.GetName() == sharedAnonymous {
				f.path = ptr(sharedAnonymous)
			}
		} else {
			s.dangling("files", fmt.Sprintf("file_id=%d", f.id), "memfd", uint64(e.GetMemfd().GetInodeId()))
		}
	case e.GetNsf() != nil:
		f.flags = e.GetNsf().Flags
	case e.GetExt() != nil:
		f.owner = e.GetExt().GetFown()
	}
}

// sharedAnonymous is the name CRIU gives the memfd it makes of an anonymous
// shared mapping, which the kernel shows by that name.
const sharedAnonymous = "/dev/zero"

func socketPath(inode *uint32) *string {
	if inode == nil {
		return nil
	}
	return ptr(fmt.Sprintf("socket:[%d]", *inode))
}

// openedBy takes path and flags of a FIFO or terminal from the file it was
// opened by.
func (s *imageSet) openedBy(t *fileTable, f *openFile, id *uint32) {
	if id == nil {
		return
	}
	opened := t.byID[*id]
	if opened == nil || opened.entry.GetReg() == nil {
		s.dangling("files", fmt.Sprintf("file_id=%d", f.id), "regular file", uint64(*id))
		return
	}
	reg := opened.entry.GetReg()
	f.path, f.flags, f.owner = reg.Name, reg.Flags, reg.GetFown()
}

// assignRoles notes what refers to each file.
func (s *imageSet) assignRoles() {
	role := func(id *uint32, name string) {
		if id == nil {
			return
		}
		if f := s.files().byID[*id]; f != nil {
			f.role(name)
		}
	}
	for _, q := range s.queues() {
		for _, id := range q.passed() {
			role(&id, "in_flight")
		}
	}
	for _, f := range s.files().order {
		if f.fds > 0 {
			f.role("fd")
		}
		if f.entry.GetFifo() != nil {
			role(f.entry.GetFifo().RegfId, "fifo_path")
		}
		if f.entry.GetTty() != nil {
			role(f.entry.GetTty().RegfId, "tty_path")
		}
	}
	for _, pid := range slices.Sorted(maps.Keys(s.spaces())) {
		space := s.spaces()[pid]
		role(space.ExeFileId, "exe")
		for _, v := range space.GetVmas() {
			if f := s.mappedFile(v); f != nil {
				f.role("mapping")
			}
		}
	}
	for _, pid := range slices.Sorted(maps.Keys(s.folders())) {
		f := s.folders()[pid]
		if !s.mayBeInTree(pid) {
			continue
		}
		role(f.CwdId, "cwd")
		role(f.RootId, "root")
	}
	for _, r := range s.files().remaps {
		if kind, id := remapOf(r); kind == remap.RemapType_LINKED {
			role(&id, "remap_target")
		}
	}
}

// fileKind returns the kind of file that a mode says.
func fileKind(mode *uint32) *string {
	if mode == nil {
		return nil
	}
	switch *mode & kernel.S_IFMT {
	case kernel.S_IFREG:
		return ptr("file")
	case kernel.S_IFDIR:
		return ptr("directory")
	case kernel.S_IFCHR:
		return ptr("char_device")
	case kernel.S_IFBLK:
		return ptr("block_device")
	case kernel.S_IFIFO:
		return ptr("fifo")
	case kernel.S_IFSOCK:
		return ptr("socket")
	case kernel.S_IFLNK:
		return ptr("symlink")
	}
	return nil
}
