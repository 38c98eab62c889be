package inspect

import (
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/ckexport/ckexport/units"
)

// branch is a line of a tree, with those below it.
type branch struct {
	text     string
	colour   string // of the whole line, empty for none
	branches []*branch
}

// add adds a line, and returns it.
func (b *branch) add(format string, args ...any) *branch {
	child := &branch{text: fmt.Sprintf(format, args...)}
	b.branches = append(b.branches, child)
	return child
}

// Colours, as terminals take them: SGR, ECMA-48.
const (
	bold   = "1"
	red    = "31;1"
	yellow = "33"
	cyan   = "36"
)

var colourOf = map[string]string{"high": red, "error": red, "medium": yellow, "warning": yellow, "low": cyan}

// WriteTree writes checkpoints as trees. Colours are for terminals only.
func WriteTree(out io.Writer, all []*Checkpoint, s Sections, colours bool) error {
	for i, c := range all {
		if i > 0 {
			if _, err := fmt.Fprintln(out); err != nil {
				return err
			}
		}
		root := c.tree(s)
		if err := root.write(out, "", "", colours); err != nil {
			return err
		}
	}
	return nil
}

// write writes a line, and those below it behind the prefix.
func (b *branch) write(out io.Writer, first, prefix string, colours bool) error {
	text := b.text
	if colours && b.colour != "" {
		text = "\x1b[" + b.colour + "m" + text + "\x1b[0m"
	}
	if _, err := fmt.Fprintf(out, "%s%s\n", first, text); err != nil {
		return err
	}
	for i, child := range b.branches {
		first, rest := "├── ", "│   "
		if i == len(b.branches)-1 {
			first, rest = "└── ", "    "
		}
		if err := child.write(out, prefix+first, prefix+rest, colours); err != nil {
			return err
		}
	}
	return nil
}

// What a screenful has of each list.
const (
	shortFindings  = 8
	shortProcesses = 12
	shortProblems  = 3
)

func (c *Checkpoint) tree(s Sections) *branch {
	root := &branch{text: c.Name, colour: bold}
	for _, line := range c.head(s) {
		root.add("%s", line)
	}
	if s.Findings {
		c.addFindings(root, s)
	}
	if s.Problems {
		c.addProblems(root, s)
	}
	if s.Statistics {
		addRow(root.add("Dump"), c.Statistics)
	}
	if s.Metadata {
		c.addMetadata(root)
	}
	if s.hasProcesses() {
		processes := root.add("Processes: %d", c.processCount)
		left := c.processCount
		if s.Short {
			left = shortProcesses
		}
		for _, p := range c.Processes {
			addProcessTree(processes, p, s, &left)
		}
		if more := c.processCount - shortProcesses; s.Short && more > 0 {
			processes.add("%d more: --ps-tree-cmd", more)
		}
	}
	if len(c.listening) > 0 {
		root.add("Listens: %s", clip(strings.Join(c.listening, ", "), 160))
	}
	if s.Mounts {
		c.addMounts(root)
	}
	if s.Short {
		root.add("More: --all, or --ps-tree-env, --files, --sockets, --mounts, --stats, --metadata, --problems, --findings")
	}
	return root
}

// head says in a few lines what the checkpoint is.
func (c *Checkpoint) head(s Sections) []string {
	f := c.Facts
	var lines []string
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, name+": "+value)
		}
	}
	join := func(names ...string) string {
		var parts []string
		for _, n := range names {
			if text := f.Text(n); text != "" {
				parts = append(parts, text)
			}
		}
		return strings.Join(parts, " ")
	}
	add("Archive", c.Archive)
	add("Checkpoint", c.ID)
	add("Image", f.Text("image"))
	add("Container", f.Text("container_id"))
	add("Engine", strings.Trim(join("engine", "engine_version")+", "+join("runtime", "runtime_version"), ", "))
	add("Created", f.Text("created_at"))
	if !s.Short {
		add("Started", f.Text("started_at"))
		add("Restored", f.Text("restored_at"))
	}
	taken := f.Text("checkpointed_at")
	if taken == "" {
		taken = f.Text("dumped_at")
	}
	add("Checkpointed", taken)
	add("Host", join("host_nodename", "kernel_release", "host_distribution", "host_distribution_version", "arch"))
	add("CRIU", f.Text("criu_version"))
	add("Host name", f.Text("hostname"))
	add("Addresses", f.Text("ip_addresses"))
	for _, n := range c.Networks {
		if !s.Short {
			add("Network", strings.Join(pairs(n), " "))
		}
	}
	size := func(name string) string {
		switch n := f.Get(name).(type) {
		case uint64:
			return units.Bytes(n)
		case int64:
			return units.Bytes(uint64(n))
		}
		return ""
	}
	sizes := size("checkpoint_bytes")
	if memory := size("memory_pages_bytes"); memory != "" {
		sizes += ", memory pages " + memory
	}
	if diff := size("rootfs_diff_bytes"); diff != "" {
		sizes += ", changed files " + diff
	}
	add("Size", sizes)
	if kind := f.Text("dump_kind"); kind != "full" {
		add("Kind", kind)
	}
	if status := f.Text("status"); status != "ok" {
		add("Status", status)
	}
	return lines
}

func (c *Checkpoint) addFindings(root *branch, s Sections) {
	to := root.add("Findings: %d", len(c.Findings))
	for i, f := range c.Findings {
		if s.Short && i == shortFindings {
			to.add("%d more: --findings", len(c.Findings)-i)
			return
		}
		line := to.add("%-6s %s: %s", f.Severity, f.Query, f.About)
		if f.Rows > 1 {
			line.text += fmt.Sprintf(" (%s)", units.Count(f.Rows, "row"))
		}
		line.colour = colourOf[f.Severity]
	}
}

func (c *Checkpoint) addProblems(root *branch, s Sections) {
	if len(c.Problems) == 0 {
		if !s.Short {
			root.add("Problems: 0")
		}
		return
	}
	to := root.add("Problems: %d", len(c.Problems))
	for i, p := range c.Problems {
		if s.Short && i == shortProblems {
			to.add("%d more: --problems", len(c.Problems)-i)
			return
		}
		line := to.add("%s %s: %s", p.Text("severity"), p.Text("code"), strings.TrimPrefix(p.Text("member")+": "+p.Text("message"), ": "))
		line.colour = colourOf[p.Text("severity")]
	}
}

func (c *Checkpoint) addMetadata(root *branch) {
	to := root.add("Metadata")
	kinds := map[string]*branch{}
	for _, a := range c.Annotations {
		kind := a.Text("kind")
		if kinds[kind] == nil {
			kinds[kind] = to.add("%s", kind)
		}
		kinds[kind].add("%s: %s", a.Text("key"), a.Text("value"))
	}
}

func (c *Checkpoint) addMounts(root *branch) {
	declared := root.add("Mounts of the specification: %d", len(c.Mounts))
	for _, m := range c.Mounts {
		declared.add("%s", strings.Join(values(m, "destination", "type", "source", "options"), " "))
	}
	there := root.add("Mounts: %d", len(c.MountTable))
	for _, m := range c.MountTable {
		there.add("%s", strings.Join(values(m, "mountpoint", "fs_type", "source", "root", "mount_flags_names", "options"), " "))
	}
}

// addProcessTree adds a process and those below it, as long as there are lines left.
func addProcessTree(to *branch, p *Process, s Sections, left *int) {
	if *left == 0 {
		return
	}
	*left--
	text := p.Facts.Text("comm")
	if s.Commands || s.Environment {
		if cmdline := p.Facts.Text("cmdline"); cmdline != "" {
			text = cmdline
		}
	}
	if s.Short {
		text = clip(text, 120)
	}
	line := to.add("[%s] %s", p.Facts.Text("pid"), text)
	if state := p.Facts.Text("state"); state != "alive" && state != "" {
		line.text += " (" + state + ")"
	}
	if len(p.Environment) > 0 {
		to := line.add("Environment")
		for _, v := range p.Environment {
			to.add("%s=%s", v.Text("name"), v.Text("value"))
		}
	}
	if s.Files {
		to := line.add("Files")
		to.add("cwd %s", p.Facts.Text("cwd"))
		to.add("root %s", p.Facts.Text("root"))
		for _, f := range p.Files {
			to.add("%s %s", f.Text("fd"), strings.Join(values(f, "type", "path", "access"), " "))
		}
	}
	if len(p.Sockets) > 0 {
		to := line.add("Sockets")
		for _, k := range p.Sockets {
			to.add("%s", describeSocket(k))
		}
	}
	for _, child := range p.Children {
		addProcessTree(line, child, s, left)
	}
}

// describeSocket says what a socket is and where it leads.
func describeSocket(k Row) string {
	end := func(address, port string) string {
		if text := k.Text(address); text != "" {
			return net.JoinHostPort(text, k.Text(port))
		}
		return ""
	}
	kind := k.Text("protocol")
	if kind == "" {
		kind = k.Text("family") + " " + k.Text("type")
	}
	parts := []string{k.Text("fd"), kind}
	for _, text := range []string{k.Text("state"), end("local_address", "local_port"), k.Text("name")} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if port := k.Text("remote_port"); port != "" && port != "0" {
		parts = append(parts, "to", end("remote_address", "remote_port"))
	}
	return strings.Join(parts, " ")
}

// addRow adds a line for each column.
func addRow(to *branch, row Row) {
	for _, c := range row {
		to.add("%s: %s", c.Name, row.Text(c.Name))
	}
}

// pairs returns the columns with their values, but for bytes: beside those stands
// what they mean.
func pairs(row Row) []string {
	var parts []string
	for _, c := range row {
		if _, isBytes := c.Value.([]byte); isBytes {
			continue
		}
		if text := row.Text(c.Name); text != "" {
			parts = append(parts, c.Name+"="+text)
		}
	}
	return parts
}

// values returns the values of columns that are there.
func values(row Row, names ...string) []string {
	var parts []string
	for _, n := range names {
		if text := row.Text(n); text != "" {
			parts = append(parts, text)
		}
	}
	return parts
}
