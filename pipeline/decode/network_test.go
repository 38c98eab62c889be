package decode_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/inventory"
	ipc "github.com/checkpoint-restore/go-criu/v8/crit/images/ipc-var"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/macvlan"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/netdev"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/sit"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/sysctl"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/timens"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/tun"
	"github.com/checkpoint-restore/go-criu/v8/magic"
	diff "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// criuImage makes an image of messages, as CRIU frames them.
func criuImage(t testing.TB, order binary.AppendByteOrder, kind string, messages ...proto.Message) []byte {
	t.Helper()
	const common = 0x54564319
	data := order.AppendUint32(nil, common)
	data = order.AppendUint32(data, uint32(magic.LoadMagic().ByName[kind]))
	for _, m := range messages {
		b, err := proto.MarshalOptions{AllowPartial: true}.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		data = append(order.AppendUint32(data, uint32(len(b))), b...)
	}
	return data
}

func numbers32(n int) []*sysctl.SysctlEntry {
	var list []*sysctl.SysctlEntry
	for i := range n {
		list = append(list, &sysctl.SysctlEntry{Type: sysctl.SysctlType_CTL_32.Enum(), Iarg: proto.Int32(int32(1000 + i))})
	}
	return list
}

// TestNetworkDevices decodes an interface of each kind with every field.
func TestNetworkDevices(t *testing.T) {
	device := func(kind netdev.NdType, index, flags uint32, name string) *netdev.NetDeviceEntry {
		return &netdev.NetDeviceEntry{Type: &kind, Ifindex: &index, Mtu: proto.Uint32(1500), Flags: &flags, Name: &name}
	}
	lo := device(netdev.NdType_LOOPBACK, 1, 65609, "lo")
	veth := device(netdev.NdType_VETH, 3, 0x11143, "eth0")
	veth.Address, veth.PeerIfindex, veth.PeerNsid, veth.Master = []byte{2, 0, 0, 0, 0, 0xab}, proto.Uint32(7), proto.Uint32(9), proto.Uint32(4)
	veth.Conf4, veth.Conf6 = numbers32(30), numbers32(42)
	veth.Conf6[35] = &sysctl.SysctlEntry{Type: sysctl.SysctlType_CTL_STR.Enum()} // stable_secret, unset
	tap := device(netdev.NdType_TUN, 5, 0x1003, "tap0")
	tap.Tun = &tun.TunLinkEntry{Flags: proto.Uint32(0x5002), Owner: proto.Int32(1000), Group: proto.Int32(-1), Vnethdr: proto.Uint32(12), Sndbuf: proto.Uint32(99)}
	mac := device(netdev.NdType_MACVLAN, 6, 0, "mv0")
	mac.Macvlan = &macvlan.MacvlanLinkEntry{Mode: proto.Uint32(4), Flags: proto.Uint32(1)}
	tunnel := device(netdev.NdType_SIT, 8, 0x91, "sit1")
	tunnel.Sit = &sit.SitEntry{
		Link: proto.Uint32(3), Local: []uint32{0x0100000a}, Remote: []uint32{0x0200000a}, Ttl: proto.Uint32(64), Tos: proto.Uint32(1),
		Pmtudisc: proto.Bool(true), Proto: proto.Uint32(41), Flags: proto.Uint32(1), EncapType: proto.Uint32(2), EncapFlags: proto.Uint32(3),
		EncapSport: proto.Uint32(0x901f), EncapDport: proto.Uint32(0xbb01), RdPrefixlen: proto.Uint32(32), RdPrefix: []uint32{0xb80d0120, 0, 0, 0},
		RelayPrefixlen: proto.Uint32(8), RelayPrefix: []uint32{0x0000000a},
	}
	future := device(99, 9, 0x80000000, "x\xff")
	rows := withImages(t, map[string][]byte{
		"netdev-10.img": criuImage(t, binary.LittleEndian, "NETDEV", lo, veth, tap, mac, tunnel, future), "ifaddr-10.img": fixture(t, "ifaddr.img"),
	})
	noProblems(t, rows, "netdev-10.img")
	equal(t, "rows", len(rows.NetworkDevices), 6)
	d := rows.NetworkDevices
	equal(t, "lo", fmt.Sprintln(*d[0].DeviceType.Name, d[0].Flags.Names, d[0].IsUp, d[0].MACAddress == nil, d[0].Addresses),
		"LOOPBACK [UP LOOPBACK RUNNING LOWER_UP] true true [127.0.0.1/8 ::1/128]\n")
	equal(t, "veth", fmt.Sprintln(*d[1].MACAddress, *d[1].PeerIndex, *d[1].PeerNsID, *d[1].MasterIndex, d[1].IsPromiscuous, d[1].TunOwner == nil),
		"02:00:00:00:00:ab 7 9 4 true true\n")
	equal(t, "veth's addresses", strings.Join(d[1].Addresses, " "), "10.88.0.5/16 10.88.0.6/16 2001:db8::5/64 fe80::ff:fe00:1/64")
	equal(t, "tun", fmt.Sprintln(d[2].TunFlags.Names, *d[2].TunOwner, *d[2].TunGroup, *d[2].TunVnetHdr, *d[2].TunSndbuf), "[TAP NO_PI VNET_HDR] 1000 -1 12 99\n")
	equal(t, "macvlan", fmt.Sprintln(*d[3].MacvlanMode.Name, d[3].MacvlanFlags.Names), "BRIDGE [NOPROMISC]\n")
	s := d[4]
	equal(t, "sit", fmt.Sprintln(*s.SitLink, *s.SitLocal.Text, *s.SitRemote.Text, *s.SitTTL, *s.SitTOS, *s.SitPMTUDisc, *s.SitProtocol.Name, s.SitFlags.Names,
		*s.SitEncapType.Name, s.SitEncapFlags.Names, *s.SitEncapSport, *s.SitEncapDport, *s.Sit6RDPrefix.Text, *s.Sit6RDPrefixLen, *s.SitRelayPrefix.Text, *s.SitRelayLen),
		"3 10.0.0.1 10.0.0.2 64 1 true ipv6 [ISATAP] GUE [CSUM CSUM6] 8080 443 2001:db8:: 32 10.0.0.0 8\n")
	equal(t, "future", fmt.Sprintln(*d[5].DeviceType.Name, *d[5].Name.Text, string(d[5].Name.Raw), d[5].Flags.Names), "UNKNOWN(99) x\\xff x\xff [0x80000000]\n")
	equal(t, "name beside an address", value(rows.NetworkAddresses[1].InterfaceName.Text), "eth0")

	settings := slices.DeleteFunc(slices.Clone(rows.Sysctls), func(r schema.Sysctl) bool { return r.Scope != "device" })
	equal(t, "settings", len(settings), 72)
	checkSysctl(t, settings[21], "rp_filter", "net/ipv4/conf/eth0/rp_filter", "1021")
	checkSysctl(t, settings[29], "drop_unicast_in_l2_multicast", "net/ipv4/conf/eth0/drop_unicast_in_l2_multicast", "1029")
	checkSysctl(t, settings[30+13], "disable_ipv6", "net/ipv6/conf/eth0/disable_ipv6", "1013")
	checkSysctl(t, settings[30+26], "mtu", "net/ipv6/conf/eth0/mtu", "1026")
	checkSysctl(t, settings[30+35], "stable_secret", "net/ipv6/conf/eth0/stable_secret", "")
	checkSysctl(t, settings[30+41], "use_tempaddr", "net/ipv6/conf/eth0/use_tempaddr", "1041")
}

func checkSysctl(t *testing.T, row schema.Sysctl, name, path, want string) {
	t.Helper()
	equal(t, "name", row.Name, name)
	equal(t, "path", value(row.Path), path)
	equal(t, "value of "+name, value(row.Value.Text), want)
	if n, err := strconv.ParseInt(want, 10, 64); err == nil {
		equal(t, "number of "+name, value(row.IntValue), n)
	} else if row.IntValue != nil {
		t.Errorf("%s: number %d", name, *row.IntValue)
	}
}

// TestBigEndianTunnel: words as they lay in memory, of a big-endian host.
func TestBigEndianTunnel(t *testing.T) {
	d := &netdev.NetDeviceEntry{Type: netdev.NdType_SIT.Enum(), Ifindex: proto.Uint32(1), Mtu: proto.Uint32(1), Flags: proto.Uint32(0), Name: proto.String("s"),
		Sit: &sit.SitEntry{Local: []uint32{0x0a000001}, EncapDport: proto.Uint32(443)}}
	rows := withImages(t, map[string][]byte{"netdev-10.img": criuImage(t, binary.BigEndian, "NETDEV", d)})
	equal(t, "tunnel", fmt.Sprint(*rows.NetworkDevices[0].SitLocal.Text, " ", *rows.NetworkDevices[0].SitEncapDport), "10.0.0.1 443")
}

// TestSysctlsOfNamespaces: names come from positions, but only in lists of a
// known length.
func TestSysctlsOfNamespaces(t *testing.T) {
	old := make([]int32, 27)
	old[21], old[26] = 2, -1
	n := &netdev.NetnsEntry{
		DefConf4: numbers32(30), AllConf4: numbers32(31), DefConf6: numbers32(42), AllConf6: numbers32(41), DefConf: old, AllConf: make([]int32, 28),
		UnixConf:   []*sysctl.SysctlEntry{{Type: sysctl.SysctlType_CTL_32.Enum(), Iarg: proto.Int32(512)}},
		Ipv4Sysctl: []*sysctl.SysctlEntry{{Type: sysctl.SysctlType_CTL_STR.Enum(), Sarg: proto.String("0\t2147483647\n")}},
		Nsids:      []*netdev.NetnsId{{TargetNsId: proto.Uint32(12), NetnsidValue: proto.Int32(0)}, {TargetNsId: proto.Uint32(13), NetnsidValue: proto.Int32(-1)}},
	}
	rows := withImages(t, map[string][]byte{"netns-10.img": criuImage(t, binary.LittleEndian, "NETNS", n)})
	list := map[string][]schema.Sysctl{}
	for _, r := range rows.Sysctls {
		list[r.Field] = append(list[r.Field], r)
		if r.NamespaceKind == "net" {
			equal(t, "namespace", r.NamespaceID, 10)
		}
	}
	checkSysctl(t, list["def_conf4"][0], "accept_local", "net/ipv4/conf/default/accept_local", "1000")
	checkSysctl(t, list["all_conf4"][0], "index_0", "", "1000")
	checkSysctl(t, list["all_conf4"][30], "index_30", "", "1030")
	checkSysctl(t, list["def_conf6"][2], "accept_ra_defrtr", "net/ipv6/conf/default/accept_ra_defrtr", "1002")
	checkSysctl(t, list["all_conf6"][40], "index_40", "", "1040")
	checkSysctl(t, list["def_conf"][21], "rp_filter", "net/ipv4/conf/default/rp_filter", "2")
	checkSysctl(t, list["def_conf"][26], "tag", "net/ipv4/conf/default/tag", "")
	checkSysctl(t, list["all_conf"][27], "ignore_routes_with_linkdown", "net/ipv4/conf/all/ignore_routes_with_linkdown", "0")
	checkSysctl(t, list["unix_conf"][0], "max_dgram_qlen", "net/unix/max_dgram_qlen", "512")
	checkSysctl(t, list["ipv4_sysctl"][0], "ping_group_range", "net/ipv4/ping_group_range", "0\t2147483647")
	var odd []string
	for _, p := range rows.Problems {
		if value(p.TableName) == "sysctls" {
			odd = append(odd, p.Code+" "+value(p.RowKey))
		}
	}
	slices.Sort(odd)
	equal(t, "problems", strings.Join(odd, "; "), "size_mismatch namespace_kind=net, namespace_id=10, field=all_conf4; size_mismatch namespace_kind=net, namespace_id=10, field=all_conf6")
	i := slices.IndexFunc(rows.Namespaces, func(n schema.Namespace) bool { return n.Kind == "net" && n.NamespaceID == 10 })
	ns := rows.Namespaces[i]
	equal(t, "links", fmt.Sprint(ns.LinkedNsIDs, ns.LinkedNsids, ns.HasImages), "[12 13] [0 -1] true")
}

// TestManySysctls: a list far longer than any costs a bounded number of rows.
func TestManySysctls(t *testing.T) {
	rows := withImages(t, map[string][]byte{"netns-10.img": criuImage(t, binary.LittleEndian, "NETNS", &netdev.NetnsEntry{DefConf: make([]int32, 1<<20)})})
	if n := len(rows.Sysctls); n > 1000 {
		t.Errorf("%d rows", n)
	}
	if !slices.ContainsFunc(rows.Problems, func(p schema.Problem) bool { return p.Code == decode.LimitExceeded && value(p.TableName) == "sysctls" }) {
		t.Error("no problem tells of it")
	}
}

// TestIPCSysctls compares the IPC settings of every archive with those the
// kernel gives a new namespace: no container changed them.
func TestIPCSysctls(t *testing.T) {
	defaults := map[string]string{
		"semmsl": "32000", "semmns": "1024000000", "semopm": "500", "semmni": "32000", "msgmax": "8192", "msgmnb": "16384", "msgmni": "32000",
		"auto_msgmni": "0", "shmmax": "18446744073692774399", "shmall": "18446744073692774399", "shmmni": "4096", "shm_rmid_forced": "0",
		"queues_max": "256", "msg_max": "10", "msgsize_max": "8192", "msg_default": "10", "msgsize_default": "8192",
		"msg_next_id": "", "sem_next_id": "", "shm_next_id": "",
	}
	for _, folder := range []string{ownArchives, sharedArchives} {
		for _, path := range archivesWithTruth(t, folder) {
			for _, rows := range decodeFile(t, path).Checkpoints[:1] {
				for _, r := range rows.Sysctls {
					if want, ok := defaults[r.Name]; !ok || value(r.Value.Text) != want {
						t.Errorf("%s: %s is %q, want %q", path, r.Name, value(r.Value.Text), want)
					}
				}
				if n := len(rows.Sysctls); n != len(defaults) && n != 0 {
					t.Errorf("%s: %d rows", path, n)
				}
			}
		}
	}
	v := &ipc.IpcVarEntry{ShmCtlmax: proto.Uint64(math.MaxUint64), ShmCtlall: proto.Uint64(7), SemNextId: proto.Uint32(3), SemCtls: []uint32{1, 2, 3},
		MqQueuesMax: proto.Uint32(0), MqMsgMax: proto.Uint32(0), MqMsgsizeMax: proto.Uint32(0)}
	rows := withImages(t, map[string][]byte{"ipcns-var-77.img": criuImage(t, binary.LittleEndian, "IPC_VAR", v)})
	byName := map[string]schema.Sysctl{}
	for _, r := range rows.Sysctls {
		if r.NamespaceID == 77 {
			byName[r.Field+strconv.Itoa(int(r.Position))] = r
		}
	}
	equal(t, "shmmax", value(byName["shm_ctlmax0"].Value.Text)+num(byName["shm_ctlmax0"].InterfaceIndex), "18446744073709551615")
	equal(t, "shmall", value(byName["shm_ctlall0"].IntValue), 7)
	equal(t, "sem_next_id", value(byName["sem_next_id0"].IntValue), 3)
	equal(t, "without message queues", byName["mq_queues_max0"].Value.Text == nil, true)
	equal(t, "absent", byName["msg_ctlmax0"].Value.Text == nil, true)
	equal(t, "odd list", byName["sem_ctls2"].Name, "index_2")
}

// TestOldNamespaceNumbers: images of sets before ns_per_id have a pid in their
// names.
func TestOldNamespaceNumbers(t *testing.T) {
	const name = "everything.tar.zst"
	members := readTar(t, own(name))
	inventoryImage := &members[indexOf(t, members, "inventory.img")]
	var entry inventory.InventoryEntry
	if err := proto.Unmarshal(inventoryImage.data[8:], &entry); err != nil {
		t.Fatal(err)
	}
	entry.NsPerId = nil
	data, err := proto.Marshal(&entry)
	if err != nil {
		t.Fatal(err)
	}
	inventoryImage.data = append(binary.LittleEndian.AppendUint32(slices.Clone(inventoryImage.data[:4]), uint32(len(data))), data...)
	for i := range members {
		for _, kind := range []string{"utsns", "ipcns-var", "ipcns-shm", "ipcns-sem", "ipcns-msg"} {
			if strings.HasPrefix(members[i].header.Name, "checkpoint/"+kind+"-") {
				members[i].header.Name = "checkpoint/" + kind + "-1.img"
			}
		}
	}
	got, want := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members))).Checkpoints[0], decodeFile(t, own(name)).Checkpoints[0]
	for table, rows := range map[string][2]any{
		"sysctls": {got.Sysctls, want.Sysctls}, "ipc_objects": {got.IPCObjects, want.IPCObjects},
		"shared_memory": {got.SharedMemory, want.SharedMemory}, "namespaces": {got.Namespaces, want.Namespaces},
	} {
		if difference := diff.Diff(rows[1], rows[0]); difference != "" {
			t.Errorf("rows of %s differ (-want +got):\n%s", table, difference)
		}
	}
	kinds := map[string]int{}
	for _, o := range got.IPCObjects {
		kinds[o.Kind]++
	}
	if len(kinds) != 3 {
		t.Errorf("objects of each kind: %v", kinds)
	}
}

// TestDamagedClocks: the clocks of a time namespace are known whatever stands in a
// second image of clocks.
func TestDamagedClocks(t *testing.T) {
	var ids core.TaskKobjIdsEntry
	firstMessage(t, "ids-1.img", &ids)
	ids.TimeNsId = proto.Uint32(7)
	damaged := imageOf(t, "checkpoint/timens-5.img")
	damaged.data = append(damaged.data, 1, 0, 0, 0, 0xff)
	for range 8 { // in whatever order a map has the images
		rows := decodeWith(t, imageOf(t, "checkpoint/ids-1.img", &ids), damaged, imageOf(t, "checkpoint/timens-0.img", &timens.TimensEntry{
			Monotonic: &timens.Timespec{TvSec: proto.Uint64(3), TvNsec: proto.Uint64(4)}, Boottime: &timens.Timespec{TvSec: proto.Uint64(5), TvNsec: proto.Uint64(6)},
		}))
		i := slices.IndexFunc(rows.Namespaces, func(n schema.Namespace) bool { return n.Kind == "time" && n.NamespaceID == 7 })
		if i < 0 {
			t.Fatalf("no time namespace: %+v", rows.Namespaces)
		}
		if n := rows.Namespaces[i]; !n.HasImages || n.MonotonicNS == nil || *n.MonotonicNS != 3_000_000_004 || n.BoottimeNS == nil || *n.BoottimeNS != 5_000_000_006 {
			t.Fatalf("%+v", n)
		}
	}
}
