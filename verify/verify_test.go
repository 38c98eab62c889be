//go:build !noduckdb

package verify_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	driver "github.com/duckdb/duckdb-go/v2"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/parquet"
	"github.com/ckexport/ckexport/verify"
)

// inputs are copies of real archives in a folder of the test's own.
func inputs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"everything.tar.zst", "tcp-established.tar.zst", "ghost-files.tar"} {
		copyFile(t, filepath.Join("../testdata/archives", name), filepath.Join(dir, name))
	}
	return dir
}

func find(t *testing.T, dir string) []source.Item {
	t.Helper()
	found, err := source.Find(t.Context(), []source.Provider{source.Local("")}, []string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return found.Archives
}

// options are how the archives of a test are read.
func options() pipeline.Options {
	return pipeline.Options{Run: schema.Run{RunID: "run", ToolVersion: "test"}, Limits: decode.DefaultLimits(), Jobs: 2, Log: slog.New(slog.DiscardHandler)}
}

// dataset is the kind of output of datasets.
var dataset = parquet.Format(duckdb.Engine())

// tables returns tables by their names.
func tables(names ...string) []*schema.Table {
	var list []*schema.Table
	for _, name := range names {
		table, _ := schema.Lookup(name)
		list = append(list, table)
	}
	return list
}

// some are the tables that tests damage: checking all takes several times as long.
var some = tables("archives", "checkpoints", "problems", "processes", "threads", "environment", "namespaces", "signal_handlers", "ttys", "ghost_files")

// export writes tables of the archives in dir to an output at path.
func export(t *testing.T, format sinks.Format, tables []*schema.Table, dir, path string) {
	t.Helper()
	exportRun(t, "run", format, tables, dir, path)
}

func exportRun(t *testing.T, id string, format sinks.Format, tables []*schema.Table, dir, path string) {
	t.Helper()
	sink, err := format.Open(t.Context(), path, sinks.Options{Tables: tables, RunID: id, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	run := options()
	run.Run.RunID = id
	run.Archives, run.Tables, run.Sink, run.PayloadLimit = find(t, dir), tables, sink, 1000
	if summary, err := pipeline.Run(t.Context(), run); err != nil || summary.Failed > 0 {
		t.Fatalf("%+v, %v", summary, err)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
}

// check verifies an output, against the archives in dir if it is not empty.
func check(t *testing.T, format sinks.Format, path, dir string) *verify.Report {
	t.Helper()
	opts := verify.Options{Path: path, Format: format}
	if dir != "" {
		opts.Against = &verify.Against{Archives: func(context.Context, string) ([]source.Item, error) { return find(t, dir), nil }, TempDir: t.TempDir(), Format: dataset, Run: options()}
	}
	report, err := verify.Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if dir != "" {
		if left, err := os.ReadDir(opts.Against.TempDir); err != nil || len(left) > 0 {
			t.Errorf("left in the temporary folder: %v, %v", left, err)
		}
	}
	return report
}

// text writes findings as lines.
func text(findings []sinks.Finding) string {
	var lines []string
	for _, f := range findings {
		lines = append(lines, fmt.Sprintf("%s: %s: %s %s: %s", f.Severity, f.Check, f.Table, f.Place, f.Message))
	}
	return strings.Join(lines, "\n")
}

// expect checks that each pattern matches a line of the findings, and that the
// output is judged damaged if any finding should be.
func expect(t *testing.T, report *verify.Report, patterns ...string) {
	t.Helper()
	got := text(report.Findings)
	for _, p := range patterns {
		if !regexp.MustCompile(`(?m)^` + p).MatchString(got) {
			t.Errorf("no finding %q in:\n%s", p, got)
		}
	}
	if damaged := strings.Contains(strings.Join(patterns, ""), sinks.Damage); report.Whole == damaged {
		t.Errorf("whole is %t with:\n%s", report.Whole, got)
	}
}

// TestFresh checks outputs that nobody has damaged: nothing is found.
func TestFresh(t *testing.T) {
	dir := inputs(t)
	for _, format := range []sinks.Format{dataset, duckdb.Format()} {
		path := filepath.Join(t.TempDir(), "fleet"+format.Suffixes[0])
		export(t, format, schema.Tables(), dir, path)
		if report := check(t, format, path, dir); len(report.Findings) > 0 || report.Rows == 0 || report.Compared.Rows == 0 {
			t.Errorf("%s: %+v", format.Name, report)
		}
	}
}

// TestDatasetDamage damages a dataset in one way each.
func TestDatasetDamage(t *testing.T) {
	dir := inputs(t)
	pristine := filepath.Join(t.TempDir(), "fleet.parquet")
	export(t, dataset, some, dir, pristine)
	part := func(t *testing.T, path, table string) string {
		parts, err := filepath.Glob(filepath.Join(path, table, "*.parquet"))
		if err != nil || len(parts) != 1 {
			t.Fatalf("parts of %s: %v, %v", table, parts, err)
		}
		return parts[0]
	}
	manifest := func(path string) string { return filepath.Join(path, "_ckexport.json") }
	for name, c := range map[string]struct {
		damage func(t *testing.T, path string)
		want   []string
	}{
		"byte flipped": {func(t *testing.T, path string) { flip(t, part(t, path, "threads"), 2) },
			[]string{`damage: part: threads threads/part-run-000.parquet: its content was changed since it was written: its SHA-256 is`}},
		"truncated": {func(t *testing.T, path string) { truncate(t, part(t, path, "threads")) },
			[]string{`damage: part: threads threads/part-run-000.parquet: it has \d+ bytes, and had \d+ when it was written`}},
		"part removed": {func(t *testing.T, path string) { must(t, os.Remove(part(t, path, "threads"))) },
			[]string{`damage: part: threads threads/part-run-000.parquet: no such file`}},
		"folder removed": {func(t *testing.T, path string) { must(t, os.RemoveAll(filepath.Join(path, "checkpoints"))) },
			[]string{`damage: part: checkpoints checkpoints/part-run-000.parquet: no such file`, `note: tables: .* checkpoints`}},
		"foreign part": {func(t *testing.T, path string) {
			copyFile(t, part(t, path, "threads"), filepath.Join(path, "threads", "other.parquet"))
		}, []string{`damage: part: threads threads/other.parquet: the manifest does not know it`}},
		"parts exchanged": {func(t *testing.T, path string) {
			copyFile(t, part(t, path, "threads"), part(t, path, "processes"))
		}, []string{`damage: part: processes `}},
		"manifest edited": {func(t *testing.T, path string) {
			edit(t, manifest(path), `"tool_version": "test"`, `"tool_version": "Test"`)
		}, []string{`damage: manifest:  _ckexport.json: was changed since it was written`}},
		"part struck from the manifest": {func(t *testing.T, path string) {
			edit(t, manifest(path), `"path": "threads/part-run-000.parquet"`, `"path": "threads/part-run-001.parquet"`)
		}, []string{`damage: manifest: `, `damage: part: threads threads/part-run-001.parquet: no such file`, `damage: part: threads threads/part-run-000.parquet: the manifest does not know it`}},
		"manifest truncated": {func(t *testing.T, path string) { truncate(t, manifest(path)) },
			[]string{`damage: manifest:  _ckexport.json: reading manifest`}},
		"manifest removed": {func(t *testing.T, path string) { must(t, os.Remove(manifest(path))) },
			[]string{`damage: manifest:  _ckexport.json: reading manifest`}},
		"readable by others": {func(t *testing.T, path string) { must(t, os.Chmod(part(t, path, "environment"), 0o644)) },
			[]string{`warning: mode:  environment/part-run-000.parquet: others than its owner can get at it: its mode is 0644`}},
		"another's file": {func(t *testing.T, path string) { must(t, os.WriteFile(filepath.Join(path, "notes.txt"), nil, 0o600)) },
			[]string{`warning: file:  notes.txt: the manifest does not know it`}},
		"of an earlier tool": {func(t *testing.T, path string) { withoutDigests(t, manifest(path)) },
			[]string{`note: manifest:  _ckexport.json: it has no SHA-256`, `note: part:  _ckexport.json: it has no SHA-256 of [0-9]+ parts`}},
		"of an earlier tool, byte flipped": {func(t *testing.T, path string) {
			withoutDigests(t, manifest(path))
			data := []byte("not what a page of rows begins with")
			f, err := os.OpenFile(part(t, path, "threads"), os.O_RDWR, 0)
			must(t, err)
			_, err = f.WriteAt(data, 4)
			must(t, errors.Join(err, f.Close()))
		}, []string{`damage: file: threads : reading its rows: `}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "fleet.parquet")
			must(t, os.CopyFS(path, os.DirFS(pristine)))
			must(t, filepath.WalkDir(path, func(p string, d os.DirEntry, err error) error {
				if err != nil {
					return err
				} else if d.IsDir() {
					return os.Chmod(p, 0o700)
				}
				return os.Chmod(p, 0o600)
			}))
			c.damage(t, path)
			expect(t, check(t, dataset, path, ""), c.want...)
		})
	}
}

// TestChangedManifestIsNotAddedTo checks that a run does not give a changed
// manifest a digest that is right.
func TestChangedManifestIsNotAddedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.parquet")
	export(t, dataset, some, inputs(t), path)
	edit(t, filepath.Join(path, "_ckexport.json"), `"tool_version": "test"`, `"tool_version": "Test"`)
	_, err := parquet.Format(nil).Open(t.Context(), path, sinks.Options{Tables: some, RunID: "run2"})
	if err == nil || !strings.Contains(err.Error(), "changed since it was written") {
		t.Errorf("opened: %v", err)
	}
}

// TestSingleFileDamage flips a bit of an output that is one file, all over it.
func TestSingleFileDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "threads.parquet")
	run := options()
	run.Archives, run.Tables = find(t, inputs(t)), tables("threads")
	sink, err := parquet.Format(nil).Open(t.Context(), path, sinks.Options{Tables: run.Tables, RunID: "run", Version: "test"})
	must(t, err)
	defer sink.Close()
	run.Sink = sink
	_, err = pipeline.Run(t.Context(), run)
	must(t, err)
	must(t, sink.Close())
	if report := check(t, dataset, path, ""); !report.Whole || report.Rows == 0 {
		t.Fatalf("a fresh file: %+v", report)
	}
	data, err := os.ReadFile(path)
	must(t, err)
	for i := range 50 {
		changed := bytes.Clone(data)
		changed[len(data)*i/50] ^= 0x10
		must(t, os.WriteFile(path, changed, 0o600))
		expect(t, check(t, dataset, path, ""), `damage: file: `)
	}
	must(t, os.WriteFile(path, data[:len(data)/2], 0o600))
	expect(t, check(t, dataset, path, ""), `damage: file: `)
}

// TestDatabaseDamage damages a DuckDB file in one way each.
func TestDatabaseDamage(t *testing.T) {
	dir := inputs(t)
	pristine := filepath.Join(t.TempDir(), "fleet.duckdb")
	export(t, duckdb.Format(), some, dir, pristine)
	const first = "(SELECT min(checkpoint_id) FROM checkpoints)"
	for name, c := range map[string]struct {
		sql     string
		damage  func(t *testing.T, path string)
		against bool
		want    []string
	}{
		"rows deleted": {sql: "DELETE FROM environment WHERE position > 2", want: []string{
			`damage: rows: environment : it has \d+ rows, and had \d+ when it was written`, `damage: ledger: archives .*/everything.tar.zst: the ledger says that \d+ rows? came from it, and there are \d+`}},
		"rows deleted, of an earlier tool": {sql: "DELETE FROM environment WHERE position > 2; DROP TABLE _ckexport_tables", want: []string{
			`note: rows:  : it does not say how many rows`, `damage: ledger: archives .*the ledger says that`}},
		"rows repeated": {sql: "INSERT INTO threads SELECT * FROM threads WHERE checkpoint_id = " + first, want: []string{
			`damage: rows: threads `, `damage: key: threads : \d+ keys? in \d+ rows, which should be one each, such as checkpoint_id=[0-9a-f]{32}, tid=\d+`}},
		"reference broken": {sql: "UPDATE threads SET pid = 4242 WHERE tid = 1 AND checkpoint_id = " + first, want: []string{
			`damage: reference: threads [0-9a-f]{32}: 1 time in 1 checkpoint it refers to a row of processes that is not there, such as pid=4242`}},
		"element of a list broken": {sql: "UPDATE namespaces SET pids = [4242] WHERE kind = 'net' AND checkpoint_id = " + first, want: []string{
			`damage: reference: namespaces [0-9a-f]{32}: \d times? in 1 checkpoint it refers to a row of processes`}},
		"checkpoint removed": {sql: "DELETE FROM checkpoints WHERE checkpoint_id = " + first, want: []string{
			`damage: ledger: processes [0-9a-f]{32}: \d+ rows? of a checkpoint that is not in checkpoints`, `damage: ledger: checkpoints [0-9a-f]{32}: the checkpoint is not there`}},
		"archive removed": {sql: "DELETE FROM archives WHERE checkpoint_id = " + first, want: []string{
			`damage: ledger: archives [0-9a-f]{32}: the ledger does not know the archive of the checkpoint`}},
		"table dropped":  {sql: "DROP TABLE signal_handlers", want: []string{`damage: file: signal_handlers : reading it: `}},
		"column retyped": {sql: "ALTER TABLE ttys ALTER rows TYPE VARCHAR", want: []string{`damage: columns: ttys : its column rows is of type VARCHAR`}},
		"mark dropped":   {sql: "DROP TABLE _ckexport", want: []string{`damage: file:  : database without table _ckexport`}},
		"value changed": {sql: "UPDATE processes SET comm = 'hidden' WHERE pid = 1 AND checkpoint_id = " + first, against: true, want: []string{
			`damage: rows: processes [0-9a-f]{32}: 1 row only in the output, such as pid=1; 1 only in the archive, such as pid=1$`}},
		"content changed": {sql: "UPDATE ghost_files SET data = 'x' WHERE octet_length(data) > 0", against: true, want: []string{
			`damage: payload: ghost_files [0-9a-f]{32}: the contents in \d+ rows? are not those in the archive, such as of ghost_id=\d+$`}},
		"byte flipped": {damage: func(t *testing.T, path string) { flip(t, path, 2) }, want: []string{`damage: file: .*checksum`}},
		"truncated":    {damage: func(t *testing.T, path string) { truncate(t, path) }, want: []string{`damage: file: `}},
		"head damaged": {damage: func(t *testing.T, path string) { edit(t, path, "DUCK", "DUKE") }, want: []string{`damage: file:  : it does not begin as a DuckDB database`}},
		"readable by others": {damage: func(t *testing.T, path string) { must(t, os.Chmod(path, 0o640)) }, want: []string{
			`warning: mode:  : others than its owner can get at it: its mode is 0640`}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "fleet.duckdb")
			copyFile(t, pristine, path)
			if c.damage != nil {
				c.damage(t, path)
			} else {
				change(t, path, c.sql)
			}
			archives := ""
			if c.against {
				archives = dir
			}
			expect(t, check(t, duckdb.Format(), path, archives), c.want...)
		})
	}
}

// TestForgotten checks an output from which a checkpoint was removed on
// purpose.
func TestForgotten(t *testing.T) {
	dir := inputs(t)
	for _, format := range []sinks.Format{dataset, duckdb.Format()} {
		path := filepath.Join(t.TempDir(), "fleet"+format.Suffixes[0])
		export(t, format, some, dir, path)
		_, err := format.Rewrite(t.Context(), path, sinks.Options{RunID: "run2", Version: "test"}, sinks.Rewrite{
			Forget: func(there []sinks.Checkpoint) (map[string]bool, *schema.Rows, error) {
				gone := schema.ForgottenCheckpoint{CheckpointID: there[0].ID, Source: &there[0].Source, RunID: "run2", ForgottenAt: time.Now()}
				return map[string]bool{gone.CheckpointID: true}, &schema.Rows{Forgotten: []schema.ForgottenCheckpoint{gone}}, nil
			},
		})
		must(t, err)
		expect(t, check(t, format, path, dir), `warning: archive: .*: its checkpoint [0-9a-f]{32} was removed from the output by ckexport forget`)
	}
}

// TestOddName compares with an archive whose name is no text: its source is
// escaped in the output.
func TestOddName(t *testing.T) {
	dir := t.TempDir()
	copyFile(t, "../testdata/archives/ghost-files.tar", filepath.Join(dir, "odd\xff.tar"))
	path := filepath.Join(t.TempDir(), "fleet.parquet")
	export(t, dataset, schema.Tables(), dir, path)
	if report := check(t, dataset, path, dir); !report.Whole || report.Compared.Checkpoints != 1 {
		t.Errorf("%+v: %s", report.Compared, text(report.Findings))
	}
}

// TestRecordedDigest compares with archives whose SHA-256 the output recorded.
func TestRecordedDigest(t *testing.T) {
	dir := inputs(t)
	path := filepath.Join(t.TempDir(), "fleet.duckdb")
	export(t, duckdb.Format(), some, dir, path)
	statements := "ALTER TABLE archives ADD COLUMN IF NOT EXISTS sha256 VARCHAR"
	for _, a := range find(t, dir) {
		data, err := os.ReadFile(a.Name())
		must(t, err)
		sum := sha256.Sum256(data)
		statements += fmt.Sprintf("; UPDATE archives SET sha256 = '%s' WHERE source = '%s'", hex.EncodeToString(sum[:]), a.Name())
	}
	change(t, path, statements)
	report := check(t, duckdb.Format(), path, dir)
	if !report.Whole || report.Compared.Proven != 3 {
		t.Fatalf("%+v: %+v", report, report.Compared)
	}

	// The last bytes of a tar are padding: nothing that is exported changes.
	archive := filepath.Join(dir, "ghost-files.tar")
	f, err := os.OpenFile(archive, os.O_RDWR, 0)
	must(t, err)
	info, err := f.Stat()
	must(t, err)
	_, err = f.WriteAt([]byte{1}, info.Size()-1)
	must(t, err)
	must(t, f.Close())
	report = check(t, duckdb.Format(), path, dir)
	expect(t, report, `damage: archive:  .*/ghost-files.tar: its SHA-256 is [0-9a-f]{64}, and that of the archive the output was made from was [0-9a-f]{64}`)
	if report.Compared.Proven != 2 {
		t.Errorf("%d archives are proven", report.Compared.Proven)
	}

	// At another place it is the same archive.
	moved := t.TempDir()
	must(t, os.Rename(filepath.Join(dir, "everything.tar.zst"), filepath.Join(moved, "x")))
	if report = check(t, duckdb.Format(), path, moved); !report.Whole || report.Compared.Proven != 1 {
		t.Errorf("moved: %+v", report)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// change runs SQL in a database.
func change(t *testing.T, path, statements string) {
	t.Helper()
	connector, err := driver.NewConnector(path, nil)
	must(t, err)
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	_, err = db.Exec(statements + "; CHECKPOINT")
	must(t, err)
	must(t, db.Close())
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	src, err := os.Open(from)
	must(t, err)
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	must(t, err)
	_, err = io.Copy(dst, src)
	must(t, err)
	must(t, dst.Close())
}

// flip changes a bit at 1/part of a file.
func flip(t *testing.T, path string, part int) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	data[len(data)/part] ^= 0x10
	must(t, os.WriteFile(path, data, 0o600))
}

func truncate(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	must(t, os.Truncate(path, info.Size()*2/3))
}

// edit replaces a text in a file.
func edit(t *testing.T, path, from, to string) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Contains(data, []byte(from)) {
		t.Fatalf("%s has no %q", path, from)
	}
	must(t, os.WriteFile(path, bytes.Replace(data, []byte(from), []byte(to), 1), 0o600))
}

// withoutDigests makes a manifest as an earlier tool wrote it.
func withoutDigests(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	lines := strings.Split(string(data), "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, `sha256": "`) })
	old := regexp.MustCompile(`,(\s*[}\]])`).ReplaceAllString(strings.Join(lines, "\n"), "$1")
	must(t, os.WriteFile(path, []byte(old), 0o600))
}
