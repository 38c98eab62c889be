package decode_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fown"
	ghost "github.com/checkpoint-restore/go-criu/v8/crit/images/ghost-file"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/regfile"
	imgtime "github.com/checkpoint-restore/go-criu/v8/crit/images/time"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/tun"
	"google.golang.org/protobuf/proto"
)

// TestTunFiles: a tun file has two entries, the device file that was opened, which
// has path, flags, position and owner, and the interface. One without the first has
// the usual path, and no flags that anything tells.
func TestTunFiles(t *testing.T) {
	opened := &fdinfo.FileEntry{Type: fdinfo.FdTypes_REG.Enum(), Id: proto.Uint32(900), Reg: &regfile.RegFileEntry{
		Id: proto.Uint32(900), Flags: proto.Uint32(0o104002), Pos: proto.Uint64(7), Name: proto.String("/jail/tun"),
		Fown: &fown.FownEntry{Uid: proto.Uint32(1), Euid: proto.Uint32(2), Signum: proto.Uint32(29), PidType: proto.Uint32(1), Pid: proto.Uint32(3)}}}
	device := &fdinfo.FileEntry{Type: fdinfo.FdTypes_TUNF.Enum(), Id: proto.Uint32(900), Tunf: &tun.TunfileEntry{Id: proto.Uint32(900), Netdev: proto.String("tap0")}}
	descriptor := &fdinfo.FdinfoEntry{Id: proto.Uint32(900), Type: fdinfo.FdTypes_TUNF.Enum(), Fd: proto.Uint32(5), Flags: proto.Uint32(0)}
	for _, entries := range [][]any{{opened, device}, {device, opened}} {
		rows := decodeWith(t, imageOf(t, "checkpoint/files.img", entries...), imageOf(t, "checkpoint/fdinfo-2.img", descriptor))
		f, d := rows.Files[0], rows.FileDescriptors[0]
		equal(t, "file", fmt.Sprint(f.Type, *f.TunDevice.Text, *f.Path.Text, *f.Access, f.OpenFlags.Names, *f.Position, *f.OwnerUID, *f.OwnerEUID, *f.OwnerPID),
			"TUNFtap0/jail/tunrw[O_RDWR O_NONBLOCK O_LARGEFILE] 7 1 2 3")
		equal(t, "descriptor", fmt.Sprint(d.Type, *d.Path.Text, *d.Access, d.OpenFlags.Names, *d.Position), "TUNF/jail/tunrw[O_RDWR O_NONBLOCK O_LARGEFILE] 7")
	}
	alone := decodeWith(t, imageOf(t, "checkpoint/files.img", device), imageOf(t, "checkpoint/fdinfo-2.img", descriptor)).Files[0]
	equal(t, "interface alone", fmt.Sprint(*alone.Path.Text, alone.Access == nil, alone.OpenFlags.Bits == nil, alone.Position == nil), "/dev/net/tuntrue true true")
}

// TestTimesOfDeletedFiles: a file may be older than 1970.
func TestTimesOfDeletedFiles(t *testing.T) {
	at := func(seconds int64) *imgtime.Timeval {
		return &imgtime.Timeval{TvSec: proto.Uint64(uint64(seconds)), TvUsec: proto.Uint64(500_000)}
	}
	rows := decodeWith(t, imageOf(t, "checkpoint/ghost-file-1.img", &ghost.GhostFileEntry{Uid: proto.Uint32(0), Gid: proto.Uint32(0), Mode: proto.Uint32(0o100644),
		Atim: at(-86400), Mtim: at(86400)}, []byte("x")), imageOf(t, "checkpoint/ghost-file-2.img", &ghost.GhostFileEntry{Uid: proto.Uint32(0), Gid: proto.Uint32(0),
		Mode: proto.Uint32(0o100644), Atim: at(math.MinInt64), Mtim: at(math.MaxInt64)}, []byte("x")))
	f := rows.GhostFiles[0]
	equal(t, "times", f.AccessedAt.Format(time.RFC3339Nano)+" "+f.ModifiedAt.Format(time.RFC3339Nano), "1969-12-31T00:00:00.5Z 1970-01-02T00:00:00.5Z")
	if f := rows.GhostFiles[1]; f.AccessedAt != nil || f.ModifiedAt != nil {
		t.Errorf("impossible times: %v, %v", f.AccessedAt, f.ModifiedAt)
	}
}
