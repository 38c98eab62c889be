package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// checkpointctlVersion is the one whose facts are compared; the Makefile's.
const checkpointctlVersion = "v1.6.0"

// checkpointctl returns the program: of CHECKPOINTCTL, which the Makefile sets, or
// built here.
func checkpointctl(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("CHECKPOINTCTL"); path != "" {
		return path
	}
	bin := t.TempDir()
	cmd := exec.Command("go", "install", "github.com/checkpoint-restore/checkpointctl@"+checkpointctlVersion)
	cmd.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building checkpointctl: %v\n%s", err, out)
	}
	return filepath.Join(bin, "checkpointctl")
}

// CKEXPORT_COMPARE names a folder of further archives.
func comparedArchives(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../testdata/archives/*.tar*")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	if more := os.Getenv("CKEXPORT_COMPARE"); more != "" {
		for _, pattern := range []string{"*.tar*", "*/*.tar*"} {
			found, err := filepath.Glob(filepath.Join(more, pattern))
			if err != nil {
				t.Fatal(err)
			}
			paths = append(paths, found...)
		}
	}
	return paths
}

// TestInspectHasWhatCheckpointctlHas compares, for every archive: each fact that
// checkpointctl prints as JSON is in what inspect prints, and equal.
func TestInspectHasWhatCheckpointctlHas(t *testing.T) {
	program := checkpointctl(t)
	compared := 0
	for _, path := range comparedArchives(t) {
		theirs := theirFacts(t, program, path)
		if theirs == nil {
			continue
		}
		compared++
		t.Run(filepath.Base(path), func(t *testing.T) {
			out, err := exec.Command("ckexport", "inspect", "--all", "--format", "json", path).Output()
			if err != nil {
				t.Fatalf("inspect: %v", err)
			}
			var ours []node
			if err := json.Unmarshal(out, &ours); err != nil {
				t.Fatal(err)
			}
			// An archive with a pre-dump has two: checkpointctl shows the last.
			i := slices.IndexFunc(ours, func(c node) bool { return c.at("facts").text("dump_kind") != "predump" })
			if i < 0 {
				t.Fatalf("inspect shows %d checkpoints, and none that is whole", len(ours))
			}
			f := &factsTest{T: t, ours: ours[i], processes: map[string]node{}}
			f.collect(f.ours.list("processes"), "")
			f.compare(theirs)
		})
	}
	if compared < 24 { // all of testdata but a pre-dump, which it does not read
		t.Errorf("only %d archives were compared", compared)
	}
}

// theirFacts returns what checkpointctl prints. Where it fails at a variable that it
// takes for malformed, it is asked for all but variables; nil where it reads nothing.
func theirFacts(t *testing.T, program, path string) node {
	t.Helper()
	for _, flags := range [][]string{{"--all"}, {"--ps-tree-cmd", "--files", "--sockets", "--mounts", "--stats", "--metadata"}, {"--sockets", "--mounts", "--stats", "--metadata"}, {"--mounts", "--stats", "--metadata"}} {
		var stderr bytes.Buffer
		cmd := exec.Command(program, append(append([]string{"inspect", "--format", "json"}, flags...), path)...)
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		var all []node
		if err == nil && json.Unmarshal(out, &all) == nil && len(all) == 1 {
			return all[0]
		}
		t.Logf("%s: checkpointctl %s: %s", filepath.Base(path), strings.Join(flags, " "), firstLine(stderr.String()))
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// node is an object of JSON.
type node map[string]any

func (n node) at(name string) node {
	m, _ := n[name].(map[string]any)
	return m
}

func (n node) list(name string) []node {
	var nodes []node
	list, _ := n[name].([]any)
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			nodes = append(nodes, m)
		}
	}
	return nodes
}

// text returns a value as text; empty for none.
func (n node) text(name string) string {
	switch v := n[name].(type) {
	case nil:
		return ""
	case float64:
		return fmt.Sprintf("%.0f", v)
	default:
		return fmt.Sprint(v)
	}
}

// factsTest compares one checkpoint.
type factsTest struct {
	*testing.T
	ours      node
	processes map[string]node // ours, by pid, with the parent as ppid_here
}

func (f *factsTest) collect(list []node, parent string) {
	for _, p := range list {
		pid := p.at("process").text("pid")
		p["parent_here"] = parent
		f.processes[pid] = p
		f.collect(p.list("children"), pid)
	}
}

var escapedByte = regexp.MustCompile(`\\x[89a-f][0-9a-f]`)

// equal checks one fact; what checkpointctl does not have is empty.
func (f *factsTest) equal(what, theirs, ours string) {
	if strings.ContainsRune(theirs, utf8.RuneError) { // bytes that are no text; escaped here
		ours = escapedByte.ReplaceAllString(ours, string(utf8.RuneError))
	}
	if theirs != "" && theirs != ours {
		f.Errorf("%s: checkpointctl has %q, inspect %q", what, theirs, ours)
	}
}

func (f *factsTest) compare(theirs node) {
	facts := f.ours.at("facts")
	f.equal("container_name", theirs.text("container_name"), facts.text("container_name"))
	f.equal("image", theirs.text("image"), facts.text("image"))
	f.equal("id", theirs.text("id"), facts.text("container_id"))
	f.equal("runtime", theirs.text("runtime"), facts.text("runtime"))
	f.equal("engine", strings.ToLower(theirs.text("engine")), strings.ToLower(facts.text("engine")))
	f.equal("created", seconds(theirs.text("created")), seconds(facts.text("created_at")))
	f.equal("checkpointed", seconds(theirs.text("checkpointed")), seconds(facts.text("checkpointed_at")))
	if ip := theirs.text("ip"); !strings.Contains(facts.text("ip_addresses"), ip) {
		f.Errorf("ip: checkpointctl has %q, inspect %q", ip, facts.text("ip_addresses"))
	}
	networks, _ := json.Marshal(f.ours["networks"])
	f.has("mac", theirs.text("mac"), string(networks))
	for _, n := range theirs.list("networks") {
		f.has("network", n.text("name"), string(networks))
		for name := range n.at("interfaces") {
			of := n.at("interfaces")[name].(map[string]any)
			for _, fact := range []string{"ip", "mac", "gateway"} {
				address, _, _ := strings.Cut(node(of).text(fact), "/") // the length of its prefix is a column of its own
				f.has("network "+fact, address, string(networks))
			}
		}
	}
	for their, our := range map[string]string{"total_size": "checkpoint_bytes", "memory_pages_size": "memory_pages_bytes", "root_fs_diff_size": "rootfs_diff_bytes"} {
		f.equal(their, theirs.at("checkpoint_size").text(their), facts.text(our))
	}
	for their := range theirs.at("statistics") {
		our := strings.NewReplacer("_time", "_us").Replace(their)
		f.equal(their, theirs.at("statistics").text(their), f.ours.at("statistics").text(our))
	}
	f.equal("pod_name", theirs.at("metadata").text("pod_name"), facts.text("pod_name"))
	f.equal("kubernetes_namespace", theirs.at("metadata").text("kubernetes_namespace"), facts.text("pod_namespace"))
	annotations := map[string]string{}
	for _, a := range f.ours.list("annotations") {
		annotations[a.text("key")] = a.text("value")
	}
	for key := range theirs.at("metadata").at("annotations") {
		f.equal("annotation "+key, theirs.at("metadata").at("annotations").text(key), annotations[key])
	}
	for _, m := range theirs.list("mounts") {
		if !slices.ContainsFunc(f.ours.list("mounts"), func(o node) bool {
			return o.text("destination") == m.text("destination") && o.text("type") == m.text("type") && o.text("source") == m.text("source")
		}) {
			f.Errorf("mount %v is not in what inspect has", m)
		}
	}
	if tree := theirs.at("process_tree"); tree != nil {
		f.process(tree, "")
	}
	for _, of := range theirs.list("file_descriptors") {
		f.files(of)
	}
	for _, of := range theirs.list("sockets") {
		f.sockets(of)
	}
}

// has checks that a text is somewhere.
func (f *factsTest) has(what, theirs, in string) {
	if !strings.Contains(in, theirs) {
		f.Errorf("%s: checkpointctl has %q, inspect %s", what, theirs, in)
	}
}

// seconds cuts a time at its seconds, in either form.
func seconds(text string) string {
	return strings.Replace(text, " ", "T", 1)[:min(len(text), len("2006-01-02T15:04:05"))]
}

func (f *factsTest) process(theirs node, parent string) {
	pid := theirs.text("pid")
	p, ok := f.processes[pid]
	if !ok {
		f.Errorf("process %s is not in what inspect has", pid)
		return
	}
	row := p.at("process")
	f.equal("parent of "+pid, parent, p.text("parent_here"))
	f.equal("command of "+pid, theirs.text("command"), row.text("comm"))
	if cmdline := theirs.text("cmdline"); cmdline != "" {
		var argv []string
		list, _ := row["argv"].([]any)
		for _, a := range list {
			argv = append(argv, fmt.Sprint(a))
		}
		cmdline, ours := strings.TrimRight(cmdline, " "), strings.TrimRight(strings.Join(argv, " "), " ")
		// A title that the process wrote over its arguments and variables is cut
		// there by checkpointctl, at the end of the arguments.
		if len(argv) != 1 || !strings.HasPrefix(ours, cmdline) {
			f.equal("cmdline of "+pid, cmdline, ours)
		}
	}
	f.equal("state of "+pid, strings.ToLower(theirs.text("task_state")), row.text("state"))
	variables := map[string]string{}
	for _, v := range p.list("environment") {
		variables[v.text("name")] = v.text("value")
	}
	for name := range theirs.at("environment_variables") {
		f.equal("variable "+name+" of "+pid, theirs.at("environment_variables").text(name), variables[name])
	}
	for _, child := range theirs.list("children") {
		f.process(child, pid)
	}
}

func (f *factsTest) files(theirs node) {
	pid := theirs.text("pid")
	p := f.processes[pid]
	for _, file := range theirs.list("open_files") {
		kind, number, _ := strings.Cut(file.text("fd"), " ")
		switch kind {
		case "cwd", "root":
			f.equal(kind+" of "+pid, file.text("path"), p.at("process").text(kind))
			continue
		}
		i := slices.IndexFunc(p.list("files"), func(o node) bool { return o.text("fd") == number })
		if i < 0 {
			f.Errorf("descriptor %s of %s is not in what inspect has", number, pid)
			continue
		}
		ours := p.list("files")[i]
		what := "descriptor " + number + " of " + pid
		f.equal(what, kind, ours.text("type"))
		switch path := file.text("path"); {
		case kind == "REG":
			f.equal(what, strings.TrimSuffix(path, " (deleted)"), strings.TrimSuffix(ours.text("path"), " (deleted)"))
		case kind == "PIPE":
			f.equal(what, strings.Replace(path, "pipe[", "pipe:[", 1), ours.text("path"))
		case strings.HasPrefix(path, kind+"."): // the number of its image entry
			f.equal(what, path, kind+"."+ours.text("file_id"))
		}
	}
}

func (f *factsTest) sockets(theirs node) {
	pid := theirs.text("pid")
	left := f.processes[pid].list("sockets")
	for _, s := range theirs.list("open_sockets") {
		data := s.at("data")
		i := slices.IndexFunc(left, func(o node) bool { return isSameSocket(s.text("protocol"), data, o) })
		if i < 0 {
			f.Errorf("socket %v of %s is not in what inspect has: %v", s, pid, left)
			continue
		}
		left = slices.Delete(slices.Clone(left), i, i+1)
	}
}

// isSameSocket tells whether ours has every fact of theirs.
func isSameSocket(protocol string, theirs, ours node) bool {
	if theirs.text("type") == "UNIX" {
		address := strings.Trim(theirs.text("address"), "\x00 ") // as in sockaddr_un; an abstract one begins with a NUL
		return ours.text("family") == "unix" && (address == "" || address == strings.TrimPrefix(ours.text("name"), "@"))
	}
	same := func(their, our string) bool { return theirs.text(their) == "" || theirs.text(their) == ours.text(our) }
	size := func(their, our string) bool {
		n, ok := ours[our].(float64)
		return theirs.text(their) == "" || ok && (theirs.text(their) == fmt.Sprintf("%.1f KB", n/1024) || theirs.text(their) == fmt.Sprintf("%.1f MB", n/1024/1024))
	}
	if kind := theirs.text("type"); kind != "" && !strings.EqualFold(kind, ours.text("protocol")) {
		return false
	}
	return same("state", "state") && same("src", "local_address") && same("src_port", "local_port") && same("dst", "remote_address") && same("dst_port", "remote_port") &&
		size("send_buf", "send_buffer_bytes") && size("recv_buf", "receive_buffer_bytes") && protocol != "UNIX"
}
