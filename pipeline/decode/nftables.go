package decode

import (
	"slices"
	"strings"

	"github.com/ckexport/ckexport/lazyregexp"
	"github.com/ckexport/ckexport/schema"
)

// nftablesLine decodes a line of nft list ruleset, which prints a statement a
// line: a table's blocks are indented within it, a rule's within its chain.
func (f *firewall) nftablesLine(line string) {
	opened, closed := braces(line)
	defer f.enter(opened, closed)
	switch {
	case line[0] == '#':
		f.add(f.row("comment", line))
	case strings.Trim(line, "};, ") == "":
		// the end of a block
	case f.depth == 0:
		f.nftablesTable(line)
	case f.depth == 1:
		f.nftablesBlock(line)
	case f.inner == "chain":
		f.nftablesRule(line)
	default:
		row := f.row("definition", line)
		row.Packets, row.Bytes = nftablesCounter(line)
		row.IsCRIULock = criuTable(f) && (f.object == "conns4" || f.object == "conns6")
		f.add(row)
	}
}

// enter keeps track of the blocks around the next line.
func (f *firewall) enter(opened, closed int) {
	f.depth = max(f.depth+opened-closed, 0)
	if f.depth < 2 {
		f.inner, f.chain, f.object = "", "", ""
	}
	if f.depth < 1 {
		f.table, f.family = "", ""
	}
}

// braces counts the braces of a line that are not within quotes.
func braces(line string) (opened, closed int) {
	quoted := false
	for i := range len(line) {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case c == '{' && !quoted:
			opened++
		case c == '}' && !quoted:
			closed++
		}
	}
	return opened, closed
}

// nftablesTable decodes "table FAMILY NAME {".
func (f *firewall) nftablesTable(line string) {
	words := strings.Fields(line)
	if len(words) < 3 || words[0] != "table" {
		f.unknown(line)
		return
	}
	f.family, f.table = f.name(words[1]), f.name(words[2])
	row := f.row("table", line)
	row.IsCRIULock = criuTable(f)
	f.add(row)
}

// nftablesBlock decodes a line directly within a table: the head of a block, or
// a property of the table.
func (f *firewall) nftablesBlock(line string) {
	words := strings.Fields(line)
	if words[len(words)-1] != "{" || len(words) < 3 {
		f.add(f.row("definition", line))
		return
	}
	name := f.name(words[len(words)-2])
	switch words[0] {
	case "chain":
		f.inner, f.chain = "chain", name
		row := f.row("chain", line)
		row.IsCRIULock = f.table == "filter" && (f.family == "ip" || f.family == "ip6") && name == "CRIU"
		if f.chainRow = noRow; f.add(row) {
			f.chainRow = len(f.set.rows.FirewallRules) - 1
		}
	case "set", "map", "meter":
		f.inner, f.object = "set", name
		row := f.row("set", line)
		row.IsCRIULock = criuTable(f) && (name == "conns4" || name == "conns6")
		f.add(row)
	default: // counter, quota, limit, flowtable, ct helper, ...
		f.inner, f.object = "object", name
		f.add(f.row("object", line))
	}
}

// nftablesHook is the line of a chain that packets enter by themselves.
var nftablesHook = lazyregexp.New(`^type (\w+) hook (\w+)(?: devices? (.*?))? priority ([^;]+);(?: policy (\w+);)?`)

// nftablesRule decodes a line within a chain.
func (f *firewall) nftablesRule(line string) {
	if f.chainRow == noRow {
		return
	}
	chain := &f.set.rows.FirewallRules[f.chainRow]
	if hook := nftablesHook().FindStringSubmatch(line); hook != nil {
		chain.RuleText, chain.Uncounted = text(line), text(uncounted(f.base.Backend, line))
		chain.ChainType, chain.Hook, chain.Priority, chain.Policy = nonEmpty(hook[1]), nonEmpty(hook[2]), nonEmpty(hook[4]), nonEmpty(hook[5])
		if hook[3] != "" {
			chain.Device = text(strings.ReplaceAll(strings.Trim(hook[3], "={} "), `"`, ""))
		}
		chain.IsCRIULock = criuTable(f) && hook[1] == "filter" && hook[2] == f.chain && (hook[2] == "input" || hook[2] == "output") &&
			(hook[4] == "filter" || hook[4] == "0")
		return
	}
	if strings.HasPrefix(line, "type ") { // as a hook begins, and no rule
		f.unknown(line)
		return
	}
	if comment, ok := strings.CutPrefix(line, `comment "`); ok {
		chain.Comment = text(strings.TrimSuffix(comment, `"`))
		return
	}
	row := f.row("rule", line)
	verdictColumns(&row, nftablesWords(line))
	row.Packets, row.Bytes = nftablesCounter(line)
	row.IsCRIULock = f.isCRIURule(line)
	f.add(row)
}

// nftablesWords splits a rule into its words outside braces; a quoted text is
// one word, with its quotes.
func nftablesWords(line string) []string {
	var words []string
	start, depth, quoted := -1, 0, false
	end := func(i int) {
		if start >= 0 && depth == 0 {
			words = append(words, line[start:i])
		}
		start = -1
	}
	for i := range len(line) {
		switch c := line[i]; {
		case c == '"':
			if quoted = !quoted; start < 0 {
				start = i
			}
		case quoted:
		case c == '{':
			end(i)
			depth++
		case c == '}':
			start, depth = -1, max(depth-1, 0)
		case c == ' ' || c == '\t' || c == ';':
			end(i)
		case start < 0:
			start = i
		}
	}
	end(len(line))
	return words
}

// nftablesVerdicts are statements that decide what happens to a packet.
var nftablesVerdicts = []string{"accept", "drop", "reject", "return", "continue", "queue", "masquerade", "redirect", "snat", "dnat", "tproxy", "synproxy"}

// verdictColumns fills in target and comment of a rule.
func verdictColumns(row *schema.FirewallRule, words []string) {
	for i, w := range words {
		previous := ""
		if i > 0 {
			previous = words[i-1]
		}
		switch {
		case previous == "type" || previous == "status":
			// icmp type redirect, ct status dnat: what is matched, no verdict
		case previous == "comment":
			row.Comment = text(strings.Trim(w, `"`))
		case previous == "jump" || previous == "goto":
			kind := previous
			row.Target, row.TargetKind = text(w), &kind
		case slices.Contains(nftablesVerdicts, w):
			kind := "verdict"
			row.Target, row.TargetKind = text(w), &kind
		}
	}
}

var counterStatement = lazyregexp.New(`\b(?:counter )?packets (\d+) bytes (\d+)`)

// nftablesCounter decodes "counter packets N bytes N", and a named counter's
// own line.
func nftablesCounter(line string) (packets, bytes *uint64) {
	if m := counterStatement().FindStringSubmatch(line); m != nil {
		return count(m[1]), count(m[2])
	}
	return nil, nil
}

// criuTableName is the name of the table that CRIU locks the network with: its
// run's id, or in older versions a pid. Source: CRIU criu/netfilter.c,
// nftables_get_table.
var criuTableName = lazyregexp.New(`^CRIU-([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+)$`)

func criuTable(f *firewall) bool { return f.family == "inet" && criuTableName().MatchString(f.table) }

// criuMark matches packets of CRIU itself, which it marks with SOCCR_MARK.
var criuMark = lazyregexp.New(`^meta mark (0x0*c114|49428) accept$`)

// isCRIURule reports whether a rule is one of CRIU's lock: in its own table,
// or in the chain that iptables makes of its rules.
func (f *firewall) isCRIURule(line string) bool {
	rule := strings.Join(strings.Fields(counterStatement().ReplaceAllString(line, "")), " ")
	if criuTable(f) {
		return criuMark().MatchString(rule) || rule == "ip saddr . tcp sport . ip daddr . tcp dport @conns4 drop" ||
			rule == "ip6 saddr . tcp sport . ip6 daddr . tcp dport @conns6 drop"
	}
	if f.table != "filter" || f.family != "ip" && f.family != "ip6" {
		return false
	}
	switch f.chain {
	case "CRIU":
		return criuMark().MatchString(rule) || rule == "drop"
	case "INPUT", "OUTPUT":
		return rule == "jump CRIU"
	}
	return false
}
