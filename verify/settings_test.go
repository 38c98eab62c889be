//go:build !noduckdb

package verify_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/redact"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/verify"
)

// contentArchives have contents that wait in pipes, queues and terminals, and
// deleted files.
var contentArchives = []string{"everything.tar.zst", "fd-kinds.tar.zst", "ghost-files.tar", "p5-everything.tar.gz"}

// runWith exports archives to an output with settings of the run's own.
func runWith(t *testing.T, path, id string, tables []*schema.Table, archives []source.Item, set func(*pipeline.Options)) {
	t.Helper()
	run := options()
	run.Run.RunID, run.Archives, run.Tables = id, archives, tables
	set(&run)
	if run.PayloadLimit > 0 {
		limit := uint64(run.PayloadLimit)
		run.Run.PayloadLimit = &limit
	}
	sink, err := duckdb.Format().Open(t.Context(), path, sinks.Options{Tables: run.Tables, RunID: id, Version: "test", Policy: sinks.Policy{Redaction: run.Redaction.String()}})
	must(t, err)
	defer sink.Close()
	run.Sink = sink
	if _, err := pipeline.Run(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	must(t, sink.Close())
}

// TestSettingsOfRuns checks outputs that runs with other settings wrote some
// archives of: what a setting leaves out or changes is no damage.
func TestSettingsOfRuns(t *testing.T) {
	dir := t.TempDir()
	for _, name := range contentArchives {
		copyFile(t, filepath.Join("../testdata/archives", name), filepath.Join(dir, name))
	}
	key, err := redact.OpenKey(filepath.Join(t.TempDir(), "key"))
	must(t, err)
	policy, err := redact.ParsePolicy([]string{schema.PolicyPayloads}, nil)
	must(t, err)
	redactions := map[string]*redact.Redaction{"as they are": nil, "replaced": {Policy: policy, Key: key}}
	few := tables("checkpoint_digests", "archives", "runs", "checkpoints", "problems", "pipe_buffers", "ghost_files", "ttys", "ipc_objects", "memory_strings", "mounts")
	var withoutRuns []*schema.Table
	for _, table := range few {
		if table.Name != "runs" {
			withoutRuns = append(withoutRuns, table)
		}
	}
	payloads := func(limit int64) func(*pipeline.Options) {
		return func(o *pipeline.Options) { o.PayloadLimit = limit }
	}
	for name, c := range map[string]struct {
		tables []*schema.Table
		sets   [2]func(*pipeline.Options)
		want   string // of the finding if the output tells no settings
	}{
		"payloads":               {sets: [2]func(*pipeline.Options){payloads(0), payloads(1000)}},
		"payload limits":         {sets: [2]func(*pipeline.Options){payloads(3), payloads(100)}},
		"payload limits unknown": {tables: withoutRuns, sets: [2]func(*pipeline.Options){payloads(3), payloads(100)}, want: "note: payload: "},
		"memory":                 {sets: [2]func(*pipeline.Options){func(o *pipeline.Options) { o.Memory = []string{"strings"} }, payloads(5)}},
		"SHA-256":                {sets: [2]func(*pipeline.Options){func(o *pipeline.Options) { o.SHA256 = true }, payloads(0)}},
		"limits": {sets: [2]func(*pipeline.Options){func(o *pipeline.Options) { o.Limits.Rows = 3 }, payloads(0)},
			want: "warning: "},
	} {
		for policy, redaction := range redactions {
			t.Run(name+"/"+policy, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "fleet.duckdb")
				archives := find(t, dir)
				for i, set := range c.sets {
					if c.tables == nil {
						c.tables = few
					}
					runWith(t, path, "run"+string(rune('1'+i)), c.tables, archives[2*i:2*i+2], func(o *pipeline.Options) {
						set(o)
						o.Redaction = redaction
					})
				}
				report := checkRedacted(t, path, dir, redaction)
				got := text(report.Findings)
				wanted := c.want
				if name == "payload limits unknown" && redaction == nil {
					wanted = "" // what is cut begins as the whole does
				}
				if !report.Whole || wanted == "" && got != "" || !strings.Contains(got, wanted) {
					t.Errorf("want %q, got:\n%s", wanted, got)
				}
			})
		}
	}
}

// TestContentsOfLimits checks that contents which are cut elsewhere than the
// run's limit says, or changed, are found, replaced ones too.
func TestContentsOfLimits(t *testing.T) {
	dir := t.TempDir()
	copyFile(t, "../testdata/archives/ghost-files.tar", filepath.Join(dir, "ghost-files.tar"))
	copyFile(t, "../testdata/archives/p5-everything.tar.gz", filepath.Join(dir, "p5-everything.tar.gz"))
	key, err := redact.OpenKey(filepath.Join(t.TempDir(), "key"))
	must(t, err)
	policy, err := redact.ParsePolicy([]string{schema.PolicyPayloads}, nil)
	must(t, err)
	some := append(some, tables("runs")...)
	for name, c := range map[string]struct {
		redaction *redact.Redaction
		sql       string
	}{
		"cut":               {nil, "UPDATE ghost_files SET data = data[:2] WHERE octet_length(data) > 2"},
		"replaced, changed": {&redact.Redaction{Policy: policy, Key: key}, "UPDATE ghost_files SET data = 'x' WHERE octet_length(data) > 2"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "fleet.duckdb")
			for i, a := range find(t, dir) {
				runWith(t, path, "run"+string(rune('1'+i)), some, []source.Item{a}, func(o *pipeline.Options) {
					o.PayloadLimit, o.Redaction = int64(8*(i+1)), c.redaction
				})
			}
			change(t, path, c.sql)
			expect(t, checkRedacted(t, path, dir, c.redaction), `damage: payload: ghost_files [0-9a-f]{32}: the contents in \d+ rows? are not those in the archive, such as of ghost_id=\d+$`)
		})
	}
}

// TestCopyWithoutSHA256 compares with an archive of which the output has no
// SHA-256, and has that of a copy which is packed in another way.
func TestCopyWithoutSHA256(t *testing.T) {
	dir := t.TempDir()
	members := original(t)
	must(t, os.WriteFile(filepath.Join(dir, "a.tar"), pack(t, members), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "b.tar.gz"), gzipped(t, pack(t, members)), 0o600))
	path := filepath.Join(t.TempDir(), "fleet.duckdb")
	for i, a := range find(t, dir) {
		runWith(t, path, "run"+string(rune('1'+i)), some, []source.Item{a}, func(o *pipeline.Options) { o.SHA256 = i == 1 })
	}
	if report := check(t, duckdb.Format(), path, dir); len(report.Findings) > 0 || report.Compared.Proven != 1 {
		t.Errorf("%d proven: %s", report.Compared.Proven, text(report.Findings))
	}
}

// checkRedacted compares an output with the archives in dir.
func checkRedacted(t *testing.T, path, dir string, redaction *redact.Redaction) *verify.Report {
	t.Helper()
	run := options()
	run.Redaction, run.PayloadLimit = redaction, pipeline.DefaultPayloadLimit
	report, err := verify.Run(t.Context(), verify.Options{Path: path, Format: duckdb.Format(), Against: &verify.Against{
		Archives: func(context.Context, string) ([]source.Item, error) { return find(t, dir), nil }, TempDir: t.TempDir(), Format: dataset, Run: run,
	}})
	must(t, err)
	return report
}
