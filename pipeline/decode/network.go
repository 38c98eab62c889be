package decode

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/netdev"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/sit"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/schema"
)

// deviceTable is what netdev-*.img tell.
type deviceTable struct {
	devices []device
	names   map[uint32]interfaceNames // by namespace
}

// device is a network interface of a namespace.
type device struct {
	namespace uint32
	position  uint32 // in its image
	order     binary.ByteOrder
	entry     *netdev.NetDeviceEntry
}

// devices returns the network interfaces of all namespaces.
func (s *imageSet) devices() *deviceTable {
	return s.facts.devices.get(func() *deviceTable {
		t := &deviceTable{names: map[uint32]interfaceNames{}}
		for _, img := range s.ofKind("NETDEV") {
			id := uint32(img.number)
			t.names[id] = interfaceNames{}
			each(s, img, func(e *entry, d *netdev.NetDeviceEntry) {
				t.devices = append(t.devices, device{id, uint32(e.index), e.reader.Order, d})
				if len(d.GetName()) <= maxInterfaceName {
					t.names[id][d.GetIfindex()] = optionalText(d.Name)
				}
			})
		}
		return t
	})
}

// decodeInterfaces fills network_addresses and network_devices.
func (s *imageSet) decodeInterfaces() {
	addresses := s.decodeAddresses()
	for _, d := range s.devices().devices {
		row := s.deviceRow(d)
		if known, ok := addresses[d.namespace]; ok {
			row.Addresses = notNil(known[row.InterfaceIndex])
			delete(known, row.InterfaceIndex) // an image may have a number many times over
		}
		add(&s.notes, &s.rows.NetworkDevices, row)
	}
}

func (s *imageSet) deviceRow(device device) schema.NetworkDevice {
	d := device.entry
	row := schema.NetworkDevice{
		NetNsID: device.namespace, Position: device.position, InterfaceIndex: d.GetIfindex(), Name: optionalText(d.Name),
		DeviceType: optionalEnum(&criu.DeviceType, d.Type), MTU: d.GetMtu(), Flags: optionalFlags(&criu.DeviceFlags, d.Flags),
		IsUp: d.GetFlags()&kernel.IFF_UP != 0, IsPromiscuous: d.GetFlags()&kernel.IFF_PROMISC != 0,
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
		sitColumns(&row, t, device.order)
		for _, words := range [][]uint32{t.GetLocal(), t.GetRemote(), t.GetRdPrefix(), t.GetRelayPrefix()} {
			if n := len(words); n != 0 && n != 1 && n != 4 {
				s.rowProblem("network_devices", fmt.Sprintf("net_ns_id=%d, position=%d", device.namespace, device.position), Error, Malformed,
					fmt.Sprintf("an address of the tunnel has %d words, want 1 or 4", n))
			}
		}
	}
	return row
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
	return address(memoryBytes(words, order))
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
