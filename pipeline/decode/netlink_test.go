package decode_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// fixture returns a file of testdata/netlink; its README says how they came to
// be.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "netlink", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func fixtureJSON[T any](t testing.TB, name string) (v T) {
	t.Helper()
	if err := json.Unmarshal(fixture(t, name), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// withImages decodes a real checkpoint with further images.
func withImages(t testing.TB, images map[string][]byte) *schema.Rows {
	t.Helper()
	members := readTar(t, own("odd-env-argv.tar"))
	folder := path.Dir(members[indexOf(t, members, "inventory.img")].header.Name)
	for _, name := range slices.Sorted(maps.Keys(images)) {
		m := members[indexOf(t, members, "inventory.img")]
		m.header.Name, m.data = folder+"/"+name, images[name]
		members = append(members, m)
	}
	return decodeFile(t, writeFile(t, "a.tar", tarOf(t, members))).Checkpoints[0]
}

// problemsAbout returns the problems with an image.
func problemsAbout(rows *schema.Rows, image string) []schema.Problem {
	return slices.DeleteFunc(slices.Clone(rows.Problems), func(p schema.Problem) bool {
		return p.Member.Text == nil || path.Base(*p.Member.Text) != image
	})
}

func noProblems(t *testing.T, rows *schema.Rows, images ...string) {
	t.Helper()
	for _, img := range images {
		for _, p := range problemsAbout(rows, img) {
			t.Errorf("%s: %s", img, p.Message)
		}
	}
}

// equal compares a value of a row with the truth.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// TestAddressesAgreeWithIP compares a dump of addresses with what ip says.
func TestAddressesAgreeWithIP(t *testing.T) {
	rows := withImages(t, map[string][]byte{"ifaddr-10.img": fixture(t, "ifaddr.img")})
	noProblems(t, rows, "ifaddr-10.img")
	type address struct {
		Family, Local, Address, Broadcast, Scope, Label               string
		Prefix                                                        uint8 `json:"prefixlen"`
		Metric                                                        uint32
		Valid                                                         uint32 `json:"valid_life_time"`
		Preferred                                                     uint32 `json:"preferred_life_time"`
		Secondary, NoDAD, Home, Deprecated, Dynamic, NoPrefixRoute, X bool
	}
	links := fixtureJSON[[]struct {
		Index     uint32    `json:"ifindex"`
		Addresses []address `json:"addr_info"`
	}](t, "ip-addr.json")
	scopes := map[string]string{"global": "UNIVERSE", "link": "LINK", "host": "HOST"}
	found := 0
	for _, l := range links {
		for _, want := range l.Addresses {
			i := slices.IndexFunc(rows.NetworkAddresses, func(a schema.NetworkAddress) bool { return value(a.Address.Text) == want.Local })
			if i < 0 {
				t.Errorf("no row for %s", want.Local)
				continue
			}
			found++
			got := rows.NetworkAddresses[i]
			equal(t, want.Local+" interface", got.InterfaceIndex, l.Index)
			equal(t, want.Local+" family", value(got.Family.Name), want.Family)
			equal(t, want.Local+" prefix", got.PrefixLength, want.Prefix)
			equal(t, want.Local+" peer", value(got.PeerAddress.Text), want.Address)
			equal(t, want.Local+" broadcast", value(got.Broadcast.Text), want.Broadcast)
			equal(t, want.Local+" scope", value(got.Scope.Name), scopes[want.Scope])
			equal(t, want.Local+" label", value(got.Label.Text), want.Label)
			equal(t, want.Local+" metric", value(got.RoutePriority), want.Metric)
			for flag, set := range map[string]bool{"SECONDARY": want.Secondary, "NODAD": want.NoDAD, "HOMEADDRESS": want.Home,
				"DEPRECATED": want.Deprecated, "PERMANENT": !want.Dynamic, "NOPREFIXROUTE": want.NoPrefixRoute} {
				equal(t, want.Local+" "+flag, slices.Contains(got.Flags.Names, flag), set)
			}
			lifetime(t, want.Local+" valid", got.ValidSecs, want.Valid)
			lifetime(t, want.Local+" preferred", got.PreferredSecs, want.Preferred)
			if got.OtherAttributes != nil {
				t.Errorf("%s: attributes left: %x", want.Local, got.OtherAttributes)
			}
		}
	}
	equal(t, "rows", len(rows.NetworkAddresses), found)
}

// lifetime compares seconds that ip was asked for a moment later.
func lifetime(t *testing.T, what string, got *uint32, want uint32) {
	t.Helper()
	if want == 1<<32-1 {
		if got != nil {
			t.Errorf("%s: got %d, want NULL", what, *got)
		}
		return
	}
	if got == nil || *got < want || *got > want+2 {
		t.Errorf("%s: got %v, want %d", what, got, want)
	}
}

type ipRoute struct {
	Type, Dst, From, Gateway, Dev, Table, Protocol, Scope, Prefsrc, TOS, Pref, Encap string
	Metric, Expires                                                                  uint32
	Flags                                                                            []string
	Via                                                                              struct{ Host string }
	Flow                                                                             struct{ From, To string }
	Metrics                                                                          []map[string]any
	Nexthops                                                                         []struct {
		Gateway, Dev string
		Weight       uint32
		Flags        []string
	}
}

// TestRoutesAgreeWithIP compares dumps of routes with what ip says of the main
// table, which is what they hold.
func TestRoutesAgreeWithIP(t *testing.T) {
	rows := withImages(t, map[string][]byte{"route-10.img": fixture(t, "route.img"), "route6-10.img": fixture(t, "route6.img")})
	noProblems(t, rows, "route-10.img", "route6-10.img")
	devices := deviceNames(t)
	want := slices.DeleteFunc(append(fixtureJSON[[]ipRoute](t, "ip-route.json"), fixtureJSON[[]ipRoute](t, "ip-route6.json")...),
		func(r ipRoute) bool { return r.Table != "main" })
	equal(t, "rows", len(rows.Routes), len(want))
	for _, w := range want {
		if w.Encap == "ip6" { // ip's JSON names the destination of the tunnel dst too
			w.Dst = "2001:db8:c::/48"
		}
		i := slices.IndexFunc(rows.Routes, func(r schema.Route) bool {
			return network(r.Destination, r.DestinationLen) == w.Dst && isIPv6(w) == (value(r.Family.Name) == "inet6") &&
				(w.Dev == "" || r.OutputIndex == nil || devices[*r.OutputIndex] == w.Dev)
		})
		if i < 0 {
			t.Errorf("no row for %s", w.Dst)
			continue
		}
		sameRoute(t, rows.Routes[i], w, devices)
	}
	for i, r := range rows.Routes {
		equal(t, "position", r.Position, uint32(i))
	}
}

func isIPv6(r ipRoute) bool { return r.Pref != "" }

// network writes a destination as ip does.
func network(ip schema.IP, length uint8) string {
	if ip.Text == nil {
		return "default"
	}
	if int(length) == 8*len(ip.Bytes) {
		return *ip.Text
	}
	return fmt.Sprintf("%s/%d", *ip.Text, length)
}

func deviceNames(t *testing.T) map[uint32]string {
	names := map[uint32]string{}
	for _, l := range fixtureJSON[[]struct {
		Index uint32 `json:"ifindex"`
		Name  string `json:"ifname"`
	}](t, "ip-link.json") {
		names[l.Index] = l.Name
	}
	return names
}

func sameRoute(t *testing.T, got schema.Route, want ipRoute, devices map[uint32]string) {
	t.Helper()
	lower := func(e schema.Enum) string { return strings.ToLower(value(e.Name)) }
	equal(t, want.Dst+" type", lower(got.RouteType), want.Type)
	equal(t, want.Dst+" protocol", lower(got.Protocol), want.Protocol)
	equal(t, want.Dst+" scope", strings.Replace(lower(got.Scope), "universe", "global", 1), want.Scope)
	equal(t, want.Dst+" table", got.Table, 254)
	equal(t, want.Dst+" source", strings.Replace(network(got.Source, got.SourceLen), "default", "", 1), want.From)
	equal(t, want.Dst+" gateway", value(got.Gateway.Text), want.Gateway+want.Via.Host)
	if got.OutputIndex != nil && want.Dev != "" {
		equal(t, want.Dst+" device", devices[*got.OutputIndex], want.Dev)
	}
	equal(t, want.Dst+" preferred source", value(got.PreferredSource.Text), want.Prefsrc)
	equal(t, want.Dst+" priority", value(got.Priority), want.Metric)
	equal(t, want.Dst+" preference", lower(got.Preference), want.Pref)
	equal(t, want.Dst+" linkdown", slices.Contains(got.Flags.Names, "LINKDOWN"), slices.Contains(want.Flags, "linkdown"))
	equal(t, want.Dst+" encapsulation", lower(got.EncapType), want.Encap)
	equal(t, want.Dst+" expires", uint32(value(got.ExpiresHundredth))/100, want.Expires)
	realms := ""
	if got.Realms != nil {
		realms = fmt.Sprintf("%d/%d", *got.Realms>>16, *got.Realms&0xffff)
	}
	equal(t, want.Dst+" realms", realms, strings.Trim(want.Flow.From+"/"+want.Flow.To, "/"))
	metrics := map[string]string{}
	for _, m := range want.Metrics {
		for k, v := range m {
			metrics[k] = fmt.Sprint(v)
		}
	}
	gotMetrics := maps.Clone(got.Metrics)
	if gotMetrics["lock"] != "" { // ip's JSON has no locks; that of advmss is bit 8
		equal(t, want.Dst+" lock", gotMetrics["lock"], strconv.Itoa(1<<8))
		delete(gotMetrics, "lock")
		v, _ := strconv.Atoi(gotMetrics["rtt"])
		gotMetrics["rtt"] = strconv.Itoa(v / 8) // the kernel keeps eighths of milliseconds
	}
	if len(metrics)+len(gotMetrics) > 0 && !maps.Equal(metrics, gotMetrics) {
		t.Errorf("%s metrics: got %v, want %v", want.Dst, gotMetrics, metrics)
	}
	equal(t, want.Dst+" next hops", len(got.NextHopGateways), len(want.Nexthops))
	for i, n := range want.Nexthops {
		equal(t, want.Dst+" next hop", value(got.NextHopGateways[i]), n.Gateway)
		equal(t, want.Dst+" next hop's device", devices[uint32(got.NextHopIndexes[i])], n.Dev)
		equal(t, want.Dst+" weight", got.NextHopWeights[i], n.Weight)
		equal(t, want.Dst+" onlink", got.NextHopFlags[i]&4 != 0, slices.Contains(n.Flags, "onlink"))
	}
	if got.OtherAttributes != nil {
		t.Errorf("%s: attributes left: %x", want.Dst, got.OtherAttributes)
	}
}

// TestRulesAgreeWithIP compares a dump of routing rules with what ip says.
func TestRulesAgreeWithIP(t *testing.T) {
	rows := withImages(t, map[string][]byte{"rule-10.img": fixture(t, "rule.img")})
	noProblems(t, rows, "rule-10.img")
	type ipRule struct {
		Priority, SrcLen, DstLen, Goto                                            uint32
		Src, Dst, IIF, OIF, Table, FWMark, FWMask, Protocol, Action, TOS, IPProto string
		SuppressPrefixLen, UIDStart, UIDEnd, SportStart, SportEnd, Dport          *uint32
		FlowFrom, FlowTo                                                          string
	}
	var want []ipRule
	for _, r := range fixtureJSON[[]map[string]any](t, "ip-rule.json") {
		flat := map[string]any{}
		for k, v := range r {
			flat[strings.ReplaceAll(k, "_", "")] = v
		}
		data, _ := json.Marshal(flat) //nolint:errcheck // came from JSON
		var rule ipRule
		if err := json.Unmarshal(data, &rule); err != nil {
			t.Fatal(err)
		}
		want = append(want, rule)
	}
	tables := map[uint32]string{255: "local", 254: "main", 253: "default", 0: ""}
	equal(t, "rows", len(rows.RoutingRules), len(want))
	for i, w := range want {
		got, what := rows.RoutingRules[i], fmt.Sprintf("rule %d ", w.Priority)
		table, named := tables[got.Table]
		if !named {
			table = strconv.Itoa(int(got.Table))
		}
		equal(t, what+"priority", got.Priority, w.Priority)
		equal(t, what+"table", table, w.Table)
		equal(t, what+"source", value(got.Source.Text), strings.Replace(w.Src, "all", "", 1))
		equal(t, what+"source length", uint32(got.SourceLen), w.SrcLen)
		equal(t, what+"destination", value(got.Destination.Text), w.Dst)
		equal(t, what+"destination length", uint32(got.DestinationLen), w.DstLen)
		equal(t, what+"iif", value(got.InputInterface.Text), w.IIF)
		equal(t, what+"oif", value(got.OutputInterface.Text), w.OIF)
		equal(t, what+"protocol", strings.ToLower(value(got.Protocol.Name)), w.Protocol)
		equal(t, what+"ip protocol", value(got.IPProtocol.Name), w.IPProto)
		equal(t, what+"goto", value(got.Goto), w.Goto)
		equal(t, what+"mark", hexOrEmpty(got.FWMark), w.FWMark)
		equal(t, what+"mask", hexOrEmpty(got.FWMask), w.FWMask)
		equal(t, what+"uids", fmt.Sprint(value(got.UIDStart), value(got.UIDEnd)), fmt.Sprint(value(w.UIDStart), value(w.UIDEnd)))
		equal(t, what+"source ports", fmt.Sprint(value(got.SourcePortStart), value(got.SourcePortEnd)), fmt.Sprint(value(w.SportStart), value(w.SportEnd)))
		equal(t, what+"destination ports", fmt.Sprint(value(got.DestPortStart), value(got.DestPortEnd)), fmt.Sprint(value(w.Dport), value(w.Dport)))
		equal(t, what+"suppress", (got.SuppressPrefixLen != nil), (w.SuppressPrefixLen != nil))
		equal(t, what+"suppress", value(got.SuppressPrefixLen), value(w.SuppressPrefixLen))
		if w.FlowFrom != "" {
			equal(t, what+"realms", fmt.Sprintf("%d/%d", value(got.Realms)>>16, value(got.Realms)&0xffff), w.FlowFrom+"/"+w.FlowTo)
		}
		if got.OtherAttributes != nil {
			t.Errorf("%sattributes left: %x", what, got.OtherAttributes)
		}
	}
	not := rows.RoutingRules[4]
	equal(t, "not", fmt.Sprintln(not.Flags.Names, value(not.Action.Name), not.TOS), "[INVERT] PROHIBIT 16\n")
}

func hexOrEmpty(v *uint32) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%#x", *v)
}

// netlinkMessage makes a message in a byte order.
func netlinkMessage(order binary.AppendByteOrder, kind uint16, body []byte) []byte {
	m := order.AppendUint32(nil, uint32(16+len(body)))
	m = order.AppendUint16(m, kind)
	m = order.AppendUint16(m, 2)
	return append(append(m, make([]byte, 8)...), body...)
}

func netlinkAttribute(order binary.AppendByteOrder, kind uint16, data []byte) []byte {
	a := order.AppendUint16(nil, uint16(4+len(data)))
	a = append(order.AppendUint16(a, kind), data...)
	return append(a, make([]byte, -len(a)&3)...)
}

// TestNetlinkByteOrder reads a dump of a big-endian host: its magic tells.
func TestNetlinkByteOrder(t *testing.T) {
	order := binary.BigEndian
	body := order.AppendUint32([]byte{2, 24, 0x80, 253}, 7)
	body = append(body, netlinkAttribute(order, 2, []byte{10, 1, 2, 3})...)
	body = append(body, netlinkAttribute(order, 8, order.AppendUint32(nil, 0x280))...)
	rows := withImages(t, map[string][]byte{"ifaddr-10.img": append(order.AppendUint32(nil, 0x47361222), netlinkMessage(order, 20, body)...)})
	noProblems(t, rows, "ifaddr-10.img")
	if len(rows.NetworkAddresses) != 1 {
		t.Fatal(rows.NetworkAddresses)
	}
	got := rows.NetworkAddresses[0]
	equal(t, "row", fmt.Sprintln(value(got.Address.Text), got.PrefixLength, got.InterfaceIndex, got.Flags.Names), "10.1.2.3 24 7 [PERMANENT NOPREFIXROUTE]\n")
}

// TestHostileNetlink: lengths that do not fit cost the message or the
// attribute, and a row of problems; what was not understood is kept.
func TestHostileNetlink(t *testing.T) {
	order := binary.LittleEndian
	head := order.AppendUint32(nil, 0x47361222)
	fixed := []byte{2, 24, 0, 0, 7, 0, 0, 0}
	local := netlinkAttribute(order, 2, []byte{10, 1, 2, 3})
	for _, c := range []struct {
		name  string
		data  []byte
		rows  int
		code  string
		other []byte
	}{
		{"only a magic", head, 0, "", nil},
		{"nothing", nil, 0, "", nil},
		{"half a magic", head[:3], 0, decode.Truncated, nil},
		{"another magic", []byte("none"), 0, decode.BadMagic, nil},
		{"length 0", slices.Concat(head, make([]byte, 16)), 0, decode.Malformed, nil},
		{"length 15", slices.Concat(head, []byte{15, 0, 0, 0}, make([]byte, 20)), 0, decode.Malformed, nil},
		{"longer than the image", slices.Concat(head, []byte{0xff, 0xff, 0xff, 0xff}, make([]byte, 20)), 0, decode.Truncated, nil},
		{"too short for its fixed part", slices.Concat(head, netlinkMessage(order, 20, fixed[:7])), 0, decode.Malformed, nil},
		{"another type", slices.Concat(head, netlinkMessage(order, 24, fixed)), 0, decode.Malformed, nil},
		{"attribute of length 0", slices.Concat(head, netlinkMessage(order, 20, slices.Concat(fixed, local, []byte{0, 0, 1, 0}))), 1, decode.Malformed, []byte{0, 0, 1, 0}},
		{"attribute beyond the message", slices.Concat(head, netlinkMessage(order, 20, slices.Concat(fixed, local, []byte{9, 0, 1, 0}))), 1, decode.Malformed, []byte{9, 0, 1, 0}},
		{"address of 3 bytes", slices.Concat(head, netlinkMessage(order, 20, slices.Concat(fixed, local, []byte{7, 0, 4, 0, 1, 2, 3, 0}))), 1, decode.Malformed, []byte{7, 0, 4, 0, 1, 2, 3, 0}},
		{"last attribute without padding", slices.Concat(head, netlinkMessage(order, 20, slices.Concat(fixed, local, []byte{6, 0, 3, 0, 'l', 0}))), 1, "", nil},
		{"unknown attribute", slices.Concat(head, netlinkMessage(order, 20, slices.Concat(fixed, local, []byte{5, 0, 99, 0, 1, 0, 0, 0}))), 1, "", []byte{5, 0, 99, 0, 1, 0, 0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := withImages(t, map[string][]byte{"ifaddr-10.img": c.data})
			codes := problemCodes(problemsAbout(rows, "ifaddr-10.img"))
			equal(t, "codes", strings.Join(codes, " "), c.code)
			equal(t, "rows", len(rows.NetworkAddresses), c.rows)
			if c.rows > 0 {
				got := rows.NetworkAddresses[0]
				equal(t, "address", value(got.Address.Text), "10.1.2.3")
				equal(t, "other attributes", string(got.OtherAttributes), string(c.other))
			}
		})
	}
}

func problemCodes(problems []schema.Problem) (codes []string) {
	for _, p := range problems {
		codes = append(codes, p.Code)
	}
	return codes
}

// networkImages returns every fixture under a name an image has.
func networkImages(t testing.TB) map[string][]byte {
	return map[string][]byte{
		"ifaddr-10.img": fixture(t, "ifaddr.img"), "route-10.img": fixture(t, "route.img"), "route6-10.img": fixture(t, "route6.img"),
		"rule-10.img": fixture(t, "rule.img"), "netns-ct-10.img": fixture(t, "netns-ct.img"), "netns-exp-10.img": fixture(t, "netns-exp.img"),
		"iptables-10.img": fixture(t, "iptables.img"), "ip6tables-10.img": fixture(t, "ip6tables.img"), "nftables-10.img": fixture(t, "nftables.img"),
	}
}

// networkRows counts the rows of the tables of network images.
func networkRows(r *schema.Rows) int {
	return len(r.NetworkAddresses) + len(r.Routes) + len(r.RoutingRules) + len(r.ConntrackEntries) + len(r.FirewallRules)
}

// TestCutNetworkImages cuts each image at every byte: what precedes the cut is
// decoded, and one row of problems tells of it, unless the cut falls between
// two messages, or lines outside a table.
func TestCutNetworkImages(t *testing.T) {
	images := networkImages(t)
	for _, name := range slices.Sorted(maps.Keys(images)) {
		data, before := images[name], 0
		whole := networkRows(withImages(t, map[string][]byte{name: data}))
		for cut := range data {
			if cut > 60 && cut%19 != 0 { // the later ones are no different
				continue
			}
			rows := withImages(t, map[string][]byte{name: data[:cut]})
			n, problems := networkRows(rows), problemsAbout(rows, name)
			if n < before-1 || n > whole+1 { // what is left of a line may be none, or another than it was
				t.Errorf("%s cut at %d: %d rows after %d", name, cut, n, before)
			}
			before = n
			if len(problems) > 1 {
				t.Errorf("%s cut at %d: %+v", name, cut, problems)
			}
		}
	}
}

// FuzzNetwork replaces an image of a network namespace by the fuzzer's bytes.
func FuzzNetwork(f *testing.F) {
	images := networkImages(f)
	names := slices.Sorted(maps.Keys(images))
	for i, n := range names {
		f.Add(uint8(i), images[n])
	}
	f.Add(uint8(slices.Index(names, "nftables-10.img")), fixture(f, "nftables-of-iptables.img"))
	f.Add(uint8(slices.Index(names, "iptables-10.img")), fixture(f, "iptables-counters.img"))
	members := readTar(f, own("odd-env-argv.tar"))
	inventory := members[indexOf(f, members, "inventory.img")]
	file := filepath.Join(f.TempDir(), "a.tar")
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		fuzzed := inventory
		fuzzed.header.Name, fuzzed.data = path.Dir(inventory.header.Name)+"/"+names[int(which)%len(names)], data
		if err := os.WriteFile(file, tarOf(t, []tarMember{inventory, fuzzed}), 0o600); err != nil {
			t.Fatal(err)
		}
		rows := decodeFile(t, file).Checkpoints[0]
		if n := networkRows(rows); n > len(data) {
			t.Errorf("%d rows of %d bytes", n, len(data))
		}
		for _, a := range rows.NetworkAddresses {
			if a.Address.Bytes != nil {
				if _, ok := netip.AddrFromSlice(a.Address.Bytes); !ok {
					t.Errorf("address of %d bytes", len(a.Address.Bytes))
				}
			}
		}
	})
}
