package decode

import (
	"encoding/binary"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/schema"
)

// decodeRoutingRules fills routing_rules.
func (s *imageSet) decodeRoutingRules() {
	const fixed = 12 // struct fib_rule_hdr
	for _, img := range s.ofKind("RULE") {
		s.eachMessage(img, fixed, func(n *netlinkImage, kind uint16, head, attributes []byte) {
			if n.expect(kind, kernel.RTM_NEWRULE) {
				add(&s.notes, &s.rows.RoutingRules, ruleRow(n, uint32(img.number), head, attributes))
			}
		})
	}
}

// ruleRow decodes a struct fib_rule_hdr and its attributes.
func ruleRow(n *netlinkImage, id uint32, head, attributes []byte) schema.RoutingRule {
	row := schema.RoutingRule{
		NetNsID: id, Position: n.index, Family: enum(&criu.SocketFamily, uint32(head[0])), DestinationLen: head[1], SourceLen: head[2],
		TOS: head[3], Table: uint32(head[4]), Action: enum(&criu.RuleAction, uint32(head[7])),
		Flags: flags(&criu.RuleFlags, n.order.Uint32(head[8:])),
	}
	row.OtherAttributes = n.attributes(attributes, n.order, func(a attribute) bool {
		switch a.Type {
		case kernel.FRA_DST:
			return a.address(&row.Destination)
		case kernel.FRA_SRC:
			return a.address(&row.Source)
		case kernel.FRA_IIFNAME:
			return a.text(&row.InputInterface)
		case kernel.FRA_OIFNAME:
			return a.text(&row.OutputInterface)
		case kernel.FRA_GOTO:
			return a.u32(&row.Goto)
		case kernel.FRA_PRIORITY:
			return a.required(&row.Priority)
		case kernel.FRA_TABLE:
			return a.required(&row.Table)
		case kernel.FRA_FWMARK:
			return a.u32(&row.FWMark)
		case kernel.FRA_FWMASK:
			return a.u32(&row.FWMask)
		case kernel.FRA_FLOW:
			return a.u32(&row.Realms)
		case kernel.FRA_TUN_ID:
			a.order = binary.BigEndian
			return a.u64(&row.TunnelID)
		case kernel.FRA_SUPPRESS_PREFIXLEN:
			return a.unlessAll(&row.SuppressPrefixLen)
		case kernel.FRA_SUPPRESS_IFGROUP:
			return a.unlessAll(&row.SuppressGroup)
		case kernel.FRA_L3MDEV:
			var set *uint8
			if !a.u8(&set) {
				return false
			}
			row.L3MDev = ptr(*set != 0)
			return true
		case kernel.FRA_UID_RANGE:
			if !a.has(8) {
				return false
			}
			row.UIDStart, row.UIDEnd = ptr(a.order.Uint32(a.Value)), ptr(a.order.Uint32(a.Value[4:]))
			return true
		case kernel.FRA_PROTOCOL:
			return a.enum8(&criu.RouteProtocol, &row.Protocol)
		case kernel.FRA_IP_PROTO:
			return a.enum8(&criu.IPProtocol, &row.IPProtocol)
		case kernel.FRA_SPORT_RANGE:
			return a.ports(&row.SourcePortStart, &row.SourcePortEnd)
		case kernel.FRA_DPORT_RANGE:
			return a.ports(&row.DestPortStart, &row.DestPortEnd)
		}
		return a.newerRule(&row)
	})
	return row
}

// newerRule decodes attributes of Linux 6.13 and later.
func (a attribute) newerRule(row *schema.RoutingRule) bool {
	switch a.Type {
	case fraDSCP:
		return a.u8(&row.DSCP)
	case fraDSCPMask:
		return a.u8(&row.DSCPMask)
	case fraSportMask:
		return a.u16(&row.SourcePortMask)
	case fraDportMask:
		return a.u16(&row.DestPortMask)
	case fraFlowLabel:
		a.order = binary.BigEndian
		return a.u32(&row.FlowLabel)
	case fraFlowLabelMask:
		a.order = binary.BigEndian
		return a.u32(&row.FlowLabelMask)
	case kernel.FRA_PAD:
		return a.pad()
	}
	return false
}

// required is u32 for a column that is never NULL.
func (a attribute) required(to *uint32) bool {
	var value *uint32
	if !a.u32(&value) {
		return false
	}
	*to = *value
	return true
}

// unlessAll is u32 for a value whose bits are all set where there is none.
func (a attribute) unlessAll(to **uint32) bool {
	var value *uint32
	if !a.u32(&value) {
		return false
	}
	if *value != 1<<32-1 {
		*to = value
	}
	return true
}

// ports decodes a struct fib_rule_port_range.
func (a attribute) ports(start, end **uint16) bool {
	if !a.has(4) {
		return false
	}
	*start, *end = ptr(a.order.Uint16(a.Value)), ptr(a.order.Uint16(a.Value[2:]))
	return true
}
