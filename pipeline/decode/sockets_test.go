package decode_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	inet "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-inet"
	skopts "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-opts"
	skpacket "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-packet"
	sockunix "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-unix"
	tcp "github.com/checkpoint-restore/go-criu/v8/crit/images/tcp-stream"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/schema"
)

func inetSocket(id, family uint32, source, destination []uint32) *fdinfo.FileEntry {
	return &fdinfo.FileEntry{Type: fdinfo.FdTypes_INETSK.Enum(), Id: &id, Isk: &inet.InetSkEntry{
		Id: &id, Ino: proto.Uint32(100 + id), Family: &family, SrcAddr: source, DstAddr: destination, DstPort: proto.Uint32(80), Opts: &skopts.SkOptsEntry{}}}
}

// problemsWith returns the problems of a table: code and row.
func problemsWith(rows *schema.Rows, table string) string {
	var all []string
	for _, p := range rows.Problems {
		if value(p.TableName) == table {
			all = append(all, p.Code+" "+value(p.RowKey))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

// TestAddressesByFamily: the family says how many words an address has. CRIU 0.1 wrote
// four for IPv4 too.
func TestAddressesByFamily(t *testing.T) {
	const ipv4, ipv6 = 2, 10
	first := binary.LittleEndian.Uint32([]byte{10, 1, 2, 3})
	rows := decodeWith(t, imageOf(t, "checkpoint/files.img",
		inetSocket(1, ipv4, []uint32{first}, []uint32{first, 1, 2, 3}), inetSocket(2, ipv6, []uint32{first}, []uint32{0, 0, 0, 0}),
		inetSocket(3, ipv4, []uint32{first, 0}, nil), inetSocket(4, ipv6, []uint32{0, 0, 0xffff0000, first}, []uint32{0, 0, 0, 0, 0})))
	var got []string
	for _, s := range rows.Sockets {
		got = append(got, value(s.LocalAddress.Text)+" "+value(s.RemoteAddress.Text))
	}
	equal(t, "addresses", strings.Join(got, "; "), "10.1.2.3 10.1.2.3;  ::;  ; ::ffff:10.1.2.3 ")
	equal(t, "problems", problemsWith(rows, "sockets"), "malformed file_id=2; malformed file_id=3; malformed file_id=3; malformed file_id=4")
}

// TestKeepaliveOptions: each stands where it stood in the CRIU that wrote it.
func TestKeepaliveOptions(t *testing.T) {
	none, older, both := inetSocket(1, 2, []uint32{0}, []uint32{0}), inetSocket(2, 2, []uint32{0}, []uint32{0}), inetSocket(3, 2, []uint32{0}, []uint32{0})
	older.Isk.Opts.TcpKeepcnt, older.Isk.Opts.TcpKeepidle, older.Isk.Opts.TcpKeepintvl = proto.Uint32(1), proto.Uint32(2), proto.Uint32(3)
	both.Isk.Opts = older.Isk.Opts
	both.Isk.TcpOpts = &tcp.TcpOptsEntry{Nodelay: proto.Bool(true), Keepcnt: proto.Uint32(0)}
	rows := decodeWith(t, imageOf(t, "checkpoint/files.img", none, older, both))
	o := rows.SocketOptions
	equal(t, "neither", o[0].TCPKeepCount == nil && o[0].TCPNodelay == nil, true)
	equal(t, "in the older place", fmt.Sprint(*o[1].TCPKeepCount, *o[1].TCPKeepIdle, *o[1].TCPKeepInterval), "1 2 3")
	equal(t, "in both", fmt.Sprint(*o[2].TCPKeepCount, *o[2].TCPKeepIdle, *o[2].TCPKeepInterval, *o[2].TCPNodelay), "0 2 3 true")
}

// TestSocketPathMode: the permission bits of a socket's path, as of other files.
func TestSocketPathMode(t *testing.T) {
	named := &fdinfo.FileEntry{Type: fdinfo.FdTypes_UNIXSK.Enum(), Id: proto.Uint32(1), Usk: &sockunix.UnixSkEntry{
		Id: proto.Uint32(1), Ino: proto.Uint32(5), Name: []byte("/s\x00"), FilePerms: &sockunix.FilePermsEntry{Mode: proto.Uint32(0o141755)}}}
	rows := decodeWith(t, imageOf(t, "checkpoint/files.img", named))
	equal(t, "mode", *rows.Sockets[0].NameMode, 0o1755)
}

// TestQueueWithoutSocket: a packet waits for a socket that is not there.
func TestQueueWithoutSocket(t *testing.T) {
	packet := func(id uint32) *skpacket.SkPacketEntry {
		return &skpacket.SkPacketEntry{IdFor: &id, Length: proto.Uint32(0)}
	}
	rows := decodeWith(t, imageOf(t, "checkpoint/files.img", inetSocket(1, 2, []uint32{0}, []uint32{0})),
		imageOf(t, "checkpoint/sk-queues.img", packet(1), packet(555)))
	equal(t, "rows", len(rows.SocketQueues), 2)
	equal(t, "problems", problemsWith(rows, "socket_queues"), "dangling_reference position=1")
}
