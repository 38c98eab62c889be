//go:build !noduckdb

package queries_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/parquet"
)

var update = flag.Bool("update", false, "write the counts of false alarms into false-alarms.md")

// ordinaryArchives are containers that do nothing but what they are for.
var ordinaryArchives = []struct{ title, path string }{
	{"nginx", "archives/nginx.tar.zst"},
	{"redis", "archives/redis.tar.zst"},
	{"python", "more/python-tcp-established.tar.gz"},
	{"busybox httpd", "archives/bridge-net.tar.gz"},
	{"busybox httpd, CRI-O", "more/checkpoint-web-7d4b9c6f5-x2x9q_shop-nginx-2026-11-23T14-34-49Z.tar"},
	{"busybox httpd, kubelet", "more/checkpoint-web-fleet-node-1_shop-httpd-2026-11-23T14-50-52Z.tar"},
	{"sleep", "more/limits-labels.tar"},
	{"sleep, in a pod", "more/podman-pod.tar.zst"},
	{"shell with a terminal", "more/tty.tar.zst"},
}

// notes tell why a detection finds something in an ordinary container.
var notes = map[string]string{
	"interpreter-one-liners": "redis: made for the tests, its start script leaves a client in the background, below a shell",
	"shells-under-servers":   "redis: that shell",
	"seccomp-off":            "CRI-O, kubelet: the pods ask for no profile, as is Kubernetes' default",
	"secrets-in-memory":      "redis, python, a pod: made for the tests, they have such texts in memory; kubelet: the password of its environment",
	"secret-environment":     "kubelet: the pod has a password in its environment, as many do",
}

// TestFalseAlarms counts the rows of each detection on each ordinary container,
// and compares with what docs/queries.md says.
func TestFalseAlarms(t *testing.T) {
	counts := map[string][]int{}
	for i, a := range ordinaryArchives {
		db, err := export(fmt.Sprintf("ordinary-%d", i), parquet.Format(duckdb.Engine()), schema.Tables(), filepath.Join("../testdata", a.path))
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range queries.All() {
			if q.IsDetection() {
				counts[q.Name] = append(counts[q.Name], len(rows(t, db, bound(t, q, nil))))
			}
		}
		db.Close()
	}
	var b strings.Builder
	b.WriteString("Rows that each detection returns on ordinary containers among testdata's archives, each exported alone; written by `go test ./queries -run FalseAlarms -update`.\n\n")
	b.WriteString("| detection | severity |")
	for _, a := range ordinaryArchives {
		b.WriteString(" " + a.title + " |")
	}
	b.WriteString(" why |\n| --- | --- |" + strings.Repeat(" --- |", len(ordinaryArchives)) + " --- |\n")
	var silent []string
	for _, severity := range []string{"high", "medium", "low", "info"} {
		for _, g := range queries.Groups() {
			for _, q := range queries.InGroup(g.Name) {
				if q.Severity != severity {
					continue
				}
				sum := 0
				line := fmt.Sprintf("| [%s](#%s) | %s |", q.Name, q.Name, q.Severity)
				for _, n := range counts[q.Name] {
					sum += n
					line += fmt.Sprintf(" %d |", n)
				}
				if sum == 0 {
					silent = append(silent, q.Name)
					continue
				}
				if notes[q.Name] == "" {
					t.Errorf("%s finds %d rows in ordinary containers: say why in notes, or make it find none", q.Name, sum)
				}
				b.WriteString(line + " " + notes[q.Name] + " |\n")
			}
		}
	}
	fmt.Fprintf(&b, "\nThe other %d detections find nothing there: %s.\n", len(silent), strings.Join(silent, ", "))
	if *update {
		if err := os.WriteFile("false-alarms.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile("false-alarms.md")
	if diff := cmp.Diff(string(have), b.String()); err != nil || diff != "" {
		t.Errorf("%v; run go test ./queries -run FalseAlarms -update, then make docs (-false-alarms.md +counted):\n%s", err, diff)
	}
}
