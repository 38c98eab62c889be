package decode

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/schema"
)

// forever is a lifetime without end.
const forever = 1<<32 - 1

// decodeAddresses fills network_addresses. It returns the addresses as ip shows
// them by namespace and interface, of the namespaces whose image could be read.
func (s *imageSet) decodeAddresses() map[uint32]map[uint32][]string {
	names, shown := s.devices().names, map[uint32]map[uint32][]string{}
	for _, img := range s.ofKind("IFADDR") {
		id := uint32(img.number)
		found := map[uint32][]string{}
		s.eachMessage(img, kernel.SizeofIfAddrmsg, func(n *netlinkImage, kind uint16, head, attributes []byte) {
			if !n.expect(kind, kernel.RTM_NEWADDR) {
				return
			}
			row := addressRow(n, id, names[id], head, attributes)
			if ip, ok := netip.AddrFromSlice(row.Address.Bytes); ok {
				found[row.InterfaceIndex] = append(found[row.InterfaceIndex], ip.String()+"/"+strconv.Itoa(int(row.PrefixLength)))
			}
			add(&s.notes, &s.rows.NetworkAddresses, row)
		})
		if img.entries != nil {
			shown[id] = found
		}
	}
	return shown
}

// addressRow decodes a struct ifaddrmsg and its attributes.
func addressRow(n *netlinkImage, id uint32, names interfaceNames, head, attributes []byte) schema.NetworkAddress {
	row := schema.NetworkAddress{
		NetNsID: id, Position: n.index, Family: enum(&criu.SocketFamily, uint32(head[0])), PrefixLength: head[1],
		Flags: flags(&criu.AddressFlags, uint32(head[2])), Scope: enum(&criu.RouteScope, uint32(head[3])),
		InterfaceIndex: n.order.Uint32(head[4:]),
	}
	row.InterfaceName = names[row.InterfaceIndex]
	var local, plain schema.IP
	row.OtherAttributes = n.attributes(attributes, n.order, func(a attribute) bool {
		switch a.Type {
		case kernel.IFA_ADDRESS:
			return a.address(&plain)
		case kernel.IFA_LOCAL:
			return a.address(&local)
		case kernel.IFA_LABEL:
			return a.text(&row.Label)
		case kernel.IFA_BROADCAST:
			return a.address(&row.Broadcast)
		case kernel.IFA_ANYCAST:
			return a.address(&row.Anycast)
		case kernel.IFA_MULTICAST:
			return a.address(&row.Multicast)
		case kernel.IFA_CACHEINFO:
			return a.lifetimes(&row)
		case kernel.IFA_FLAGS:
			var all *uint32
			if !a.u32(&all) {
				return false
			}
			row.Flags = flags(&criu.AddressFlags, *all)
			return true
		case kernel.IFA_RT_PRIORITY:
			return a.u32(&row.RoutePriority)
		case kernel.IFA_TARGET_NETNSID:
			return a.i32(&row.TargetNetNsID)
		case ifaProto:
			return a.enum8(&criu.AddressProtocol, &row.Protocol)
		}
		return false
	})
	// of a point-to-point link IFA_ADDRESS is the other end's
	row.Address = plain
	if local.Text != nil {
		row.Address = local
		if plain.Text != nil && *plain.Text != *local.Text {
			row.PeerAddress = plain
		}
	}
	return row
}

// lifetimes decodes a struct ifa_cacheinfo.
func (a attribute) lifetimes(row *schema.NetworkAddress) bool {
	if !a.has(kernel.SizeofIfaCacheinfo) {
		return false
	}
	preferred, valid := a.order.Uint32(a.Value), a.order.Uint32(a.Value[4:])
	if preferred != forever {
		row.PreferredSecs = &preferred
	}
	if valid != forever {
		row.ValidSecs = &valid
	}
	row.CreatedAt, row.UpdatedAt = ptr(a.order.Uint32(a.Value[8:])), ptr(a.order.Uint32(a.Value[12:]))
	return true
}

// decodeRoutes fills routes.
func (s *imageSet) decodeRoutes() {
	names, count := s.devices().names, map[uint32]uint32{} // of a namespace's routes
	for _, kindOfImage := range []string{"ROUTE", "ROUTE6"} {
		for _, img := range s.ofKind(kindOfImage) {
			id := uint32(img.number)
			s.eachMessage(img, kernel.SizeofRtMsg, func(n *netlinkImage, kind uint16, head, attributes []byte) {
				if n.expect(kind, kernel.RTM_NEWROUTE) {
					add(&s.notes, &s.rows.Routes, routeRow(n, id, count[id], names[id], head, attributes))
					count[id]++
				}
			})
		}
	}
}

// routeRow decodes a struct rtmsg and its attributes.
func routeRow(n *netlinkImage, id, position uint32, names interfaceNames, head, attributes []byte) schema.Route {
	row := schema.Route{
		NetNsID: id, Position: position, Family: enum(&criu.SocketFamily, uint32(head[0])), DestinationLen: head[1], SourceLen: head[2],
		TOS: head[3], Table: uint32(head[4]), Protocol: enum(&criu.RouteProtocol, uint32(head[5])),
		Scope: enum(&criu.RouteScope, uint32(head[6])), RouteType: enum(&criu.RouteType, uint32(head[7])),
		Flags: flags(&criu.RouteFlags, n.order.Uint32(head[8:])),
	}
	row.OtherAttributes = n.attributes(attributes, n.order, func(a attribute) bool {
		switch a.Type {
		case kernel.RTA_DST:
			return a.address(&row.Destination)
		case kernel.RTA_SRC:
			return a.address(&row.Source)
		case kernel.RTA_IIF:
			return a.u32(&row.InputIndex)
		case kernel.RTA_OIF:
			return a.u32(&row.OutputIndex)
		case kernel.RTA_GATEWAY:
			return a.address(&row.Gateway)
		case kernel.RTA_VIA:
			return a.via(&row.Gateway)
		case kernel.RTA_PRIORITY:
			return a.u32(&row.Priority)
		case kernel.RTA_PREFSRC:
			return a.address(&row.PreferredSource)
		case kernel.RTA_METRICS:
			return a.metrics(&row)
		case kernel.RTA_MULTIPATH:
			return a.nextHops(&row)
		case kernel.RTA_FLOW:
			return a.u32(&row.Realms)
		case kernel.RTA_CACHEINFO:
			return a.routeCache(&row)
		case kernel.RTA_TABLE:
			var table *uint32
			if !a.u32(&table) {
				return false
			}
			row.Table = *table
			return true
		case kernel.RTA_MARK:
			return a.u32(&row.Mark)
		case kernel.RTA_PREF:
			return a.enum8(&criu.RoutePreference, &row.Preference)
		case kernel.RTA_ENCAP_TYPE:
			var kind *uint16
			if !a.u16(&kind) {
				return false
			}
			row.EncapType = enum(&criu.RouteEncap, uint32(*kind))
			return true
		case kernel.RTA_ENCAP:
			row.Encap = a.Value
			return true
		case kernel.RTA_UID:
			return a.u32(&row.UID)
		case kernel.RTA_TTL_PROPAGATE:
			return a.u8(&row.TTLPropagate)
		case rtaNHID:
			return a.u32(&row.NextHopID)
		case kernel.RTA_PAD:
			return a.pad()
		}
		return false
	})
	if row.OutputIndex != nil {
		row.OutputName = names[*row.OutputIndex]
	}
	return row
}

// via decodes a struct rtvia: a gateway of another family.
func (a attribute) via(to *schema.IP) bool {
	if len(a.Value) != 2+16 && !a.has(2+4) {
		return false
	}
	*to = address(a.Value[2:])
	return true
}

func (a attribute) metrics(row *schema.Route) bool {
	metrics := map[string]string{}
	whole := a.nested(func(m attribute) bool {
		name, known := criu.RouteMetric.Names[uint64(m.Type)]
		if !known {
			return false
		}
		if m.Type == kernel.RTAX_CC_ALGO {
			metrics[name] = plain(strings.TrimSuffix(string(m.Value), "\x00"))
			return true
		}
		var value *uint32
		if !m.u32(&value) {
			return false
		}
		metrics[name] = strconv.FormatUint(uint64(*value), 10)
		return true
	})
	if len(metrics) > 0 {
		row.Metrics = metrics
	}
	return whole
}

// nextHops decodes an array of struct rtnexthop, each with attributes of its
// own.
func (a attribute) nextHops(row *schema.Route) bool {
	whole := true
	for data := a.Value; len(data) > 0; {
		if len(data) < kernel.SizeofRtNexthop {
			a.of.note(fmt.Errorf("%d bytes left, too few for a next hop", len(data)))
			return false
		}
		size := int(a.order.Uint16(data))
		if size < kernel.SizeofRtNexthop || size > len(data) {
			a.of.note(fmt.Errorf("next hop of %d bytes, %d left", size, len(data)))
			return false
		}
		var gateway schema.IP
		other := a.of.attributes(data[kernel.SizeofRtNexthop:size], a.order, func(h attribute) bool {
			switch h.Type {
			case kernel.RTA_GATEWAY:
				return h.address(&gateway)
			case kernel.RTA_VIA:
				return h.via(&gateway)
			}
			return false
		})
		whole = whole && len(other) == 0
		row.NextHopGateways = append(row.NextHopGateways, gateway.Text)
		row.NextHopFlags = append(row.NextHopFlags, uint32(data[2]))
		row.NextHopWeights = append(row.NextHopWeights, uint32(data[3])+1)
		row.NextHopIndexes = append(row.NextHopIndexes, int32(a.order.Uint32(data[4:])))
		data = data[min((size+3)&^3, len(data)):]
	}
	return whole
}

// routeCache decodes a struct rta_cacheinfo.
func (a attribute) routeCache(row *schema.Route) bool {
	const size = 32
	if !a.has(size) {
		return false
	}
	word := func(i int) *uint32 { return ptr(a.order.Uint32(a.Value[4*i:])) }
	row.CacheReferences, row.CacheLastUse, row.CacheUsed = word(0), word(1), word(4)
	if expires := int32(*word(2)); expires != 0 {
		row.ExpiresHundredth = &expires
	}
	if number := int32(*word(3)); number != 0 {
		row.CacheError = &number
	}
	for _, unused := range a.Value[20:] { // id, ts and tsage, which the kernel no longer fills
		if unused != 0 {
			return false
		}
	}
	return true
}
