package decode

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/schema"
)

// Attributes of ctnetlink. Source: linux/netfilter/nfnetlink_conntrack.h.
const (
	ctaTupleOrig, ctaTupleReply, ctaStatus, ctaProtoinfo, ctaHelp    = 1, 2, 3, 4, 5
	ctaTimeout, ctaMark, ctaCountersOrig, ctaCountersReply           = 7, 8, 9, 10
	ctaUse, ctaID, ctaTupleMaster, ctaSeqAdjOrig, ctaSeqAdjReply     = 11, 12, 14, 15, 16
	ctaZone, ctaSecctx, ctaTimestamp, ctaLabels, ctaSynproxy         = 18, 19, 20, 22, 24
	ctaTupleIP, ctaTupleProto, ctaTupleZone                          = 1, 2, 3
	ctaIPv4Src, ctaIPv4Dst, ctaIPv6Src, ctaIPv6Dst                   = 1, 2, 3, 4
	ctaProtoNum, ctaProtoSrcPort, ctaProtoDstPort                    = 1, 2, 3
	ctaProtoICMPID, ctaProtoICMPType, ctaProtoICMPCode               = 4, 5, 6
	ctaProtoICMPv6ID, ctaProtoICMPv6Type, ctaProtoICMPv6Code         = 7, 8, 9
	ctaProtoinfoTCP, ctaProtoinfoDCCP, ctaProtoinfoSCTP              = 1, 2, 3
	ctaTCPState, ctaTCPWscaleOrig, ctaTCPWscaleReply                 = 1, 2, 3
	ctaTCPFlagsOrig, ctaTCPFlagsReply                                = 4, 5
	ctaDCCPState, ctaDCCPRole, ctaDCCPHandshakeSeq, ctaDCCPPad       = 1, 2, 3, 4
	ctaSCTPState, ctaSCTPVtagOrig, ctaSCTPVtagReply                  = 1, 2, 3
	ctaCountersPackets, ctaCountersBytes, ctaCountersPad             = 1, 2, 5
	ctaTimestampStart, ctaTimestampStop, ctaTimestampPad             = 1, 2, 3
	ctaSeqAdjPos, ctaSeqAdjBefore, ctaSeqAdjAfter                    = 1, 2, 3
	ctaSynproxyISN, ctaSynproxyITS, ctaSynproxyTSOff                 = 1, 2, 3
	ctaHelpName, ctaSecctxName                                       = 1, 1
	ctaExpectMaster, ctaExpectTuple, ctaExpectMask, ctaExpectTimeout = 1, 2, 3, 4
	ctaExpectID, ctaExpectHelpName, ctaExpectZone, ctaExpectFlags    = 5, 6, 7, 8
	ctaExpectClass, ctaExpectNAT, ctaExpectFN                        = 9, 10, 11
	ctaExpectNATDir, ctaExpectNATTuple                               = 1, 2
)

// decodeConntrack fills conntrack_entries. What a message is, it says itself:
// CRIU up to 4.2 asks for connections where it means expectations
// (criu/net.c, dump_nf_ct: the subsystem is CTNETLINK for both).
func (s *imageSet) decodeConntrack() {
	const fixed = 4 // struct nfgenmsg
	seen := map[connection]bool{}
	for _, k := range []struct{ kind, image string }{{"NETNS_CT", "netns-ct"}, {"NETNS_EXP", "netns-exp"}} {
		for _, img := range s.ofKind(k.kind) {
			s.eachMessage(img, fixed, func(n *netlinkImage, kind uint16, head, attributes []byte) {
				row := schema.ConntrackEntry{NetNsID: uint32(img.number), Image: k.image, Position: n.index, Family: enum(&criu.SocketFamily, uint32(head[0]))}
				if s.conntrackColumns(n, &row, seen, kind, attributes) {
					add(&s.notes, &s.rows.ConntrackEntries, row)
				}
			})
		}
	}
}

// connection is what tells a connection from others: its namespace, and the
// attributes of its original direction.
type connection struct {
	namespace uint32
	tuple     string
}

// conntrackColumns fills in what a message of that type tells; false, and noted, where it
// is of neither type. seen has the connections of messages before.
func (s *imageSet) conntrackColumns(n *netlinkImage, row *schema.ConntrackEntry, seen map[connection]bool, kind uint16, attributes []byte) bool {
	const newEntry = 0 // IPCTNL_MSG_CT_NEW, IPCTNL_MSG_EXP_NEW
	switch kind {
	case kernel.NFNL_SUBSYS_CTNETLINK<<8 | newEntry:
		row.Kind = "connection"
		c := connection{row.NetNsID, connectionColumns(n, row, attributes)}
		row.IsRepeat = row.Image == "netns-exp" && seen[c]
		if s.take(128 + int64(len(c.tuple))) {
			seen[c] = true
		}
	case kernel.NFNL_SUBSYS_CTNETLINK_EXP<<8 | newEntry:
		row.Kind = "expectation"
		expectationColumns(n, row, attributes)
	default:
		n.note(fmt.Errorf("type %#x is neither a connection nor an expectation", kind))
		return false
	}
	return true
}

// connectionColumns fills in the columns of a connection. It returns what tells
// it from the others of its namespace. Numbers in these attributes have
// network byte order.
func connectionColumns(n *netlinkImage, row *schema.ConntrackEntry, attributes []byte) string {
	var id strings.Builder
	var original, reply, master tuple
	row.OtherAttributes = n.attributes(attributes, binary.BigEndian, func(a attribute) bool {
		switch a.Type {
		case ctaTupleOrig:
			id.Write(a.Whole)
			return a.tuple(&original)
		case ctaTupleReply:
			return a.tuple(&reply)
		case ctaTupleMaster:
			return a.tuple(&master)
		case ctaZone:
			id.Write(a.Whole)
			return a.u16(&row.Zone)
		case ctaStatus:
			return a.flags32(&criu.ConntrackStatus, &row.Status)
		case ctaProtoinfo:
			return a.nested(func(p attribute) bool { return p.protocolState(row) })
		case ctaHelp:
			return a.nested(func(h attribute) bool { return h.Type == ctaHelpName && h.text(&row.Helper) })
		case ctaTimeout:
			return a.u32(&row.TimeoutSecs)
		case ctaMark:
			return a.u32(&row.Mark)
		case ctaCountersOrig:
			return a.counters(&row.OriginalPackets, &row.OriginalBytes)
		case ctaCountersReply:
			return a.counters(&row.ReplyPackets, &row.ReplyBytes)
		case ctaUse:
			return a.u32(&row.Use)
		case ctaID:
			return a.u32(&row.ConnectionID)
		case ctaSeqAdjOrig:
			return a.sequenceChange(&row.OriginalSeqPos, &row.OriginalSeqBefore, &row.OriginalSeqAfter)
		case ctaSeqAdjReply:
			return a.sequenceChange(&row.ReplySeqPos, &row.ReplySeqBefore, &row.ReplySeqAfter)
		case ctaSecctx:
			return a.nested(func(c attribute) bool { return c.Type == ctaSecctxName && c.text(&row.SecurityContext) })
		case ctaTimestamp:
			return a.lifetime(&row.StartedNS, &row.StoppedNS)
		case ctaLabels:
			row.Labels = a.Value
			return true
		case ctaSynproxy:
			return a.synproxy(row)
		}
		return false
	})
	originalColumns(row, original)
	row.ReplySource, row.ReplyDest, row.ReplySport, row.ReplyDport = reply.source, reply.destination, reply.sport, reply.dport
	row.ReplyICMPType, row.ReplyICMPCode, row.ReplyICMPID, row.ReplyZone = reply.icmpType, reply.icmpCode, reply.icmpID, reply.zone
	masterColumns(row, master)
	return id.String()
}

// expectationColumns fills in the columns of an expectation.
func expectationColumns(n *netlinkImage, row *schema.ConntrackEntry, attributes []byte) {
	var expected, mask, master, nat tuple
	row.OtherAttributes = n.attributes(attributes, binary.BigEndian, func(a attribute) bool {
		switch a.Type {
		case ctaExpectMaster:
			return a.tuple(&master)
		case ctaExpectTuple:
			return a.tuple(&expected)
		case ctaExpectMask:
			return a.tuple(&mask)
		case ctaExpectTimeout:
			return a.u32(&row.TimeoutSecs)
		case ctaExpectID:
			return a.u32(&row.ConnectionID)
		case ctaExpectHelpName:
			return a.text(&row.Helper)
		case ctaExpectZone:
			return a.u16(&row.Zone)
		case ctaExpectFlags:
			return a.flags32(&criu.ExpectFlags, &row.ExpectFlags)
		case ctaExpectClass:
			return a.u32(&row.ExpectClass)
		case ctaExpectNAT:
			return a.translation(&row.NATDirection, &nat)
		case ctaExpectFN:
			return a.text(&row.ExpectFunction)
		}
		return false
	})
	originalColumns(row, expected)
	row.MaskSource, row.MaskDest, row.MaskSport, row.MaskDport = mask.source, mask.destination, mask.sport, mask.dport
	row.NATSource, row.NATSport = nat.source, nat.sport
	masterColumns(row, master)
}

func originalColumns(row *schema.ConntrackEntry, t tuple) {
	row.OriginalSource, row.OriginalDest, row.OriginalSport, row.OriginalDport = t.source, t.destination, t.sport, t.dport
	row.OriginalICMPType, row.OriginalICMPCode, row.OriginalICMPID, row.OriginalZone = t.icmpType, t.icmpCode, t.icmpID, t.zone
	row.Protocol = t.protocol
}

func masterColumns(row *schema.ConntrackEntry, t tuple) {
	row.MasterSource, row.MasterDest, row.MasterSport, row.MasterDport = t.source, t.destination, t.sport, t.dport
	row.MasterProtocol = t.protocol
}

// tuple is one direction of a connection.
type tuple struct {
	source, destination schema.IP
	protocol            schema.Enum
	sport, dport        *uint16
	icmpType, icmpCode  *uint8
	icmpID, zone        *uint16
}

func (a attribute) tuple(t *tuple) bool {
	return a.nested(func(part attribute) bool {
		switch part.Type {
		case ctaTupleIP:
			return part.nested(t.address)
		case ctaTupleProto:
			return part.nested(t.ports)
		case ctaTupleZone:
			return part.u16(&t.zone)
		}
		return false
	})
}

// address decodes an attribute within CTA_TUPLE_IP.
func (t *tuple) address(a attribute) bool {
	switch a.Type {
	case ctaIPv4Src, ctaIPv6Src:
		return a.address(&t.source)
	case ctaIPv4Dst, ctaIPv6Dst:
		return a.address(&t.destination)
	}
	return false
}

// ports decodes an attribute within CTA_TUPLE_PROTO.
func (t *tuple) ports(a attribute) bool {
	switch a.Type {
	case ctaProtoNum:
		return a.enum8(&criu.IPProtocol, &t.protocol)
	case ctaProtoSrcPort:
		return a.u16(&t.sport)
	case ctaProtoDstPort:
		return a.u16(&t.dport)
	case ctaProtoICMPID, ctaProtoICMPv6ID:
		return a.u16(&t.icmpID)
	case ctaProtoICMPType, ctaProtoICMPv6Type:
		return a.u8(&t.icmpType)
	case ctaProtoICMPCode, ctaProtoICMPv6Code:
		return a.u8(&t.icmpCode)
	}
	return false
}

// protocolState decodes an attribute within CTA_PROTOINFO.
func (a attribute) protocolState(row *schema.ConntrackEntry) bool {
	switch a.Type {
	case ctaProtoinfoTCP:
		return a.nested(func(t attribute) bool { return t.tcpState(row) })
	case ctaProtoinfoSCTP:
		return a.nested(func(t attribute) bool { return t.sctpState(row) })
	case ctaProtoinfoDCCP:
		return a.nested(func(t attribute) bool { return t.dccpState(row) })
	}
	return false
}

func (a attribute) tcpState(row *schema.ConntrackEntry) bool {
	switch a.Type {
	case ctaTCPState:
		return a.enum8(&criu.ConntrackTCPState, &row.TCPState)
	case ctaTCPWscaleOrig:
		return a.u8(&row.OriginalWscale)
	case ctaTCPWscaleReply:
		return a.u8(&row.ReplyWscale)
	case ctaTCPFlagsOrig:
		return a.tcpFlags(&row.OriginalTCPFlags, &row.OriginalTCPMask)
	case ctaTCPFlagsReply:
		return a.tcpFlags(&row.ReplyTCPFlags, &row.ReplyTCPMask)
	}
	return false
}

func (a attribute) sctpState(row *schema.ConntrackEntry) bool {
	switch a.Type {
	case ctaSCTPState:
		return a.enum8(&criu.ConntrackSCTPState, &row.SCTPState)
	case ctaSCTPVtagOrig:
		return a.u32(&row.OriginalVTag)
	case ctaSCTPVtagReply:
		return a.u32(&row.ReplyVTag)
	}
	return false
}

func (a attribute) dccpState(row *schema.ConntrackEntry) bool {
	switch a.Type {
	case ctaDCCPState:
		return a.u8(&row.DCCPState)
	case ctaDCCPRole:
		return a.u8(&row.DCCPRole)
	case ctaDCCPHandshakeSeq:
		return a.u64(&row.DCCPHandshakeSeq)
	}
	return a.Type == ctaDCCPPad && a.pad()
}

// tcpFlags decodes a struct nf_ct_tcp_flags.
func (a attribute) tcpFlags(to *schema.Flags, mask **uint8) bool {
	if !a.has(2) {
		return false
	}
	*to, *mask = flags(&criu.ConntrackTCPFlags, uint32(a.Value[0])), &a.Value[1]
	return true
}

func (a attribute) flags32(names *criu.Flags, to *schema.Flags) bool {
	var bits *uint32
	if !a.u32(&bits) {
		return false
	}
	*to = flags(names, *bits)
	return true
}

func (a attribute) counters(packets, bytes **uint64) bool {
	return a.nested(func(c attribute) bool {
		switch c.Type {
		case ctaCountersPackets:
			return c.u64(packets)
		case ctaCountersBytes:
			return c.u64(bytes)
		}
		return c.Type == ctaCountersPad && c.pad()
	})
}

func (a attribute) sequenceChange(position **uint32, before, after **int32) bool {
	return a.nested(func(c attribute) bool {
		switch c.Type {
		case ctaSeqAdjPos:
			return c.u32(position)
		case ctaSeqAdjBefore:
			return c.i32(before)
		case ctaSeqAdjAfter:
			return c.i32(after)
		}
		return false
	})
}

// lifetime decodes when a connection began and ended, as far as the kernel tells.
func (a attribute) lifetime(started, stopped **uint64) bool {
	return a.nested(func(t attribute) bool {
		switch t.Type {
		case ctaTimestampStart:
			return t.u64(started)
		case ctaTimestampStop:
			return t.u64(stopped)
		}
		return t.Type == ctaTimestampPad && t.pad()
	})
}

func (a attribute) synproxy(row *schema.ConntrackEntry) bool {
	return a.nested(func(p attribute) bool {
		switch p.Type {
		case ctaSynproxyISN:
			return p.u32(&row.SynproxyISN)
		case ctaSynproxyITS:
			return p.u32(&row.SynproxyITS)
		case ctaSynproxyTSOff:
			return p.u32(&row.SynproxyTSOff)
		}
		return false
	})
}

// translation decodes the network address translation of an expected connection.
func (a attribute) translation(direction **uint32, to *tuple) bool {
	return a.nested(func(t attribute) bool {
		switch t.Type {
		case ctaExpectNATDir:
			return t.u32(direction)
		case ctaExpectNATTuple:
			return t.tuple(to)
		}
		return false
	})
}
