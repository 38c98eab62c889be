//go:build !noduckdb

package report_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/report"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// TestFleet makes the page of all archives, from both kinds of output, and
// looks for what is known of them.
func TestFleet(t *testing.T) {
	var pages []string
	for _, format := range []string{"duckdb", "parquet"} {
		path := export(t, format, schema.Tables(), "../testdata/archives", "../testdata/more")
		r, page := made(t, path, "fleet."+format)
		pages = append(pages, strings.ReplaceAll(string(page), "fleet."+format, "fleet"))
		if format == "parquet" {
			continue // the same page, see below
		}
		doc := parse(t, page)
		t.Run("processes", func(t *testing.T) { checkTree(t, doc) })
		t.Run("sockets", func(t *testing.T) { checkSockets(t, doc) })
		t.Run("files", func(t *testing.T) { checkFiles(t, doc) })
		t.Run("mounts", func(t *testing.T) { checkMounts(t, doc) })
		t.Run("detections", func(t *testing.T) { checkDetections(t, path, r, doc) })
		t.Run("charts", func(t *testing.T) { checkCharts(t, doc) })
		t.Run("form", func(t *testing.T) { checkForm(t, doc) })
		summary := content(byID(doc, "summary").Parent)
		for _, want := range []string{"Checkpoints43 all whole", "Containers39", "Archives43 43 ok", "Engines3 containerd, cri-o, podman", "From2026-11-23 14:31:05 UTC"} {
			if !strings.Contains(summary, want) {
				t.Errorf("the summary does not say %q:\n%s", want, summary)
			}
		}
	}
	if diff := cmp.Diff(strings.Split(pages[0], "\n"), strings.Split(pages[1], "\n")); diff != "" {
		t.Errorf("the pages of the two kinds of output differ:\n%.3000s", diff)
	}
}

// truth reads what /proc told of the processes of an archive.
func truth(t *testing.T, archive string) (processes []struct {
	PID  int      `json:"pid"`
	Argv []string `json:"argv"`
}) {
	t.Helper()
	data, err := os.ReadFile("../testdata/archives/" + archive + ".truth/ground.json")
	if err != nil {
		t.Fatal(err)
	}
	var ground struct{ Processes json.RawMessage }
	if err := json.Unmarshal(data, &ground); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(ground.Processes, &processes); err != nil {
		t.Fatal(err)
	}
	return processes
}

func checkTree(t *testing.T, doc *html.Node) {
	for _, archive := range []string{"nginx", "shell-tree", "everything", "redis"} {
		want := map[string]string{}
		for _, p := range truth(t, archive) {
			want[fmt.Sprint(p.PID)] = strings.TrimSpace(strings.Join(p.Argv, " "))
		}
		got := map[string]string{}
		for _, row := range table(t, section(t, doc, "f-"+archive), "Processes") {
			got[row["pid"]] = strings.TrimSpace(row["tree"])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-/proc +page):\n%s", archive, diff)
		}
	}
	tree := column(table(t, section(t, doc, "f-nginx"), "Processes"), "tree")
	for i, line := range tree {
		if indented := strings.HasPrefix(line, "  nginx: worker process"); indented != (i > 0) {
			t.Errorf("line %d of the tree: %q", i, line)
		}
	}
}

// listening returns the TCP sockets that listened, and the established
// connections, as the kernel told.
func listening(t *testing.T, archive string) (listen, connected []string) {
	t.Helper()
	data, err := os.ReadFile("../testdata/archives/" + archive + ".truth/proc-net-tcp.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 4 || len(fields[1]) != len("0100007F:18EB") {
			continue
		}
		switch fields[3] {
		case "0A":
			listen = append(listen, address(t, fields[1]))
		case "01":
			connected = append(connected, address(t, fields[1])+" "+address(t, fields[2]))
		}
	}
	return listen, connected
}

// address reads an address as /proc/net/tcp has it.
func address(t *testing.T, text string) string {
	t.Helper()
	n, err := strconv.ParseUint(text[:8], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(text[9:], 16, 16)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d.%d.%d.%d:%d", n&0xff, n>>8&0xff, n>>16&0xff, n>>24, port)
}

func checkSockets(t *testing.T, doc *html.Node) {
	for _, archive := range []string{"nginx", "redis", "tcp-established"} {
		listen, connected := listening(t, archive)
		if len(listen) == 0 {
			t.Fatalf("%s: no listeners in the truth", archive)
		}
		rows := table(t, section(t, doc, "f-"+archive), "Sockets")
		for _, want := range listen {
			if !slices.ContainsFunc(rows, func(r map[string]string) bool {
				return r["local"] == want && r["state"] == "LISTEN" && r["protocol"] == "tcp"
			}) {
				t.Errorf("%s: the listener %s is not shown", archive, want)
			}
		}
		for _, want := range connected {
			if !slices.ContainsFunc(rows, func(r map[string]string) bool {
				return r["local"]+" "+r["remote"] == want && r["state"] == "ESTABLISHED"
			}) {
				t.Errorf("%s: the connection %s is not shown", archive, want)
			}
		}
	}
	if _, connected := listening(t, "redis"); len(connected) != 2 {
		t.Errorf("the truth of redis has %d ends of connections", len(connected))
	}
}

func checkFiles(t *testing.T, doc *html.Node) {
	diff, err := os.ReadFile("../testdata/archives/rootfs-changes.truth/podman-diff.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, line := range strings.Split(strings.ReplaceAll(strings.TrimSpace(string(diff)), "naïve\nname\\xff", `naïve\x0aname\xff`), "\n") {
		kind, path, _ := strings.Cut(line, " ")
		if !slices.Contains([]string{"/etc", "/root", "/root/.ssh", "/tmp"}, path) { // folders
			want[path] = kind == "D"
		}
	}
	got := map[string]bool{}
	for _, row := range table(t, section(t, doc, "f-rootfs-changes"), "Changed files") {
		got[row["path"]] = row["change"] == "deleted"
		if row["path"] == "/etc/passwd" && (row["mode"] != "0644" || !strings.HasPrefix(row["sha256"], "a08a641e127b")) {
			t.Errorf("/etc/passwd: %v", row)
		}
	}
	if _, ok := want["/etc/passwd"]; !ok {
		t.Error("the truth does not tell of /etc/passwd")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-podman diff +page):\n%s", diff)
	}
}

func checkMounts(t *testing.T, doc *html.Node) {
	rows := table(t, section(t, doc, "f-nginx"), "Mounts")
	for _, want := range []string{"/ rw overlay", "/cfg ro "} {
		if !slices.ContainsFunc(rows, func(r map[string]string) bool { return r["mountpoint"]+" "+r["access"]+" "+r["fs_type"] == want }) {
			t.Errorf("no mount %q in %v", want, rows)
		}
	}
}

func checkDetections(t *testing.T, path string, r *report.Report, doc *html.Node) {
	db, err := formatOf(path).OpenSQL(t.Context(), path, sinks.SQLOptions{Views: queries.Views()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	clean := map[string]bool{}
	for _, d := range r.Clean {
		clean[d.Name] = true
	}
	for _, q := range queries.All() {
		if !q.IsDetection() {
			continue
		}
		text, err := q.Bind(nil)
		if err != nil {
			t.Fatal(err)
		}
		var rows int
		if err := db.QueryRow("SELECT count(*) FROM (" + text + ")").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		part := byID(doc, "d-"+q.Name)
		if (part == nil) != (rows == 0) || clean[q.Name] != (rows == 0) {
			t.Errorf("%s has %d rows: part of the page %v, clean %v", q.Name, rows, part != nil, clean[q.Name])
			continue
		}
		if part == nil {
			continue
		}
		if shown := table(t, part, q.Title); len(shown) != min(rows, 20) {
			t.Errorf("%s: %d of %d rows are shown", q.Name, len(shown), rows)
		}
		if more := strings.Contains(content(part), "ckexport query fleet.duckdb "+q.Name); more != (rows > 20) {
			t.Errorf("%s: of %d rows the page tells how to get more: %v", q.Name, rows, more)
		}
		for _, technique := range q.Attack {
			if !strings.Contains(content(part), technique.ID) {
				t.Errorf("%s: %s is not named", q.Name, technique.ID)
			}
		}
	}
	shells := table(t, byID(doc, "d-shells-under-servers"), "Shells whose parent is a server")
	if len(shells) != 1 || shells[0]["container_name"] != "f-redis" || shells[0]["pid"] != "34" {
		t.Errorf("shells under servers: %v", shells)
	}
	link := find(byID(doc, "d-shells-under-servers"), func(e *html.Node) bool { return e.Data == "a" })
	if link == nil || byID(doc, strings.TrimPrefix(attribute(link, "href"), "#")) == nil {
		t.Error("the row of a detection does not lead to the section of its checkpoint")
	}
}

func checkCharts(t *testing.T, doc *html.Node) {
	for id, shapes := range map[string]string{"memory": "rect", "frozen": "circle", "changes": "rect", "services": "path"} {
		figure := byID(doc, "chart-"+id).Parent
		if find(figure, func(e *html.Node) bool { return e.Data == shapes }) == nil {
			t.Errorf("chart %s has no %s", id, shapes)
		}
	}
	services := table(t, byID(doc, "chart-services").Parent, "Service map, in numbers")
	if !slices.ContainsFunc(services, func(r map[string]string) bool {
		return r["client"] == "f-redis" && r["server"] == "f-redis" && r["port"] == "6379" && r["connections"] == "1"
	}) {
		t.Errorf("the connection of redis is not in the service map: %v", services)
	}
	changes := 0
	for _, n := range column(table(t, byID(doc, "chart-changes").Parent, "Changes over time, in numbers"), "changes") {
		i, err := strconv.Atoi(n)
		if err != nil {
			t.Fatal(err)
		}
		changes += i
	}
	if changes != 11 { // of life 5 and 5, of flt-000-sleep 1: see TestAnswers of package queries
		t.Errorf("%d changes", changes)
	}
}

// checkForm checks what makes a page good to read with other than eyes.
func checkForm(t *testing.T, doc *html.Node) {
	level := 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "html":
			if attribute(n, "lang") != "en" {
				t.Error("the page does not tell its language")
			}
		case "h1", "h2", "h3", "h4":
			if l := int(n.Data[1] - '0'); l > level+1 {
				t.Errorf("heading %q is of level %d behind one of %d", content(n), l, level)
			} else {
				level = l
			}
		case "table":
			if find(n, func(e *html.Node) bool { return e.Data == "caption" && content(e) != "" }) == nil {
				t.Error("a table without caption")
			}
		case "svg":
			if attribute(n, "aria-label") == "" && attribute(n, "aria-hidden") != "true" {
				t.Error("a drawing without a name")
			}
		case "a":
			if target := attribute(n, "href"); byID(doc, strings.TrimPrefix(target, "#")) == nil {
				t.Errorf("link %q leads nowhere", target)
			}
		}
	}
}

// TestEmpty makes the page of an output without archives.
func TestEmpty(t *testing.T) {
	for format := range formats {
		r, page := made(t, export(t, format, schema.Tables()), "empty")
		doc := parse(t, page)
		if len(r.Detections) != 0 || len(r.NotRun) != 0 || len(r.Sections) != 0 {
			t.Errorf("%s: %d detections found something, %d did not run, %d sections", format, len(r.Detections), len(r.NotRun), len(r.Sections))
		}
		if text := content(doc); !strings.Contains(text, "No detection found anything.") || !strings.Contains(text, "Checkpoints0") {
			t.Errorf("%s: the page of nothing says:\n%s", format, text)
		}
		checkForm(t, doc)
	}
}

// TestSomeTables makes pages of outputs that lack tables: what needs them
// is said not to have run, rather than to have found nothing.
func TestSomeTables(t *testing.T) {
	tables := func(names ...string) (list []*schema.Table) {
		for _, n := range names {
			table, ok := schema.Lookup(n)
			if !ok {
				t.Fatal(n)
			}
			list = append(list, table)
		}
		return list
	}
	for format := range formats {
		r, page := made(t, export(t, format, tables("checkpoints", "processes"), "../testdata/archives/nginx.tar.zst"), "some")
		doc := parse(t, page)
		checkForm(t, doc)
		text := content(doc)
		for _, want := range []string{
			"Sockets\nNot here: the output has no table sockets.", "Reverse shells (reverse-shells, high): the output has no tables file_descriptors, sockets",
			"Problems\nNot here: the output has no table problems.",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the page does not say %q", format, want)
			}
		}
		if got := len(table(t, section(t, doc, "f-nginx"), "Processes")); got != 5 {
			t.Errorf("%s: %d processes", format, got)
		}
		for _, d := range append(r.Clean, r.Detections...) {
			for _, need := range d.Tables {
				if need != "checkpoints" && need != "processes" {
					t.Errorf("%s: %s ran without table %s", format, d.Name, need)
				}
			}
		}
	}
	// one table is one file, of which little can be told
	r, page := made(t, export(t, "parquet", tables("processes"), "../testdata/archives/nginx.tar.zst"), "one")
	if text := content(parse(t, page)); !strings.Contains(text, "No summary of the checkpoints: the output has no table checkpoints.") || r.Checkpoints != 0 {
		t.Errorf("of one table the page says:\n%s", text)
	}
}
