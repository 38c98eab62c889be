package decode

import (
	"fmt"
	"slices"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/eventpoll"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fh"
	filelock "github.com/checkpoint-restore/go-criu/v8/crit/images/file-lock"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fsnotify"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// decodeLocks fills file_locks.
func (s *imageSet) decodeLocks() {
	each(s, s.image("filelocks.img"), func(e *entry, l *filelock.FileLockEntry) {
		row := schema.FileLock{
			Position: uint32(e.index), Kind: optionalEnum(&criu.FileLockKind, l.Flag), Type: optionalEnum(&criu.FileLockType, l.Type),
			PID: l.GetPid(), FD: l.GetFd(), Start: l.GetStart(), Length: l.GetLen(),
		}
		if id, ok := s.descriptorsOf(uint32(l.GetPid()))[uint32(l.GetFd())]; ok {
			row.FileID = &id
			if f := s.files().byID[id]; f != nil {
				row.Path = f.pathText()
			}
		} else {
			s.rowProblem("file_locks", positionKey(uint32(e.index)), Warning, DanglingReference,
				fmt.Sprintf("process %d has no descriptor %d", l.GetPid(), l.GetFd()))
		}
		add(&s.notes, &s.rows.FileLocks, row)
	})
}

// descriptorsOf returns the file ids of a process's descriptors by their
// numbers; the map is kept, and shared by processes that share a table.
func (s *imageSet) descriptorsOf(pid uint32) map[uint32]uint32 {
	number, ok := s.tableNumber(pid)
	if !ok {
		return nil
	}
	return s.descriptorTable(number)
}

func (s *imageSet) descriptorTable(number uint32) map[uint32]uint32 {
	if known, ok := s.files().byNumber[number]; ok {
		return known
	}
	table := make(map[uint32]uint32, len(s.files().tables[number]))
	for _, d := range s.files().tables[number] {
		table[d.GetFd()] = d.GetId()
	}
	s.files().byNumber[number] = table
	return table
}

// decodeWatches fills epoll_targets and file_watches.
func (s *imageSet) decodeWatches() {
	for _, f := range s.files().order {
		if e := f.entry.GetEpfd(); e != nil {
			s.epollRows(f, e)
		}
		if i := f.entry.GetIfy(); i != nil {
			for n, w := range i.GetWd() {
				add(&s.notes, &s.rows.FileWatches, s.inotifyRow(f.id, n, w))
			}
		}
		if a := f.entry.GetFfy(); a != nil {
			for n, m := range a.GetMark() {
				add(&s.notes, &s.rows.FileWatches, s.fanotifyRow(f.id, n, m))
			}
		}
	}
}

func (s *imageSet) epollRows(f *openFile, e *eventpoll.EventpollFileEntry) {
	tables := s.tablesWith(f)
	missing := 0
	for n, t := range e.GetTfd() {
		row := schema.EpollTarget{
			EpollFileID: f.id, Position: uint32(n), OwnID: t.Id, TargetFD: t.GetTfd(), Events: optionalFlags(&criu.EpollEvents, t.Events),
			Data: t.GetData(), TargetDevice: kernelDevice(t.Dev), TargetInode: t.Inode, TargetPosition: t.Pos,
		}
		if row.TargetFileID = s.epollTarget(tables, t); row.TargetFileID == nil {
			missing++
		}
		add(&s.notes, &s.rows.EpollTargets, row)
	}
	if missing > 0 && len(tables) > 0 {
		s.rowProblem("epoll_targets", fmt.Sprintf("epoll_file_id=%d", f.id), Warning, DanglingReference,
			fmt.Sprintf("of %d watched descriptors it is not known what is behind them", missing))
	}
}

// maxHolders bounds how many descriptor tables are searched for what an epoll
// watches.
const maxHolders = 64

// tablesWith returns the descriptor tables that hold a file.
func (s *imageSet) tablesWith(f *openFile) []map[uint32]uint32 {
	var tables []map[uint32]uint32
	seen := map[uint32]bool{}
	for _, pid := range f.pids {
		number, ok := s.tableNumber(pid)
		if ok && !seen[number] && len(tables) < maxHolders {
			seen[number] = true
			tables = append(tables, s.descriptorTable(number))
		}
	}
	return tables
}

// epollTarget returns the file behind a watched descriptor. The number is one
// of the process that CRIU met the epoll in, which the image does not name:
// where the holders have different files there, the inode may decide.
func (s *imageSet) epollTarget(tables []map[uint32]uint32, t *eventpoll.EventpollTfdEntry) *uint32 {
	var found []uint32
	for _, table := range tables {
		id, ok := table[t.GetTfd()]
		if !ok || slices.Contains(found, id) {
			continue
		}
		if f := s.files().byID[id]; f != nil && t.Inode != nil {
			if inode := inodeOf(f.entry); inode != nil && *inode != uint32(t.GetInode()) {
				continue
			}
		}
		found = append(found, id)
	}
	if len(found) != 1 {
		return nil
	}
	return &found[0]
}

// inodeOf returns the inode of a socket or pipe; nil of what has none in its
// entry.
func inodeOf(e *fdinfo.FileEntry) *uint32 {
	switch {
	case e.GetIsk() != nil:
		return e.GetIsk().Ino
	case e.GetUsk() != nil:
		return e.GetUsk().Ino
	case e.GetNlsk() != nil:
		return e.GetNlsk().Ino
	case e.GetPipe() != nil:
		return e.GetPipe().PipeId
	}
	return nil
}

func (s *imageSet) inotifyRow(file uint32, position int, w *fsnotify.InotifyWdEntry) schema.FileWatch {
	row := schema.FileWatch{
		FileID: file, Kind: "inotify", Position: uint32(position), OwnID: w.Id, WatchDescriptor: w.Wd,
		Mask: optionalFlags(&criu.InotifyMask, w.Mask), IgnoredMask: optionalFlags(&criu.InotifyMask, w.IgnoredMask),
		Device: kernelDevice(w.SDev), Inode: w.IIno,
	}
	s.handleColumns(&row, w.GetFHandle())
	return row
}

func (s *imageSet) fanotifyRow(file uint32, position int, m *fsnotify.FanotifyMarkEntry) schema.FileWatch {
	row := schema.FileWatch{
		FileID: file, Kind: "fanotify", Position: uint32(position), OwnID: m.Id, MarkType: optionalEnum(&criu.FanotifyMarkType, m.Type),
		MarkFlags: optionalFlags(&criu.FanotifyMarkFlags, m.Mflags), Mask: optionalFlags(&criu.FanotifyMask, m.Mask),
		IgnoredMask: optionalFlags(&criu.FanotifyMask, m.IgnoredMask), Device: kernelDevice(m.SDev),
	}
	if i := m.GetIe(); i != nil {
		row.Inode = i.IIno
		s.handleColumns(&row, i.GetFHandle())
	}
	if mount := m.GetMe(); mount != nil {
		row.MarkMountID, row.MarkMountPath = mount.MntId, optionalText(mount.Path)
		if m.GetIe() == nil {
			row.MountID, row.Path = row.MarkMountID, row.MarkMountPath
		}
	}
	return row
}

// handleColumns fills in a file handle. Its bytes stand in words of the
// host's order, more of them than are used.
func (s *imageSet) handleColumns(row *schema.FileWatch, h *fh.FhEntry) {
	if h == nil {
		return
	}
	row.HandleType, row.HandleBytes, row.Path, row.MountID = h.Type, h.Bytes, optionalText(h.Path), h.MntId
	handle := []byte{}
	for _, word := range h.GetHandle() {
		if len(handle) >= int(h.GetBytes()) {
			break
		}
		handle = append(handle, s.wordBytes(word)...)
	}
	if len(handle) < int(h.GetBytes()) {
		s.rowProblem("file_watches", fmt.Sprintf("file_id=%d,position=%d", row.FileID, row.Position), Warning, SizeMismatch,
			fmt.Sprintf("a file handle of %d bytes, %d are there", h.GetBytes(), len(handle)))
		return
	}
	row.Handle = handle[:h.GetBytes()]
}

// wordBytes returns a word as it lay in the host's memory.
func (s *imageSet) wordBytes(word uint64) []byte {
	b := make([]byte, 8)
	s.hostOrder().PutUint64(b, word)
	return b
}

// decodeIrmap fills irmap_cache.
func (s *imageSet) decodeIrmap() {
	each(s, s.serviceImage("irmap-cache"), func(e *entry, c *fh.IrmapCacheEntry) {
		add(&s.notes, &s.rows.IrmapCache, schema.IrmapEntry{
			Position: uint32(e.index), Device: userDevice(c.Dev), Inode: c.GetInode(), Path: optionalText(c.Path),
		})
	})
}
