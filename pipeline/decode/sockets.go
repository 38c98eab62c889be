package decode

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	packet "github.com/checkpoint-restore/go-criu/v8/crit/images/packet-sock"
	inet "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-inet"
	netlink "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-netlink"
	skopts "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-opts"
	sockunix "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-unix"
	tcp "github.com/checkpoint-restore/go-criu/v8/crit/images/tcp-stream"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/schema"
)

// queue counts what waits in a socket.
type queue struct {
	packets uint32
	bytes   uint64
}

// socketTable is what the rows of sockets need beside their files.
type socketTable struct {
	queues    map[uint32]queue
	unixInode map[uint32]uint32 // to file id
	order     binary.ByteOrder  // of the dumped host
	names     criu.Dialect
}

// decodeSockets fills sockets and socket_options.
func (s *imageSet) decodeSockets() {
	t := &socketTable{queues: map[uint32]queue{}, unixInode: map[uint32]uint32{}, order: s.hostOrder(), names: s.dialect()}
	for _, p := range s.queues() {
		q := t.queues[p.entry.GetIdFor()]
		t.queues[p.entry.GetIdFor()] = queue{q.packets + 1, q.bytes + uint64(p.entry.GetLength())}
	}
	for _, f := range s.files().order {
		if u := f.entry.GetUsk(); u != nil {
			t.unixInode[u.GetIno()] = f.id
		}
	}
	sockets := laterRows(&s.notes, &s.rows.Sockets, t.row)
	options := laterRows(&s.notes, &s.rows.SocketOptions, optionsRow)
	for _, f := range s.files().order {
		if isSocket(f.entry) {
			options.add(f)
			sockets.add(f)
			s.checkAddresses(f)
			s.checkTimeouts(f)
		}
	}
	options.finish(&s.rows, func(r *schema.Rows) *[]schema.SocketOptions { return &r.SocketOptions })
	sockets.finish(&s.rows, func(r *schema.Rows) *[]schema.Socket { return &r.Sockets })
}

// row makes the row of a socket.
func (t *socketTable) row(f *openFile) schema.Socket {
	family := familyOf(f.entry)
	row := schema.Socket{FileID: f.id, Family: criu.SocketFamily.Name(uint64(family)), FamilyCode: family, OpenFlags: optionalFlags(t.names.OpenFlags, f.flags), PIDs: notNil(f.pids)}
	switch e := f.entry; {
	case e.GetIsk() != nil:
		row.Type = optionalEnum(t.names.SocketType, e.GetIsk().Type)
		inetColumns(&row, e.GetIsk(), t.order)
	case e.GetUsk() != nil:
		row.Type = optionalEnum(t.names.SocketType, e.GetUsk().Type)
		unixColumns(&row, e.GetUsk(), t.unixInode)
	case e.GetNlsk() != nil:
		netlinkColumns(&row, e.GetNlsk())
	case e.GetPsk() != nil:
		row.Type = optionalEnum(t.names.SocketType, e.GetPsk().Type)
		packetColumns(&row, e.GetPsk(), t.order)
	}
	row.QueuedPackets, row.QueuedBytes = t.queues[f.id].packets, t.queues[f.id].bytes
	return row
}

// decodeTCPStreams fills tcp_streams.
func (s *imageSet) decodeTCPStreams() {
	byInode := map[uint32]uint32{} // to file id
	for _, f := range s.files().order {
		if i := f.entry.GetIsk(); i != nil {
			byInode[i.GetIno()] = f.id
		}
	}
	for _, img := range s.ofKind("TCP_STREAM") {
		s.tcpRow(img, byInode)
	}
}

// isSocket reports whether an open file is a socket of a family that has rows.
func isSocket(e *fdinfo.FileEntry) bool {
	return e.GetIsk() != nil || e.GetUsk() != nil || e.GetNlsk() != nil || e.GetPsk() != nil
}

// familyOf returns the address family of a socket.
func familyOf(e *fdinfo.FileEntry) uint32 {
	switch {
	case e.GetIsk() != nil:
		return e.GetIsk().GetFamily()
	case e.GetUsk() != nil:
		return kernel.AF_UNIX
	case e.GetNlsk() != nil:
		return kernel.AF_NETLINK
	}
	return kernel.AF_PACKET
}

// socketOptionsOf returns the options that sockets of every family have.
func socketOptionsOf(e *fdinfo.FileEntry) *skopts.SkOptsEntry {
	switch {
	case e.GetIsk() != nil:
		return e.GetIsk().GetOpts()
	case e.GetUsk() != nil:
		return e.GetUsk().GetOpts()
	case e.GetNlsk() != nil:
		return e.GetNlsk().GetOpts()
	}
	return e.GetPsk().GetOpts()
}

func optionColumns(row *schema.Socket, o *skopts.SkOptsEntry) {
	if o.GetSoBoundDev() != "" {
		row.BoundDevice = text(o.GetSoBoundDev())
	}
}

func inetColumns(row *schema.Socket, i *inet.InetSkEntry, order binary.ByteOrder) {
	row.Protocol, row.State = optionalEnum(&criu.IPProtocol, i.Proto), optionalEnum(&criu.SocketState, i.State)
	family := i.GetFamily()
	row.LocalAddress, row.RemoteAddress = inetAddress(family, i.GetSrcAddr(), order), inetAddress(family, i.GetDstAddr(), order)
	row.LocalPort, row.RemotePort, row.Inode, row.NetNsID, row.Backlog = i.SrcPort, i.DstPort, i.Ino, i.NsId, i.Backlog
	row.Shutdown = optionalEnum(&criu.SocketShutdown, i.Shutdown)
	row.InterfaceName, row.V6Only = optionalText(i.Ifname), i.V6Only
	optionColumns(row, i.GetOpts())
}

// inetAddress makes an address of a socket's words. CRIU 0.1 wrote four for IPv4 too, of
// which the first is the address. Source: CRIU criu/sk-inet.c, inet_validate_address.
func inetAddress(family uint32, words []uint32, order binary.ByteOrder) schema.IP {
	switch {
	case !isInetAddress(family, words):
		return schema.IP{}
	case family == kernel.AF_INET:
		words = words[:1]
	}
	return memoryAddress(words, order)
}

// isInetAddress reports whether so many words are an address of the family.
func isInetAddress(family uint32, words []uint32) bool {
	switch family {
	case kernel.AF_INET:
		return len(words) == 1 || len(words) == 4
	case kernel.AF_INET6:
		return len(words) == 4
	}
	return true // it is not known what others have
}

// checkAddresses notes addresses that are none of the socket's family.
func (s *imageSet) checkAddresses(f *openFile) {
	i := f.entry.GetIsk()
	for _, words := range [][]uint32{i.GetSrcAddr(), i.GetDstAddr()} {
		if !isInetAddress(i.GetFamily(), words) {
			s.rowProblem("sockets", fmt.Sprintf("file_id=%d", f.id), Error, Malformed,
				fmt.Sprintf("an address of %d words, which none of %s has", len(words), criu.SocketFamily.Name(uint64(i.GetFamily()))))
		}
	}
}

// checkTimeouts notes timeouts that no column holds.
func (s *imageSet) checkTimeouts(f *openFile) {
	o := cmp.Or(socketOptionsOf(f.entry), &skopts.SkOptsEntry{})
	for _, t := range []struct{ sec, usec *uint64 }{{o.SoSndTmoSec, o.SoSndTmoUsec}, {o.SoRcvTmoSec, o.SoRcvTmoUsec}} {
		if t.sec != nil && t.usec != nil {
			s.checkTimes("socket_options", fmt.Sprintf("file_id=%d", f.id), microseconds(t.sec, t.usec))
		}
	}
}

func unixColumns(row *schema.Socket, u *sockunix.UnixSkEntry, byInode map[uint32]uint32) {
	row.State = optionalEnum(&criu.SocketState, u.State)
	row.Inode, row.NetNsID, row.Backlog = u.Ino, u.NsId, u.Backlog
	row.Shutdown = optionalEnum(&criu.SocketShutdown, u.Shutdown)
	row.Name = unixName(u.GetName())
	if u.GetPeer() != 0 {
		row.PeerInode = u.Peer
		if id, ok := byInode[u.GetPeer()]; ok {
			row.PeerFileID = &id
		}
	}
	row.NameDir, row.NameDeleted, row.MountID = optionalText(u.NameDir), u.Deleted, u.MntId
	if p := u.GetFilePerms(); p != nil {
		row.NameUID, row.NameGID = p.Uid, p.Gid
		if p.Mode != nil { // with the kind of the file, which is a socket
			row.NameMode = ptr(p.GetMode() & 0o7777)
		}
	}
	row.UnixFlags = optionalFlags(&criu.UnixSocketFlags, u.Uflags)
	optionColumns(row, u.GetOpts())
}

// unixName returns a unix socket's name: an abstract one, which the kernel
// begins with NUL, begins with @; a path is without its closing NUL.
func unixName(name []byte) schema.Text {
	if len(name) == 0 {
		return schema.Text{}
	}
	if name[0] != 0 {
		return text(strings.TrimSuffix(string(name), "\x00"))
	}
	t := text("@" + string(name[1:]))
	if t.Raw != nil {
		t.Raw = name
	}
	return t
}

func netlinkColumns(row *schema.Socket, n *netlink.NetlinkSkEntry) {
	row.Protocol, row.State = optionalEnum(&criu.NetlinkProtocol, n.Protocol), optionalEnum(&criu.SocketState, n.State)
	row.Inode, row.NetNsID = n.Ino, n.NsId
	row.NetlinkPortID, row.NetlinkGroups, row.NetlinkDstPort, row.NetlinkDstGroup = n.Portid, notNil(n.GetGroups()), n.DstPortid, n.DstGroup
	optionColumns(row, n.GetOpts())
}

func packetColumns(row *schema.Socket, p *packet.PacketSockEntry, order binary.ByteOrder) {
	row.InterfaceIndex, row.NetNsID = p.Ifindex, p.NsId
	protocol := uint16(p.GetProtocol()) // an ethertype in network order
	if order == binary.ByteOrder(binary.LittleEndian) {
		protocol = bits.ReverseBytes16(protocol)
	}
	row.Protocol = enum(&criu.EtherType, uint32(protocol))
	optionColumns(row, p.GetOpts())
	packetOptionColumns(row, p)
}

func (s *imageSet) tcpRow(img *image, byInode map[uint32]uint32) {
	each(s, img, func(e *entry, t *tcp.TcpStreamEntry) {
		row := schema.TCPStream{
			Inode: uint32(img.number), ReceiveQueueBytes: t.GetInqLen(), ReceiveSeq: t.GetInqSeq(), SendQueueBytes: t.GetOutqLen(),
			SendSeq: t.GetOutqSeq(), UnsentBytes: t.UnsqLen, Options: optionalFlags(&criu.TCPOptions, t.OptMask), SendWscale: t.GetSndWscale(),
			ReceiveWscale: t.RcvWscale, MSSClamp: t.GetMssClamp(), Timestamp: t.Timestamp, Cork: t.Cork, Nodelay: t.Nodelay,
			SndWl1: t.SndWl1, SndWnd: t.SndWnd, MaxWindow: t.MaxWindow, RcvWnd: t.RcvWnd, RcvWup: t.RcvWup,
		}
		if id, ok := byInode[row.Inode]; ok {
			row.FileID = &id
		} else {
			s.rowProblem("tcp_streams", "inode="+img.name, Warning, DanglingReference, "no socket has its inode")
		}
		content, whole := s.behind(img, e, uint64(t.GetInqLen()))
		row.ReceiveSHA256, row.ReceiveData = contentDigest(content, whole), s.payload(content)
		s.showPayload("tcp_streams", fmt.Sprintf("inode=%d", row.Inode), content)
		if whole {
			content, whole = s.behind(img, e, uint64(t.GetOutqLen()))
			row.SendSHA256, row.SendData = contentDigest(content, whole), s.payload(content)
			s.showPayload("tcp_streams", fmt.Sprintf("inode=%d", row.Inode), content)
		}
		add(&s.notes, &s.rows.TCPStreams, row)
	})
}
