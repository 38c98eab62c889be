package decode

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// maxFirewallName bounds the names that stand in every row of a table or
// chain. The kernel's are shorter (NFT_NAME_MAXLEN, 256 with the closing NUL).
const maxFirewallName = 255

// decodeFirewalls fills firewall_rules.
func (s *imageSet) decodeFirewalls() {
	for _, k := range []struct{ kind, backend string }{{"IPTABLES", "iptables"}, {"IP6TABLES", "ip6tables"}, {"NFTABLES", "nftables"}} {
		for _, img := range s.ofKind(k.kind) {
			img.decoded, img.layout = true, criu.LayoutRaw
			f := &firewall{set: s, img: img, base: schema.FirewallRule{NetNsID: uint32(img.number), Backend: k.backend}}
			line := f.iptablesLine
			switch k.backend {
			case "ip6tables":
				f.family = "ip6"
			case "nftables":
				line = f.nftablesLine
			default:
				f.family = "ip"
			}
			first := len(s.rows.FirewallRules)
			for l := range strings.Lines(string(img.data)) {
				f.base.LineNumber++
				if isFull(&s.notes, &s.rows.FirewallRules) {
					break
				}
				switch l = strings.TrimSpace(l); {
				case len(l) > maxLine:
					f.unknown(l)
				case l != "":
					line(l)
				}
			}
			f.finish()
			img.entries = ptr(uint64(len(s.rows.FirewallRules) - first))
		}
	}
}

// firewall is the text of a firewall's rules while it is decoded.
type firewall struct {
	set  *imageSet
	img  *image
	base schema.FirewallRule // columns that all rows have
	odd  int                 // lines that were not understood
	line uint32              // the first of them

	family string // of the table
	table  string // its name
	chain  string
	object string
	chains map[string]bool // iptables: that the table has

	depth    int    // nftables: blocks around the line
	inner    string // nftables: kind of the block within the table
	chainRow int    // nftables: position of the chain's row, for its hook
}

// row returns a row for a line, with what stands around it.
func (f *firewall) row(kind, line string) schema.FirewallRule {
	row := f.base
	row.Kind, row.RuleText = kind, text(line)
	if f.table != "" {
		row.Family = nonEmpty(f.family)
	}
	row.TableName, row.Chain, row.Object = nonEmptyText(f.table), nonEmptyText(f.chain), nonEmptyText(f.object)
	return row
}

func (f *firewall) add(row schema.FirewallRule) bool {
	return add(&f.set.notes, &f.set.rows.FirewallRules, row)
}

// unknown adds a line that was not understood.
func (f *firewall) unknown(line string) {
	if f.odd++; f.odd == 1 {
		f.line = f.base.LineNumber
	}
	f.add(f.row("unknown", line))
}

// name returns a name unless no kernel has such a long one.
func (f *firewall) name(s string) string {
	if len(s) <= maxFirewallName {
		return s
	}
	if f.odd++; f.odd == 1 {
		f.line = f.base.LineNumber
	}
	return ""
}

// finish notes what was wrong with the text.
func (f *firewall) finish() {
	var end string
	switch {
	case f.img.truncated:
		end = "the text is cut short here"
	case f.depth != 0 || f.img.kind.Name != "NFTABLES" && f.table != "":
		end = fmt.Sprintf("the text ends within table %q", f.table)
	}
	if end != "" {
		f.set.imageProblem(f.img, &criu.ImageError{Code: Truncated, Entry: -1, Offset: uint64(len(f.img.data)), Err: errors.New(end)})
		if f.odd == 1 && f.line == f.base.LineNumber {
			return // the line that the cut fell into
		}
	}
	if f.odd > 0 {
		f.set.problem(schema.Problem{Member: text(f.img.member), Severity: Warning, Code: Malformed,
			Message: fmt.Sprintf("line %d was not understood (such lines in all: %d)", f.line, f.odd)})
	}
}

// iptablesLine decodes a line of iptables-save.
func (f *firewall) iptablesLine(line string) {
	switch {
	case line[0] == '#':
		f.add(f.row("comment", line))
	case line[0] == '*':
		f.table, f.chains = f.name(line[1:]), map[string]bool{}
		f.add(f.row("table", line))
	case line == "COMMIT":
		f.add(f.row("commit", line))
		f.table = ""
	case line[0] == ':' && f.table != "":
		f.iptablesChain(line)
	case (line[0] == '-' || line[0] == '[') && f.table != "":
		f.iptablesRule(line)
	default:
		f.unknown(line)
	}
}

// iptablesChain decodes ":NAME POLICY [packets:bytes]"; a chain of the user has
// - for its policy.
func (f *firewall) iptablesChain(line string) {
	fields := strings.Fields(line[1:])
	if len(fields) < 2 {
		f.unknown(line)
		return
	}
	f.chain = f.name(fields[0])
	f.chains[f.chain] = true
	row := f.row("chain", line)
	if fields[1] != "-" {
		row.Hook, row.Policy = ptr(plain(strings.ToLower(f.chain))), ptr(plain(strings.ToLower(fields[1])))
	}
	if len(fields) > 2 {
		row.Packets, row.Bytes = iptablesCounters(fields[2])
	}
	row.IsCRIULock = f.table == "filter" && line == ":CRIU - [0:0]"
	f.add(row)
	f.chain = ""
}

// iptablesCounters decodes [packets:bytes].
func iptablesCounters(s string) (packets, bytes *uint64) {
	p, b, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"), ":")
	if !ok {
		return nil, nil
	}
	return count(p), count(b)
}

func count(s string) *uint64 {
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		return &n
	}
	return nil
}

// criuConnection is the rule by which CRIU locks one connection, where it
// shares its network namespace. Source: CRIU criu/netfilter.c, IPTABLES_CONN_CMD.
var criuConnection = regexp.MustCompile(`^-A (INPUT|OUTPUT) -s \S+ -d \S+ -p tcp -m mark ! --mark 0xc114 -m tcp --sport \d+ --dport \d+ -j DROP$`)

// criuRules are the rules of CRIU's lock. Source: CRIU criu/net.c,
// iptables_network_lock_internal; SOCCR_MARK is 0xC114.
var criuRules = []string{"-A INPUT -j CRIU", "-A OUTPUT -j CRIU", "-A CRIU -m mark --mark 0xc114 -j ACCEPT", "-A CRIU -j DROP"}

// iptablesRule decodes "[packets:bytes] -A CHAIN matches -j TARGET".
func (f *firewall) iptablesRule(line string) {
	rule, counters := line, ""
	if line[0] == '[' {
		counters, rule, _ = strings.Cut(line, " ")
	}
	words := iptablesWords(rule)
	if len(words) < 2 || words[0] != "-A" {
		f.unknown(line)
		return
	}
	f.chain = f.name(words[1])
	row := f.row("rule", line)
	f.chain = ""
	if counters != "" {
		row.Packets, row.Bytes = iptablesCounters(counters)
	}
	for i := 2; i < len(words)-1; i++ {
		switch words[i] {
		case "-j", "--jump", "-g", "--goto":
			kind := "verdict"
			switch {
			case words[i] == "-g" || words[i] == "--goto":
				kind = "goto"
			case f.chains[words[i+1]]:
				kind = "jump"
			}
			row.Target, row.TargetKind = text(words[i+1]), &kind
		case "--comment":
			row.Comment = text(words[i+1])
		default:
			continue
		}
		i++
	}
	row.IsCRIULock = f.table == "filter" && (slices.Contains(criuRules, rule) || criuConnection.MatchString(rule))
	f.add(row)
}

// iptablesWords splits a line as iptables-restore does: quotes keep spaces, a
// backslash within keeps the character behind it.
func iptablesWords(line string) []string {
	var words []string
	var word strings.Builder
	started, quoted := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
		case c == '"':
			quoted, started = !quoted, true
		case c == ' ' && !quoted:
			if started {
				words = append(words, word.String())
				word.Reset()
			}
			started = false
		default:
			word.WriteByte(c)
			started = true
		}
	}
	if started {
		words = append(words, word.String())
	}
	return words
}
