package decode_test

import (
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/mnt"
	"google.golang.org/protobuf/proto"
)

// TestMountTwice: an id is that of one mount of a namespace; the same in another
// namespace is another mount.
func TestMountTwice(t *testing.T) {
	mount := func(id uint32, point string) *mnt.MntEntry {
		return &mnt.MntEntry{Fstype: proto.Uint32(1), MntId: &id, RootDev: proto.Uint32(5), ParentMntId: proto.Uint32(0), Flags: proto.Uint32(0),
			Root: proto.String("/"), Mountpoint: &point, Source: proto.String("proc"), Options: proto.String("")}
	}
	rows := decodeWith(t, imageOf(t, "checkpoint/mountpoints-77.img", mount(1, "/a"), mount(2, "/b"), mount(1, "/c")),
		imageOf(t, "checkpoint/mountpoints-78.img", mount(1, "/d")))
	var points string
	for _, m := range rows.Mounts {
		if m.MntNsID >= 77 {
			points += value(m.Mountpoint.Text) + " "
		}
	}
	equal(t, "mounts", points, "/a /b /d ")
	equal(t, "problems", problemsWith(rows, "mounts"), "duplicate_object mnt_ns_id=77,mount_id=1")
}
