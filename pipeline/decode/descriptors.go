package decode

import (
	"encoding/binary"
	"fmt"
	"net"
	"strconv"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	remap "github.com/checkpoint-restore/go-criu/v8/crit/images/remap-file-path"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// decodeDescriptors fills file_descriptors, files and file_remaps.
func (s *imageSet) decodeDescriptors() {
	descriptors := laterRows(&s.notes, &s.rows.FileDescriptors, s.files().descriptorRow)
	for _, p := range s.tree() {
		number, ok := s.tableNumber(p.GetPid())
		if !ok {
			continue
		}
		var filesID *uint32
		if ids := s.kernelIDs(p.GetPid()); ids != nil {
			filesID = ids.FilesId
		}
		seen := map[uint32]bool{}
		for _, d := range s.files().tables[number] {
			if isFull(&s.notes, &s.rows.FileDescriptors) {
				break
			}
			if seen[d.GetFd()] {
				s.rowProblem("file_descriptors", fmt.Sprintf("pid=%d,fd=%d", p.GetPid(), d.GetFd()), Error, DuplicateObject, "the descriptor occurs twice; only the first was decoded")
				continue
			}
			seen[d.GetFd()] = true
			if s.files().byID[d.GetId()] == nil {
				s.dangling("file_descriptors", fmt.Sprintf("pid=%d,fd=%d", p.GetPid(), d.GetFd()), "file", uint64(d.GetId()))
			}
			descriptors.add(descriptor{p.GetPid(), filesID, d})
		}
	}
	s.assignRoles()
	s.checkEmptyTables()
	descriptors.finish(&s.rows, func(r *schema.Rows) *[]schema.FileDescriptor { return &r.FileDescriptors })
	files := laterRows(&s.notes, &s.rows.Files, s.files().row)
	for _, f := range s.files().order {
		files.add(f)
		if v := f.entry.GetTfd(); v != nil {
			s.checkTimes("files", fmt.Sprintf("file_id=%d", f.id), nanoseconds(v.GetVsec(), v.GetVnsec()), nanoseconds(v.GetIsec(), v.GetInsec()))
		}
	}
	files.finish(&s.rows, func(r *schema.Rows) *[]schema.File { return &r.Files })
	for _, r := range s.files().remaps {
		add(&s.notes, &s.rows.FileRemaps, s.remapRow(r))
	}
}

// tableNumber returns the number in the name of the image with a process's
// descriptors: that of its table, which processes may share, but the pid in sets of
// before fdinfo_per_id. Source: CRIU criu/files.c, prepare_fd_pid.
func (s *imageSet) tableNumber(pid uint32) (number uint32, ok bool) {
	if s.inventory() != nil && !s.inventory().GetFdinfoPerId() {
		return pid, true
	}
	ids := s.kernelIDs(pid)
	return ids.GetFilesId(), ids != nil
}

// checkEmptyTables notes tables without a descriptor where files are open that
// nothing refers to. A process may have closed all its descriptors, but then none
// of its files is left over.
func (s *imageSet) checkEmptyTables() {
	unused := 0
	for _, f := range s.files().order {
		if len(f.roles) == 0 {
			unused++
		}
	}
	if unused == 0 {
		return
	}
	for _, img := range s.ofKind("FDINFO") {
		if img.entries != nil && *img.entries == 0 && img.status == "ok" {
			s.imageProblem(img, &criu.ImageError{Code: Truncated, Err: fmt.Errorf("no descriptor, though %d open files are nobody's", unused)})
		}
	}
}

// descriptor is a descriptor of a process.
type descriptor struct {
	pid     uint32
	filesID *uint32
	entry   *fdinfo.FdinfoEntry
}

// descriptorRow makes the row of a descriptor.
func (t *fileTable) descriptorRow(of descriptor) schema.FileDescriptor {
	const closeOnExec = 1 // FD_CLOEXEC, linux/fcntl.h
	d := of.entry
	row := schema.FileDescriptor{
		PID: of.pid, FD: int32(d.GetFd()), FileID: d.GetId(), FilesID: of.filesID, Type: criu.FileType.Name(uint64(d.GetType())),
		TypeCode: int32(d.GetType()), CloseOnExec: d.GetFlags()&closeOnExec != 0, FDFlags: d.GetFlags(),
		SelinuxLabel: optionalText(d.XattrSecuritySelinux),
	}
	f := t.byID[d.GetId()]
	if f == nil {
		return row
	}
	row.Path, row.Deleted, row.Access, row.Position = f.pathText(), f.deleted, f.access(), f.position()
	row.OpenFlags = optionalFlags(t.names.OpenFlags, f.flags)
	row.Peer = peerOf(f.entry, t.host)
	return row
}

// peerOf names the other end of a connected socket.
func peerOf(e *fdinfo.FileEntry, order binary.ByteOrder) *string {
	if i := e.GetIsk(); i != nil && i.GetDstPort() != 0 {
		if a := inetAddress(i.GetFamily(), i.GetDstAddr(), order); a.Text != nil {
			return ptr(net.JoinHostPort(*a.Text, strconv.FormatUint(uint64(i.GetDstPort()), 10)))
		}
	}
	if u := e.GetUsk(); u != nil && u.GetPeer() != 0 {
		return socketPath(u.Peer)
	}
	return nil
}

func (s *imageSet) remapRow(r *remap.RemapFilePathEntry) schema.FileRemap {
	row := schema.FileRemap{FileID: r.GetOrigId(), RemapID: r.GetRemapId()}
	if f := s.files().byID[r.GetOrigId()]; f != nil {
		row.Path = f.pathText()
	}
	kind, id := remapOf(r)
	row.Type = enum(&criu.RemapType, kind)
	switch kind {
	case remap.RemapType_GHOST:
		row.GhostID = &id
	case remap.RemapType_LINKED:
		row.LinkFileID = &id
	case remap.RemapType_PROCFS:
		row.DeadPID = &id
	}
	return row
}

// remapOf returns kind and number of a remap. Old images have no kind: the top
// bit of the number says ghost.
func remapOf(r *remap.RemapFilePathEntry) (remap.RemapType, uint32) {
	const oldGhost = 1 << 31
	switch {
	case r.RemapType != nil:
		return r.GetRemapType(), r.GetRemapId()
	case r.GetRemapId()&oldGhost != 0:
		return remap.RemapType_GHOST, r.GetRemapId() &^ oldGhost
	}
	return remap.RemapType_LINKED, r.GetRemapId()
}
