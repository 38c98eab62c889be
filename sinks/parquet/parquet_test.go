package parquet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/parquet"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

func TestDataset(t *testing.T) {
	sinktest.Run(t, sinktest.Kind{
		Format: parquet.Format(),
		Folder: `it's [1] {a,b} 100%? "*"`,
		Read: func(t testing.TB, path string, table *schema.Table) (rows [][]any) {
			for _, part := range parts(t, path, table) {
				rows = append(rows, readRows(t, part, table)...)
			}
			return rows
		},
		Docs: func(t testing.TB, path string, table *schema.Table) (string, map[string]string) {
			return docs(t, parts(t, path, table)[0])
		},
		SetSchemaVersion: func(t testing.TB, path string, version int) {
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
		},
	})
}

func TestSingleFile(t *testing.T) {
	for _, name := range []string{"processes", "archives", "checkpoints"} {
		t.Run(name, func(t *testing.T) {
			table, _ := schema.Lookup(name)
			sinktest.Run(t, sinktest.Kind{
				Format:           parquet.Format(),
				Folder:           `it's [1] {a,b} 100%? "*"`,
				Single:           table,
				Read:             readRows,
				Docs:             func(t testing.TB, path string, _ *schema.Table) (string, map[string]string) { return docs(t, path) },
				SetSchemaVersion: setFooterVersion,
			})
		})
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

func openFile(t testing.TB, path string) *pq.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file, err := pq.OpenFile(f, info.Size())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return file
}

func docs(t testing.TB, path string) (string, map[string]string) {
	t.Helper()
	file := openFile(t, path)
	doc, _ := file.Lookup("ckexport.doc")
	text, _ := file.Lookup("ckexport.columns")
	var columns map[string]string
	if err := json.Unmarshal([]byte(text), &columns); err != nil {
		t.Fatal(err)
	}
	return doc, columns
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
		s, err := parquet.Open(t.Context(), path, opts)
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
	if want := []string{"_ckexport.json", "archives", "forgotten_checkpoints", "notes"}; !slices.Equal(names, want) {
		t.Errorf("the dataset has %v, want %v", names, want)
	}
}

func BenchmarkWriteProcesses(b *testing.B) { sinktest.BenchmarkWriteProcesses(b, parquet.Format()) }

func BenchmarkCommitSmall(b *testing.B) { sinktest.BenchmarkCommitSmall(b, parquet.Format()) }
