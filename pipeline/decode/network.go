package decode

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/netdev"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/sit"
	"golang.org/x/sys/unix"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// decodeNetwork fills the tables of network namespaces, and sysctls.
func (s *set) decodeNetwork() {
	names := s.decodeDevices()
	s.decodeAddresses(names)
	s.decodeRoutes(names)
	s.decodeRoutingRules()
	s.decodeFirewalls()
	s.decodeConntrack()
	s.decodeNetworkSysctls()
	s.decodeIPCSysctls()
	s.addressesOfDevices()
}

// decodeDevices fills network_devices and returns the interfaces' names by
// namespace.
func (s *set) decodeDevices() map[uint32]interfaceNames {
	names := map[uint32]interfaceNames{}
	for _, img := range s.ofKind("NETDEV") {
		id := uint32(img.number)
		names[id] = interfaceNames{}
		each(s, img, func(e *entry, d *netdev.NetDeviceEntry) {
			row := schema.NetworkDevice{
				NetNsID: id, Position: uint32(e.index), InterfaceIndex: d.GetIfindex(), Name: optionalText(d.Name),
				DeviceType: optionalEnum(&criu.DeviceType, d.Type), MTU: d.GetMtu(), Flags: optionalFlags(&criu.DeviceFlags, d.Flags),
				IsUp: d.GetFlags()&unix.IFF_UP != 0, IsPromiscuous: d.GetFlags()&unix.IFF_PROMISC != 0,
				PeerIndex: d.PeerIfindex, PeerNsID: d.PeerNsid, MasterIndex: d.Master,
			}
			if d.Address != nil {
				row.MACAddress, row.MACBytes = ptr(hardwareAddress(d.GetAddress())), d.GetAddress()
			}
			if t := d.GetTun(); t != nil {
				row.TunFlags, row.TunOwner, row.TunGroup = optionalFlags(&criu.TunFlags, t.Flags), t.Owner, t.Group
				row.TunVnetHdr, row.TunSndbuf = t.Vnethdr, t.Sndbuf
			}
			if m := d.GetMacvlan(); m != nil {
				row.MacvlanMode, row.MacvlanFlags = optionalEnum(&criu.MacvlanMode, m.Mode), optionalFlags(&criu.MacvlanFlags, m.Flags)
			}
			if t := d.GetSit(); t != nil {
				sitColumns(&row, t, e.reader.Order)
				for _, words := range [][]uint32{t.GetLocal(), t.GetRemote(), t.GetRdPrefix(), t.GetRelayPrefix()} {
					if n := len(words); n != 0 && n != 1 && n != 4 {
						s.rowProblem("network_devices", fmt.Sprintf("net_ns_id=%d, position=%d", id, e.index), Error, Malformed,
							fmt.Sprintf("an address of the tunnel has %d words, want 1 or 4", n))
					}
				}
			}
			add(&s.notes, &s.rows.NetworkDevices, row)
			if len(d.GetName()) <= maxInterfaceName {
				names[id][d.GetIfindex()] = row.Name
			}
			s.deviceSysctls(id, d)
		})
	}
	return names
}

// hardwareAddress writes an address of any length as ip does.
func hardwareAddress(b []byte) string {
	const hex = "0123456789abcdef"
	var out strings.Builder
	for i, v := range b {
		if i > 0 {
			out.WriteByte(':')
		}
		out.WriteByte(hex[v>>4])
		out.WriteByte(hex[v&15])
	}
	return out.String()
}

func sitColumns(row *schema.NetworkDevice, t *sit.SitEntry, order binary.ByteOrder) {
	row.SitLink, row.SitTTL, row.SitTOS, row.SitPMTUDisc = t.Link, t.Ttl, t.Tos, t.Pmtudisc
	row.SitLocal, row.SitRemote = memoryAddress(t.GetLocal(), order), memoryAddress(t.GetRemote(), order)
	row.SitProtocol, row.SitFlags = optionalEnum(&criu.SitProtocol, t.Proto), optionalFlags(&criu.SitFlags, t.Flags)
	row.SitEncapType, row.SitEncapFlags = optionalEnum(&criu.TunnelEncap, t.EncapType), optionalFlags(&criu.TunnelEncapFlags, t.EncapFlags)
	row.SitEncapSport, row.SitEncapDport = networkPort(t.EncapSport, order), networkPort(t.EncapDport, order)
	row.Sit6RDPrefix, row.Sit6RDPrefixLen = memoryAddress(t.GetRdPrefix(), order), t.RdPrefixlen
	row.SitRelayPrefix, row.SitRelayLen = memoryAddress(t.GetRelayPrefix(), order), t.RelayPrefixlen
}

// memoryAddress makes an address of words as they lay in the dumped host's
// memory; one word is IPv4, four are IPv6.
func memoryAddress(words []uint32, order binary.ByteOrder) schema.IP {
	if len(words) != 1 && len(words) != 4 {
		return schema.IP{}
	}
	b := make([]byte, 4*len(words))
	for i, w := range words {
		order.PutUint32(b[4*i:], w)
	}
	return address(b)
}

// networkPort returns a port that CRIU read from network order as if it were a
// number of the host.
func networkPort(v *uint32, order binary.ByteOrder) *uint16 {
	if v == nil {
		return nil
	}
	if order == binary.ByteOrder(binary.LittleEndian) {
		return ptr(bits.ReverseBytes16(uint16(*v)))
	}
	return ptr(uint16(*v))
}

// addressesOfDevices puts the addresses into the rows of their interfaces.
func (s *set) addressesOfDevices() {
	known := map[uint32]bool{}
	for _, img := range s.ofKind("IFADDR") {
		known[uint32(img.number)] = img.entries != nil
	}
	type interfaceID struct{ namespace, index uint32 }
	addresses := map[interfaceID][]string{}
	for _, a := range s.rows.NetworkAddresses {
		if ip, ok := netip.AddrFromSlice(a.Address.Bytes); ok {
			key := interfaceID{a.NetNsID, a.InterfaceIndex}
			addresses[key] = append(addresses[key], ip.String()+"/"+strconv.Itoa(int(a.PrefixLength)))
		}
	}
	for i := range s.rows.NetworkDevices {
		d := &s.rows.NetworkDevices[i]
		if known[d.NetNsID] {
			key := interfaceID{d.NetNsID, d.InterfaceIndex}
			d.Addresses = notNil(addresses[key])
			delete(addresses, key) // an image may have a number many times over
		}
	}
}
