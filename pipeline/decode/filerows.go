package decode

import (
	"reflect"

	bpf "github.com/checkpoint-restore/go-criu/v8/crit/images/bpfmap-file"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/regfile"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// row makes the row of an open file.
func (t *fileTable) row(f *openFile) schema.File {
	e := f.entry
	row := schema.File{
		FileID: f.id, OwnID: ownID(e), Type: criu.FileType.Name(uint64(e.GetType())), TypeCode: int32(e.GetType()), Path: f.pathText(), Deleted: f.deleted,
		Roles: notNil(f.roles), DescriptorCount: f.fds, Access: f.access(), OpenFlags: optionalFlags(t.names.OpenFlags, f.flags), Position: f.position(),
	}
	if f.owner != nil {
		row.OwnerUID, row.OwnerEUID, row.OwnerPIDType = f.owner.Uid, f.owner.Euid, f.owner.PidType
		row.OwnerSignal = optionalSignal(t.names.Signal, f.owner.Signum)
		if f.owner.GetPid() != 0 {
			row.OwnerPID = f.owner.Pid
		}
	}
	if r := e.GetReg(); r != nil {
		regularColumns(&row, r)
		row.BuildID = f.buildID
	}
	if p := e.GetPipe(); p != nil {
		row.PipeID = p.PipeId
	}
	if p := e.GetFifo(); p != nil {
		row.PipeID, row.PathFileID = p.PipeId, p.RegfId
	}
	if tty := e.GetTty(); tty != nil {
		row.TTYInfoID, row.PathFileID = tty.TtyInfoId, tty.RegfId
	}
	if m := e.GetMemfd(); m != nil {
		row.MemfdInodeID = m.InodeId
		if inode := t.memfds[m.GetInodeId()]; inode != nil {
			row.SizeBytes = inode.Size
		}
	}
	if b := e.GetBpf(); b != nil {
		bpfColumns(&row, b)
	}
	eventColumns(&row, e, t.names)
	if n := e.GetNsf(); n != nil {
		row.NamespaceID, row.NamespaceKind = n.NsId, optionalEnum(&criu.NamespaceFlag, n.NsCflag)
	}
	if tun := e.GetTunf(); tun != nil {
		row.TunDevice, row.TunDetached, row.TunNetNsID = optionalText(tun.Netdev), tun.Detached, tun.NsId
	}
	if p := e.GetPidfd(); p != nil {
		row.PidfdInode, row.PidfdPID = p.Ino, p.Nspid
	}
	return row
}

// ownID returns the id in the message of the file's kind: the field Id of the
// one message that is there.
func ownID(e *fdinfo.FileEntry) *uint32 {
	fields := reflect.ValueOf(e).Elem()
	for i := range fields.NumField() {
		kind := fields.Field(i)
		if kind.Kind() != reflect.Pointer || kind.IsNil() || kind.Elem().Kind() != reflect.Struct {
			continue
		}
		if id := kind.Elem().FieldByName("Id"); id.IsValid() && !id.IsNil() {
			return ptr(uint32(id.Elem().Uint()))
		}
	}
	return nil
}

func regularColumns(row *schema.File, r *regfile.RegFileEntry) {
	row.SizeBytes, row.FileKind, row.MountID, row.External = r.Size, fileKind(r.Mode), r.MntId, r.Ext
	if r.Mode != nil {
		row.Mode = ptr(r.GetMode() & 0o7777)
	}
	row.ChecksumCRC32C, row.ChecksumConfig, row.ChecksumParameter = r.Checksum, r.ChecksumConfig, r.ChecksumParameter
}

func bpfColumns(row *schema.File, b *bpf.BpfmapFileEntry) {
	row.BPFMapID, row.BPFMapType, row.BPFMapName, row.MountID = b.MapId, b.MapType, optionalText(b.MapName), b.MntId
}

// eventColumns fills in eventfd, signalfd, timerfd and watchers.
func eventColumns(row *schema.File, e *fdinfo.FileEntry, names criu.Dialect) {
	if v := e.GetEfd(); v != nil {
		row.EventfdCounter = v.Counter
	}
	if v := e.GetSgfd(); v != nil {
		row.SignalfdMask = optionalFlags(names.SignalSet, v.Sigmask)
	}
	if v := e.GetTfd(); v != nil {
		row.TimerfdClock, row.TimerfdTicks = optionalEnum(&criu.Clock, v.Clockid), v.Ticks
		row.TimerfdFlags = optionalFlags(&criu.TimerfdFlags, v.SettimeFlags)
		row.TimerfdValueNS, row.TimerfdIntervalNS = nanoseconds(v.GetVsec(), v.GetVnsec()), nanoseconds(v.GetIsec(), v.GetInsec())
	}
	if v := e.GetEpfd(); v != nil {
		row.EpollTargets = ptr(uint32(len(v.GetTfd())))
	}
	if v := e.GetIfy(); v != nil {
		row.WatchCount = ptr(uint32(len(v.GetWd())))
	}
	if v := e.GetFfy(); v != nil {
		row.WatchCount = ptr(uint32(len(v.GetMark())))
		row.FanotifyFlags, row.FanotifyEvFlags = optionalFlags(&criu.FanotifyInit, v.Faflags), optionalFlags(names.OpenFlags, v.Evflags)
	}
}
