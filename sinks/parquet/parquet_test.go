package parquet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/parquet"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

// kind is the kind of output, queried with DuckDB.
var kind = parquet.Format(duckdb.Engine())

func TestFormat(t *testing.T) { sinktest.Run(t, kind) }

// TestOtherReader reads every table of a dataset, and single files, with another
// implementation of Parquet, and what documents them.
func TestOtherReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.parquet")
	all := sinktest.Export(t, kind, path, sinks.Options{Tables: schema.Tables(), RunID: "run1"}, 7, 100)
	for _, table := range schema.Tables() {
		var got [][]any
		for _, part := range parts(t, path, table) {
			got = append(got, readRows(t, part, table)...)
			isDocumented(t, part, table)
		}
		sinktest.Expect(t, table.Name, got, all[table.Name])
	}
	for _, name := range []string{"processes", "archives", "checkpoints"} {
		table, _ := schema.Lookup(name)
		path := filepath.Join(t.TempDir(), "one.parquet")
		one := sinktest.Export(t, kind, path, sinks.Options{Tables: []*schema.Table{table}, RunID: "run1"}, 7, 100)
		more := sinktest.Export(t, kind, path, sinks.Options{Tables: []*schema.Table{table}, RunID: "run2"}, 7, 200)
		sinktest.Expect(t, name, readRows(t, path, table), append(one[name], more[name]...))
		isDocumented(t, path, table)
	}
	empty := filepath.Join(t.TempDir(), "empty.parquet")
	sinktest.Export(t, kind, empty, sinks.Options{Tables: schema.Tables(), RunID: "run1"}, 0, 0)
	for _, table := range schema.Tables() {
		part := parts(t, empty, table)[0]
		if rows := readRows(t, part, table); len(rows) > 0 {
			t.Errorf("%s has rows: %v", table.Name, rows)
		}
		isDocumented(t, part, table)
	}
}

// isDocumented checks what the footer of a file says of table and columns.
func isDocumented(t *testing.T, path string, table *schema.Table) {
	t.Helper()
	file := sinktest.OpenParquet(t, path)
	if doc, _ := file.Lookup("ckexport.doc"); doc != table.Doc {
		t.Errorf("%s: documentation %q, want %q", table.Name, doc, table.Doc)
	}
	text, _ := file.Lookup("ckexport.columns")
	var columns map[string]string
	if err := json.Unmarshal([]byte(text), &columns); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, c := range table.Columns {
		want[c.Name] = c.Comment()
	}
	if diff := cmp.Diff(want, columns); diff != "" {
		t.Errorf("%s: documentation of columns differs (-want +got):\n%s", table.Name, diff)
	}
}

func TestOtherVersions(t *testing.T) {
	archives, _ := schema.Lookup("archives")
	processes, _ := schema.Lookup("processes")
	sinktest.OtherVersions(t, kind, []*schema.Table{archives, processes}, setManifestVersion)
	sinktest.OtherVersions(t, kind, []*schema.Table{processes}, setFooterVersion)
}

// setManifestVersion changes the schema version in the manifest of a dataset.
func setManifestVersion(t testing.TB, path string, version int) {
	t.Helper()
	m, err := parquet.ReadManifest(path)
	if err != nil {
		t.Fatal(err)
	}
	m.SchemaVersion = version
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "_ckexport.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// setFooterVersion changes the schema version in the footer of a file: the
// one digit that stands, after a type and a length, behind its key.
func setFooterVersion(t testing.TB, path string, version int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	key := []byte("ckexport.schema_version")
	at := bytes.LastIndex(data, key)
	if at < 0 || version > 9 {
		t.Fatalf("no schema version in the footer, or %d is of more than one digit", version)
	}
	data[at+len(key)+2] = byte('0' + version)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// parts returns the files of a table, as a glob sees them.
func parts(t testing.TB, path string, table *schema.Table) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(path, table.Name))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, e := range entries {
		files = append(files, filepath.Join(path, table.Name, e.Name()))
	}
	return files
}

// TestStrangers checks that files which the manifest does not know stay where
// they are, and an empty folder is used.
func TestStrangers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.parquet")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	archives, _ := schema.Lookup("archives")
	mounts, _ := schema.Lookup("mounts")
	note := filepath.Join(path, "notes", "mine.txt")
	for i, opts := range []sinks.Options{
		{RunID: "run1", Tables: []*schema.Table{archives, mounts}},
		{RunID: "run2", Tables: []*schema.Table{archives, mounts}},
		{RunID: "run3", Tables: []*schema.Table{archives}, Overwrite: true},
	} {
		s, err := parquet.Format(nil).Open(t.Context(), path, opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Write(t.Context(), archives, sinktest.Batch(t, archives, 3, 0)); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Commit(t.Context()), s.Close()); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := os.Mkdir(filepath.Dir(note), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(note, []byte("note"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if data, err := os.ReadFile(note); err != nil || string(data) != "note" {
			t.Errorf("%s: %q, %v", opts.RunID, data, err)
		}
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"_ckexport.json", "archives", "checkpoint_digests", "forgotten_checkpoints", "notes"}; !slices.Equal(names, want) {
		t.Errorf("the dataset has %v, want %v", names, want)
	}
}

func BenchmarkWriteProcesses(b *testing.B) { sinktest.BenchmarkWriteProcesses(b, kind) }

func BenchmarkCommitSmall(b *testing.B) { sinktest.BenchmarkCommitSmall(b, kind) }
