package decode_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/schema"
)

// TestConntrackAgreesWithTool compares a dump of connections with what
// conntrack says.
func TestConntrackAgreesWithTool(t *testing.T) {
	rows := withImages(t, map[string][]byte{"netns-ct-10.img": fixture(t, "netns-ct.img"), "netns-exp-10.img": fixture(t, "netns-exp.img")})
	noProblems(t, rows, "netns-ct-10.img", "netns-exp-10.img")
	seen := map[string]bool{}
	for line := range strings.Lines(string(fixture(t, "conntrack.txt"))) {
		if seen[line] {
			continue // asked for once more by its family
		}
		seen[line] = true
		want := keysOf(line)
		i := slices.IndexFunc(rows.ConntrackEntries, func(c schema.ConntrackEntry) bool { return num(c.ConnectionID) == want("id", 0) })
		if i < 0 {
			t.Errorf("no row for %s", line)
			continue
		}
		got := rows.ConntrackEntries[i]
		fields := strings.Fields(line)
		what := "connection " + want("id", 0) + " "
		equal(t, what+"kind", got.Kind, "connection")
		equal(t, what+"image", got.Image, "netns-ct")
		equal(t, what+"family", value(got.Family.Name), map[string]string{"ipv4": "inet", "ipv6": "inet6"}[fields[0]])
		equal(t, what+"protocol", strconv.Itoa(int(value(got.Protocol.Code))), fields[3])
		equal(t, what+"source", value(got.OriginalSource.Text), want("src", 0))
		equal(t, what+"destination", value(got.OriginalDest.Text), want("dst", 0))
		equal(t, what+"reply source", value(got.ReplySource.Text), want("src", 1))
		equal(t, what+"reply destination", value(got.ReplyDest.Text), want("dst", 1))
		equal(t, what+"sport", num(got.OriginalSport), want("sport", 0))
		equal(t, what+"dport", num(got.OriginalDport), want("dport", 0))
		equal(t, what+"reply sport", num(got.ReplySport), want("sport", 1))
		equal(t, what+"reply dport", num(got.ReplyDport), want("dport", 1))
		equal(t, what+"icmp type", num(got.OriginalICMPType), want("type", 0))
		equal(t, what+"icmp code", num(got.OriginalICMPCode), want("code", 0))
		equal(t, what+"reply icmp type", num(got.ReplyICMPType), want("type", 1))
		equal(t, what+"packets", num(got.OriginalPackets), want("packets", 0))
		equal(t, what+"bytes", num(got.OriginalBytes), want("bytes", 0))
		equal(t, what+"reply packets", num(got.ReplyPackets), want("packets", 1))
		equal(t, what+"reply bytes", num(got.ReplyBytes), want("bytes", 1))
		equal(t, what+"mark", num(got.Mark), want("mark", 0))
		equal(t, what+"zone", num(got.Zone), want("zone", 0))
		equal(t, what+"use", num(got.Use), want("use", 0))
		equal(t, what+"helper", value(got.Helper.Text), want("helper", 0))
		equal(t, what+"assured", slices.Contains(got.Status.Names, "ASSURED"), strings.Contains(line, "[ASSURED]"))
		equal(t, what+"unreplied", !slices.Contains(got.Status.Names, "SEEN_REPLY"), strings.Contains(line, "[UNREPLIED]"))
		if got.TCPState.Name != nil {
			equal(t, what+"state", *got.TCPState.Name, fields[5])
		}
		timeout, _ := strconv.Atoi(fields[4])
		lifetime(t, what+"timeout", got.TimeoutSecs, uint32(timeout))
		if got.StartedNS == nil || got.OtherAttributes != nil {
			t.Errorf("%sstarted %v, attributes left %x", what, got.StartedNS, got.OtherAttributes)
		}
	}
	equal(t, "rows", len(rows.ConntrackEntries), len(seen)+1)

	expected := rows.ConntrackEntries[len(rows.ConntrackEntries)-1]
	want := keysOf(string(fixture(t, "conntrack-expect.txt")))
	equal(t, "kind", expected.Kind, "expectation")
	equal(t, "source", value(expected.OriginalSource.Text), want("src", 0))
	equal(t, "dport", num(expected.OriginalDport), want("dport", 0))
	equal(t, "mask", value(expected.MaskSource.Text), want("mask-src", 0))
	equal(t, "mask of sport", num(expected.MaskSport), want("sport", 1))
	equal(t, "mask of dport", num(expected.MaskDport), want("dport", 1))
	equal(t, "master", value(expected.MasterDest.Text)+" "+num(expected.MasterSport)+" "+num(expected.MasterDport),
		want("master-dst", 0)+" "+want("sport", 2)+" "+want("dport", 2))
	equal(t, "helper", value(expected.Helper.Text), want("helper", 0))
	equal(t, "class", num(expected.ExpectClass), want("class", 0))
	if expected.OtherAttributes != nil {
		t.Errorf("attributes left: %x", expected.OtherAttributes)
	}
}

// keysOf returns the values of key=value words, of which a key may have
// several.
func keysOf(line string) func(key string, n int) string {
	values := map[string][]string{}
	for _, w := range strings.Fields(line) {
		if k, v, ok := strings.Cut(w, "="); ok {
			values[k] = append(values[k], v)
		}
	}
	if len(values["type"]) > 0 { // of ICMP, the first two ids are the identifiers
		values["id"] = values["id"][2:]
	}
	return func(key string, n int) string {
		if n >= len(values[key]) {
			return ""
		}
		return values[key][n]
	}
}

// num writes a number, nothing for NULL.
func num[N uint8 | uint16 | uint32 | uint64](n *N) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

// TestConntrackOfCRIU: CRIU gets connections where it asks for expectations.
// They are rows of their own, marked.
func TestConntrackOfCRIU(t *testing.T) {
	rows := withImages(t, map[string][]byte{"netns-ct-10.img": fixture(t, "netns-ct.img"), "netns-exp-10.img": fixture(t, "netns-exp-of-criu.img")})
	var counts [2]int
	for _, c := range rows.ConntrackEntries {
		equal(t, "kind", c.Kind, "connection")
		equal(t, "repeat", c.IsRepeat, c.Image == "netns-exp")
		if c.IsRepeat {
			counts[1]++
		} else {
			counts[0]++
		}
	}
	equal(t, "rows", counts, [2]int{7, 7})
}

// firewallLine is what a test says of a row.
type firewallLine struct{ kind, table, chain, target, targetKind, policy string }

func firewallLines(rows *schema.Rows) (lines []firewallLine, lock []string) {
	for _, r := range rows.FirewallRules {
		lines = append(lines, firewallLine{r.Kind, value(r.TableName.Text), value(r.Chain.Text), value(r.Target.Text), value(r.TargetKind), value(r.Policy)})
		if r.IsCRIULock {
			lock = append(lock, *r.RuleText.Text)
		}
	}
	return lines, lock
}

// TestIptables compares the rows of iptables-save's text with its lines.
func TestIptables(t *testing.T) {
	rows := withImages(t, map[string][]byte{"iptables-10.img": fixture(t, "iptables.img"), "ip6tables-10.img": {}})
	noProblems(t, rows, "iptables-10.img", "ip6tables-10.img")
	lines, lock := firewallLines(rows)
	want := []firewallLine{
		{kind: "comment"}, {kind: "table", table: "filter"},
		{kind: "chain", table: "filter", chain: "INPUT", policy: "accept"}, {kind: "chain", table: "filter", chain: "FORWARD", policy: "drop"},
		{kind: "chain", table: "filter", chain: "OUTPUT", policy: "accept"}, {kind: "chain", table: "filter", chain: "CRIU"},
		{kind: "chain", table: "filter", chain: "WEB"}, {kind: "chain", table: "filter", chain: "WEB2"},
		{"rule", "filter", "INPUT", "CRIU", "jump", ""}, {"rule", "filter", "INPUT", "ACCEPT", "verdict", ""},
		{"rule", "filter", "OUTPUT", "CRIU", "jump", ""}, {"rule", "filter", "CRIU", "ACCEPT", "verdict", ""},
		{"rule", "filter", "CRIU", "DROP", "verdict", ""}, {"rule", "filter", "WEB", "WEB2", "goto", ""},
		{kind: "commit", table: "filter"}, {kind: "comment"}, {kind: "comment"}, {kind: "table", table: "nat"},
	}
	if !slices.Equal(lines[:len(want)], want) {
		t.Errorf("got  %v\nwant %v", lines[:len(want)], want)
	}
	wantLock := []string{":CRIU - [0:0]", "-A INPUT -j CRIU", "-A OUTPUT -j CRIU", "-A CRIU -m mark --mark 0xc114 -j ACCEPT", "-A CRIU -j DROP"}
	if !slices.Equal(lock, wantLock) {
		t.Errorf("CRIU's lock: got %q", lock)
	}
	equal(t, "comment", value(rows.FirewallRules[9].Comment.Text), `allow "ssh" -j DROP`)
	equal(t, "line number", rows.FirewallRules[9].LineNumber, 10)
	equal(t, "family", value(rows.FirewallRules[9].Family), "ip")

	counted := withImages(t, map[string][]byte{"iptables-10.img": fixture(t, "iptables-counters.img")})
	_, lock = firewallLines(counted)
	equal(t, "lock with counters", len(lock), len(wantLock))
	equal(t, "counter", num(counted.FirewallRules[9].Packets)+" "+num(counted.FirewallRules[9].Bytes), "0 0")
}

// TestUncountedRules reads rules before and after packets came: but for the
// columns of counters and the lines as they stand, nothing changes.
func TestUncountedRules(t *testing.T) {
	counter := regexp.MustCompile(`\[\d+:\d+\]|packets \d+ bytes \d+`)
	for image, file := range map[string]string{"iptables-10.img": "iptables-counters.img", "nftables-10.img": "nftables-of-iptables.img", "nftables-11.img": "nftables.img"} {
		before := string(fixture(t, file))
		after := counter.ReplaceAllStringFunc(before, func(s string) string {
			if s[0] == '[' {
				return "[77:8888]"
			}
			return "packets 77 bytes 8888"
		})
		after = strings.ReplaceAll(after, " on Mon Nov 23 18:00:09 2026", " on Tue Nov 24 07:01:02 2026")
		if after == before {
			t.Fatalf("%s counts nothing", file)
		}
		texts := func(content string) (uncounted, exact []string) {
			for _, r := range withImages(t, map[string][]byte{image: []byte(content)}).FirewallRules {
				uncounted, exact = append(uncounted, value(r.Uncounted.Text)), append(exact, value(r.RuleText.Text))
			}
			return uncounted, exact
		}
		uncounted, exact := texts(before)
		uncountedAfter, exactAfter := texts(after)
		if !slices.Equal(uncounted, uncountedAfter) || slices.Equal(exact, exactAfter) {
			t.Errorf("%s: got  %q\nwant %q", file, uncountedAfter, uncounted)
		}
	}
	for line, want := range map[string]string{
		"quota over 25 mbytes used 7 kbytes drop":                                                   "quota over 25 mbytes drop",
		"elements = { 10.0.0.1 timeout 5m expires 4m59s812ms, 10.0.0.2 counter packets 1 bytes 2 }": "elements = { 10.0.0.1 timeout 5m, 10.0.0.2 counter }",
		"tcp dport 80 last used 3s ago accept":                                                      "tcp dport 80 accept",
	} {
		rules := withImages(t, map[string][]byte{"nftables-10.img": []byte("table ip t {\n chain c {\n" + line + "\n }\n}\n")}).FirewallRules
		equal(t, line, value(rules[2].Uncounted.Text), want)
	}
}

// TestNftables compares the rows of a ruleset with what nft says of it in JSON.
func TestNftables(t *testing.T) {
	rows := withImages(t, map[string][]byte{"nftables-10.img": fixture(t, "nftables.img")})
	noProblems(t, rows, "nftables-10.img")
	type object struct{ Family, Name, Table, Chain, Hook, Type, Policy, Dev string }
	var want []string
	for _, o := range fixtureJSON[struct{ Nftables []map[string]json.RawMessage }](t, "nftables.json").Nftables {
		for kind, data := range o {
			var x object
			if err := json.Unmarshal(data, &x); err != nil && kind != "map" && kind != "set" { // their type may be a list
				t.Fatal(err)
			}
			switch kind {
			case "table":
				want = append(want, fmt.Sprint("table ", x.Family, " ", x.Name))
			case "chain":
				want = append(want, fmt.Sprintln("chain", x.Family, x.Table, x.Name, x.Hook, x.Type, x.Policy))
			case "rule":
				want = append(want, fmt.Sprint("rule ", x.Family, " ", x.Table, " ", x.Chain))
			case "set", "map":
				want = append(want, fmt.Sprint("set ", x.Family, " ", x.Table, " ", x.Name))
			case "counter":
				want = append(want, fmt.Sprint("object ", x.Family, " ", x.Table, " ", x.Name))
			}
		}
	}
	var got, lock []string
	for _, r := range rows.FirewallRules {
		family, table := value(r.Family), value(r.TableName.Text)
		switch r.Kind {
		case "table":
			got = append(got, fmt.Sprint("table ", family, " ", table))
		case "chain":
			got = append(got, fmt.Sprintln("chain", family, table, value(r.Chain.Text), value(r.Hook), value(r.ChainType), value(r.Policy)))
		case "rule":
			got = append(got, fmt.Sprint("rule ", family, " ", table, " ", value(r.Chain.Text)))
		case "set", "object":
			got = append(got, fmt.Sprint(r.Kind, " ", family, " ", table, " ", value(r.Object.Text)))
		}
		if r.IsCRIULock != strings.HasPrefix(table, "CRIU-") && !strings.Contains(*r.RuleText.Text, "6.6.6.6") {
			lock = append(lock, *r.RuleText.Text)
		}
		if r.IsCRIULock && strings.Contains(*r.RuleText.Text, "6.6.6.6") {
			t.Error("a rule that CRIU does not write passes for its own")
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if lock != nil {
		t.Errorf("wrongly told from CRIU's lock: %q", lock)
	}
	verdicts := map[string]string{
		"ct state {": "accept verdict 12 3456 ", "ip saddr @blocked": "drop verdict   ", "tcp dport vmap": "    ", "tcp dport {": "web jump   ",
		"iifname \"lo\"": "return verdict   jump elsewhere", "limit rate": "accept verdict   ", "reject": "reject verdict   ",
		"oifname": "masquerade verdict   ", "ip daddr 192": "snat verdict   ",
	}
	for _, r := range rows.FirewallRules {
		for prefix, want := range verdicts {
			if r.Kind == "rule" && strings.HasPrefix(*r.RuleText.Text, prefix) {
				equal(t, prefix, strings.Join([]string{value(r.Target.Text), value(r.TargetKind), num(r.Packets), num(r.Bytes), value(r.Comment.Text)}, " "), want)
			}
		}
		if r.Kind == "chain" && value(r.Chain.Text) == "in" {
			equal(t, "device", value(r.Device.Text), "eth0")
		}
		if r.Kind == "chain" && value(r.Chain.Text) == "input" && value(r.Family) == "ip" {
			equal(t, "comment", value(r.Comment.Text), "the way in")
			equal(t, "priority", value(r.Priority), "filter - 5")
		}
	}
}

// TestNftablesOfIptables: iptables' rules as nft shows them, CRIU's lock too.
func TestNftablesOfIptables(t *testing.T) {
	rows := withImages(t, map[string][]byte{"nftables-10.img": fixture(t, "nftables-of-iptables.img")})
	noProblems(t, rows, "nftables-10.img")
	_, lock := firewallLines(rows)
	isCRIU := regexp.MustCompile(`CRIU|c114|^counter packets 0 bytes 0 drop$`)
	n := 0
	for _, r := range rows.FirewallRules {
		if isCRIU.MatchString(*r.RuleText.Text) {
			n++
		}
	}
	equal(t, "lines of CRIU's lock", len(lock), n)
	equal(t, "lines of CRIU's lock", n, 5)
}

// TestHostileFirewall: text that nests, never ends, or has names no kernel
// takes. Each line is kept as it is; what it is not sure to say is not told of
// it, and a problem names the first such line.
func TestHostileFirewall(t *testing.T) {
	const many = 1000
	name := strings.Repeat("n", 300) // the kernel takes 255
	line := strings.Repeat("n", 1<<16)
	for _, c := range []struct {
		name, image, text string
		want              string // of each row kind, table, chain and target
		problem           string // its beginning
	}{
		{"only opens", "nftables", strings.Repeat("{", 1<<16), "unknown", `the text ends within table ""`},
		{"only closes", "nftables", strings.Repeat("}\n", many), "", ""},
		{"table without a name", "nftables", "table ip", "unknown", "line 1 was not understood (such lines in all: 1)"},
		{"cut in a chain's head", "nftables", "table ip x {\nchain", "table x; definition x", `the text ends within table "x"`},
		{"chain without a name", "nftables", "table ip x {\nchain {\naccept\n}\n}", "table x; definition x; definition x", ""},
		{"table's name too long", "nftables", "table ip " + name + " {\n" + strings.Repeat("chain a {\naccept\n}\n", many) + "}\n",
			"table" + strings.Repeat("; chain a; rule a accept", many), "line 1 was not understood (such lines in all: 1)"},
		{"chain's name too long", "nftables", "table ip x {\nchain " + name + " {\n" + strings.Repeat("accept\n", many) + "}\n}\n",
			"table x; chain x" + strings.Repeat("; rule x accept", many), "line 2 was not understood (such lines in all: 1)"},
		{"line too long", "nftables", "table ip x {\nchain c {\n" + line + " accept\naccept\n}\n}\n",
			"table x; chain x c; unknown x c; rule x c accept", "line 3 was not understood (such lines in all: 1)"},
		{"quote without end", "nftables", "table ip x {\nchain c {\n\"\n}\n}\n", "table x; chain x c; rule x c", ""},
		{"cut in a quote", "nftables", "table ip x {\nchain c {\n\"", "table x; chain x c; rule x c", `the text ends within table "x"`},
		{"no text", "nftables", "\x00\xff\n", "unknown", "line 1 was not understood (such lines in all: 1)"},
		{"another tool's text", "nftables", "*filter\n-A x -j y\nCOMMIT\n", "unknown; unknown; unknown", "line 1 was not understood (such lines in all: 3)"},

		{"marks alone", "iptables", "*\n:\n-A\n[\nCOMMIT\n", "table; unknown; unknown; unknown; commit", "line 2 was not understood (such lines in all: 3)"},
		{"parts missing", "iptables", "*filter\n: \n:a\n[0:0]\n[1:2] -A\n-A x -j\nCOMMIT\n",
			"table filter; unknown filter; unknown filter; unknown filter; unknown filter; rule filter x; commit filter", "line 2 was not understood (such lines in all: 4)"},
		{"table's name too long", "iptables", "*" + name + "\n" + strings.Repeat("-A x -j y\n", many), "table" + strings.Repeat("; unknown", many),
			"line 1 was not understood (such lines in all: 1001)"},
		{"chain's name too long", "iptables", "*nat\n" + strings.Repeat("-A "+name+" -j y\n", many) + "COMMIT\n", "table nat" + strings.Repeat("; rule nat y", many) + "; commit nat",
			"line 2 was not understood (such lines in all: 1000)"},
		{"not ended", "iptables", "*nat\n-A x -j y\n", "table nat; rule nat x y", `the text ends within table "nat"`},
		{"quote without end", "iptables", "*nat\n-A x --comment \"a -j y\nCOMMIT\n", "table nat; rule nat x; commit nat", ""},
		{"no text", "iptables", "\x00\xff\n", "unknown", "line 1 was not understood (such lines in all: 1)"},
		{"another tool's text", "iptables", "table ip x {\n}\n", "unknown; unknown", "line 1 was not understood (such lines in all: 2)"},
	} {
		t.Run(c.image+" "+c.name, func(t *testing.T) {
			rows := withImages(t, map[string][]byte{c.image + "-10.img": []byte(c.text)})
			var got, kept, lines []string
			for _, r := range rows.FirewallRules {
				words := []string{r.Kind, value(r.TableName.Text), value(r.Chain.Text), value(r.Target.Text)}
				got = append(got, strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " "))
				kept = append(kept, fmt.Sprint(r.LineNumber, " ", exact(r.RuleText)))
			}
			equal(t, "rows", strings.Join(got, "; "), c.want)
			for i, l := range strings.Split(c.text, "\n") {
				if l = strings.TrimSpace(l); l != "" && (l != "}" || c.image == "iptables") { // nft's ends of blocks are no rows
					lines = append(lines, fmt.Sprint(i+1, " ", l))
				}
			}
			if !slices.Equal(kept, lines) {
				t.Errorf("kept  %.200q\nlines %.200q", kept, lines)
			}
			var problems []string
			for _, p := range problemsAbout(rows, c.image+"-10.img") {
				problems = append(problems, p.Message)
			}
			if all := strings.Join(problems, "; "); len(problems) > 1 || !strings.HasPrefix(all, c.problem) || (c.problem == "") != (all == "") {
				t.Errorf("problems %.300q, want %q", all, c.problem)
			}
		})
	}
}
