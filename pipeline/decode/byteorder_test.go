package decode_test

import (
	"archive/tar"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/inventory"
	packet "github.com/checkpoint-restore/go-criu/v8/crit/images/packet-sock"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/regfile"
	inet "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-inet"
	"google.golang.org/protobuf/proto"
)

// TestBytesInWords: what CRIU copies into words lies in them as in the memory of the
// dumped host, such as one of s390, which is big-endian.
func TestBytesInWords(t *testing.T) {
	for _, order := range []interface {
		binary.ByteOrder
		binary.AppendByteOrder
	}{binary.LittleEndian, binary.BigEndian} {
		words := func(b ...byte) (list []uint32) {
			for ; len(b) > 0; b = b[4:] {
				list = append(list, order.Uint32(b))
			}
			return list
		}
		socket := func(id uint32, source, destination []uint32) *fdinfo.FileEntry {
			return &fdinfo.FileEntry{Type: fdinfo.FdTypes_INETSK.Enum(), Id: &id, Isk: &inet.InetSkEntry{Id: &id, SrcAddr: source, DstAddr: destination, DstPort: proto.Uint32(80)}}
		}
		image := func(name string, data []byte) tarMember {
			return tarMember{header: tar.Header{Name: "checkpoint/" + name, Mode: 0o600, Typeflag: tar.TypeReg}, data: data}
		}
		rows := decodeWith(t,
			image("inventory.img", criuImage(t, order, "INVENTORY", &inventory.InventoryEntry{ImgVersion: proto.Uint32(2)})[4:]),
			image("files.img", criuImage(t, order, "FILES",
				socket(1, words(127, 0, 0, 1), words(10, 1, 2, 3)),
				socket(2, words(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), words(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3)),
				socket(3, words(1, 2, 3, 4, 5, 6, 7, 8), nil),
				&fdinfo.FileEntry{Type: fdinfo.FdTypes_PACKETSK.Enum(), Id: proto.Uint32(4), Psk: &packet.PacketSockEntry{
					Id: proto.Uint32(4), Protocol: proto.Uint32(uint32(order.Uint16([]byte{0x08, 0x06})))}},
				&fdinfo.FileEntry{Type: fdinfo.FdTypes_REG.Enum(), Id: proto.Uint32(5), Reg: &regfile.RegFileEntry{
					Id: proto.Uint32(5), Name: proto.String("/bin/x"), BuildId: words(0x0d, 0xaa, 0x1a, 0x38, 0x55, 0xd8, 0xd1, 0x90)}})))
		t.Run(order.String(), func(t *testing.T) {
			s := rows.Sockets
			equal(t, "IPv4", fmt.Sprint(*s[0].LocalAddress.Text, s[0].LocalAddress.Bytes, *s[0].RemoteAddress.Text), "127.0.0.1[127 0 0 1]10.1.2.3")
			equal(t, "IPv6", *s[1].LocalAddress.Text+" "+*s[1].RemoteAddress.Text, "fe80::1 ::ffff:10.1.2.3")
			equal(t, "two words are no address", s[2].LocalAddress.Text == nil && s[2].RemoteAddress.Text == nil, true)
			equal(t, "ethertype", *s[3].Protocol.Name, "arp")
			equal(t, "build id", *rows.Files[4].BuildID, "0daa1a3855d8d190")
		})
	}
}
