package decode_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
)

// TestCNIResults: Podman 3 wrote network.status as a list of what CNI plugins
// answered.
func TestCNIResults(t *testing.T) {
	for what, c := range map[string]struct{ status, want, problems string }{
		"0.4.0": {`[{"cniVersion": "0.4.0",
			"interfaces": [{"name": "cni-podman0", "mac": "de:ad:be:ef:00:01"}, {"name": "veth1", "mac": "de:ad:be:ef:00:02"},
				{"name": "eth0", "mac": "4a:11:22:33:44:55", "sandbox": "/var/run/netns/cni-1"}, {"name": "eth1", "mac": "4a:11:22:33:44:56", "sandbox": "/var/run/netns/cni-1"}],
			"ips": [{"version": "4", "interface": 2, "address": "10.88.0.9/16", "gateway": "10.88.0.1"}, {"version": "6", "interface": 2, "address": "fd00::9/64", "gateway": "fd00::1"}],
			"routes": [{"dst": "0.0.0.0/0"}], "dns": {}}]`,
			"eth0 4a:11:22:33:44:55 10.88.0.9 16 10.88.0.1; eth0 4a:11:22:33:44:55 fd00::9 64 fd00::1; eth1 4a:11:22:33:44:56  0 ", ""},
		"two networks": {`[{"ips": [{"address": "10.0.0.2/24"}]}, {"ips": [{"address": "10.0.1.2/24"}]}]`, "  10.0.0.2 24 ;   10.0.1.2 24 ", ""},
		"0.2.0":        {`[{"ip4": {"ip": "10.0.0.2/24", "gateway": "10.0.0.1"}, "ip6": {"ip": "fd00::2/64"}}]`, "  10.0.0.2 24 10.0.0.1;   fd00::2 64 ", ""},
		"no interface": {`[{"interfaces": [], "ips": [{"interface": 7, "address": "10.0.0.2/24"}, {"interface": -1, "address": "10.0.0.3/24"}]}]`,
			"  10.0.0.2 24 ;   10.0.0.3 24 ", "dangling_reference dangling_reference"},
		"no result":     {`[]`, "", ""},
		"unlike either": {`[{"ips": {"address": "10.0.0.2/24"}}]`, "", "malformed"},
	} {
		members := readTar(t, own("odd-env-argv.tar"))
		members[indexOf(t, members, "network.status")].data = []byte(c.status)
		result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members)))
		var got, codes []string
		for _, n := range result.Checkpoints[0].ContainerNetworks {
			got = append(got, fmt.Sprintf("%s %s %s %d %s", value(n.InterfaceName), value(n.MACAddress), value(n.Address.Text), value(n.PrefixLength), value(n.Gateway)))
		}
		for _, p := range problemsOf(result) {
			codes = append(codes, p.Code)
		}
		equal(t, what, strings.Join(got, "; "), c.want)
		equal(t, what+": problems", strings.Join(codes, " "), c.problems)
		if c.problems == "" {
			equal(t, what+": status", result.Archive.Status, decode.StatusOK)
		}
	}
}
