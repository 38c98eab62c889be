package decode

import (
	"cmp"
	"fmt"

	packet "github.com/checkpoint-restore/go-criu/v8/crit/images/packet-sock"
	skpacket "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-packet"
	tcp "github.com/checkpoint-restore/go-criu/v8/crit/images/tcp-stream"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// queuedPacket is what waits in a socket: one entry of sk-queues.img.
type queuedPacket struct {
	position uint32
	entry    *skpacket.SkPacketEntry
	content  []byte
	whole    bool
}

// passed returns the files that the packet carries (SCM_RIGHTS).
func (q *queuedPacket) passed() []uint32 {
	files := []uint32{}
	for _, scm := range q.entry.GetScm() {
		files = append(files, scm.GetRights()...)
	}
	return files
}

// queues returns what waits in sockets, in the order of sk-queues.img.
func (s *imageSet) queues() []queuedPacket {
	return s.facts.queues.get(func() (queues []queuedPacket) {
		img := s.image("sk-queues.img")
		each(s, img, func(e *entry, p *skpacket.SkPacketEntry) {
			content, whole := s.behind(img, e, uint64(p.GetLength()))
			queues = append(queues, queuedPacket{uint32(e.index), p, content, whole})
		})
		return queues
	})
}

// decodeSocketQueues fills socket_queues.
func (s *imageSet) decodeSocketQueues() {
	queued := map[uint32]uint32{}
	for _, q := range s.queues() {
		if isFull(&s.notes, &s.rows.SocketQueues) {
			return
		}
		row := schema.QueuedPacket{
			Position: q.position, FileID: q.entry.GetIdFor(), QueuePosition: queued[q.entry.GetIdFor()], Size: q.entry.GetLength(),
			SHA256: contentDigest(q.content, q.whole), Data: s.payload(q.content), ControlTypes: []uint32{},
		}
		s.showPayload("socket_queues", positionKey(row.Position), q.content)
		queued[row.FileID]++
		for _, scm := range q.entry.GetScm() {
			row.ControlTypes = append(row.ControlTypes, scm.GetType())
		}
		if f := s.files().byID[row.FileID]; f == nil || !isSocket(f.entry) {
			s.dangling("socket_queues", positionKey(row.Position), "socket", uint64(row.FileID))
		}
		row.PassedFileIDs = q.passed()
		s.passedColumns(&row)
		add(&s.notes, &s.rows.SocketQueues, row)
	}
}

// passedColumns fills in the paths of passed files.
func (s *imageSet) passedColumns(row *schema.QueuedPacket) {
	paths, missing := []string{}, 0
	for _, id := range row.PassedFileIDs {
		path := ""
		if f := s.files().byID[id]; f == nil {
			missing++
		} else if f.path != nil {
			path = *f.path
		}
		paths = append(paths, path)
	}
	row.PassedPaths = textList(paths)
	if missing > 0 {
		s.rowProblem("socket_queues", positionKey(row.Position), Warning, DanglingReference, fmt.Sprintf("%d passed files are not in the checkpoint", missing))
	}
}

func positionKey(position uint32) string { return fmt.Sprintf("position=%d", position) }

// optionsRow makes the row of a socket's options.
func optionsRow(f *openFile) schema.SocketOptions {
	row := schema.SocketOptions{FileID: f.id, Family: criu.SocketFamily.Name(uint64(familyOf(f.entry)))}
	i := f.entry.GetIsk()
	if o := socketOptionsOf(f.entry); o != nil {
		row.SendBuffer, row.ReceiveBuffer, row.BufferLock = o.SoSndbuf, o.SoRcvbuf, optionalFlags(&criu.SocketBufferLock, o.SoBufLock)
		row.SendTimeoutUS, row.ReceiveTimeoutUS = microseconds(o.SoSndTmoSec, o.SoSndTmoUsec), microseconds(o.SoRcvTmoSec, o.SoRcvTmoUsec)
		row.ReuseAddress, row.ReusePort, row.Priority, row.ReceiveLowWater, row.Mark = o.Reuseaddr, o.SoReuseport, o.SoPriority, o.SoRcvlowat, o.SoMark
		row.PassCredentials, row.PassSecurity, row.DontRoute, row.NoCheck = o.SoPasscred, o.SoPasssec, o.SoDontroute, o.SoNoCheck
		row.BoundDevice = nonEmptyText(o.GetSoBoundDev())
		row.Broadcast, row.Keepalive, row.OOBInline, row.LingerSeconds = o.SoBroadcast, o.SoKeepalive, o.SoOobinline, o.SoLinger
		row.OldTCPKeepCount, row.OldTCPKeepIdle, row.OldTCPKeepIntervl = o.TcpKeepcnt, o.TcpKeepidle, o.TcpKeepintvl
		filterColumns(&row, o.GetSoFilter())
	}
	if ip := i.GetIpOpts(); ip != nil {
		row.IPFreebind, row.IPPacketInfo, row.IPTOS, row.IPTTL = ip.Freebind, ip.Pktinfo, ip.Tos, ip.Ttl
		if raw := ip.GetRaw(); raw != nil {
			row.IPHeaderIncluded, row.IPNoDefrag, row.IPChecksum, row.ICMPFilter = raw.Hdrincl, raw.Nodefrag, raw.Checksum, raw.GetIcmpvFilter()
		}
	}
	t := cmp.Or(i.GetTcpOpts(), &tcp.TcpOptsEntry{})
	row.TCPCork, row.TCPNodelay = t.Cork, t.Nodelay
	row.TCPKeepCount = cmp.Or(t.Keepcnt, row.OldTCPKeepCount)
	row.TCPKeepIdle, row.TCPKeepInterval = cmp.Or(t.Keepidle, row.OldTCPKeepIdle), cmp.Or(t.Keepintvl, row.OldTCPKeepIntervl)
	return row
}

// filterColumns splits the words of a classic BPF filter, one an instruction.
// Source: CRIU criu/sockets.c.
func filterColumns(row *schema.SocketOptions, filter []uint64) {
	row.FilterLength, row.FilterRaw = uint32(len(filter)), filter
	for _, word := range filter {
		row.FilterCode = append(row.FilterCode, uint16(word>>48))
		row.FilterTrue = append(row.FilterTrue, uint16(uint8(word>>40)))
		row.FilterFalse = append(row.FilterFalse, uint16(uint8(word>>32)))
		row.FilterOperand = append(row.FilterOperand, uint32(word))
	}
}

// packetOptionColumns fills in what only packet sockets have.
func packetOptionColumns(row *schema.Socket, p *packet.PacketSockEntry) {
	row.PacketVersion, row.PacketReserve, row.PacketAuxData = optionalEnum(&criu.PacketVersion, p.Version), p.Reserve, p.AuxData
	row.PacketOrigDev, row.PacketVnetHeader, row.PacketLoss = p.OrigDev, p.VnetHdr, p.Loss
	row.PacketTimestamp, row.PacketCopyThreshold, row.PacketFanout = optionalFlags(&criu.Timestamping, p.Timestamp), p.CopyThresh, p.Fanout
	row.MembershipInterfaces, row.MembershipTypes = []uint32{}, []string{}
	row.MembershipTypeCodes, row.MembershipAddresses = []uint32{}, [][]byte{}
	for _, m := range p.GetMclist() {
		row.MembershipInterfaces = append(row.MembershipInterfaces, m.GetIndex())
		row.MembershipTypes = append(row.MembershipTypes, criu.PacketMembership.Name(uint64(m.GetType())))
		row.MembershipTypeCodes = append(row.MembershipTypeCodes, m.GetType())
		row.MembershipAddresses = append(row.MembershipAddresses, notNil(m.GetAddr()))
	}
	if r := p.GetRxRing(); r != nil {
		row.ReceiveRingBlockSize, row.ReceiveRingBlocks, row.ReceiveRingFrameSize, row.ReceiveRingFrames = r.BlockSize, r.BlockNr, r.FrameSize, r.FrameNr
		row.ReceiveRingTimeoutMS, row.ReceiveRingPrivate, row.ReceiveRingFeatures = r.RetireTmo, r.SizeofPriv, r.Features
	}
	if r := p.GetTxRing(); r != nil {
		row.TransmitRingBlockSize, row.TransmitRingBlocks, row.TransmitRingFrameSize, row.TransmitRingFrames = r.BlockSize, r.BlockNr, r.FrameSize, r.FrameNr
		row.TransmitRingTimeoutMS, row.TransmitRingPrivate, row.TransmitRingFeatures = r.RetireTmo, r.SizeofPriv, r.Features
	}
}
