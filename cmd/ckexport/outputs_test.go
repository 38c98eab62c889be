//go:build linux && amd64

package main

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go"

	"github.com/ckexport/ckexport/sinks"
)

// contents is what an output holds, read with nothing of ours: by table and
// checkpoint the rows as text, sorted.
type contents struct {
	rows map[string]map[string][]string
	// ledger holds the checkpoint of every source that the output knows.
	ledger map[string]string
}

// ofRun are columns that differ between runs over the same archives.
var ofRun = []string{"run_id", "started_at", "seconds", "forgotten_at"}

func (c *contents) add(table, checkpoint, row string) {
	if c.rows[table] == nil {
		c.rows[table] = map[string][]string{}
	}
	c.rows[table][checkpoint] = append(c.rows[table][checkpoint], row)
}

// readOutput reads the output at path, nil if there is none.
func readOutput(t testing.TB, path string) *contents {
	t.Helper()
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		t.Fatal(err)
	}
	c := &contents{rows: map[string]map[string][]string{}, ledger: map[string]string{}}
	switch {
	case filepath.Ext(path) == ".iceberg":
		c.readIceberg(t, path)
	case info.IsDir():
		c.readDataset(t, path)
	case filepath.Ext(path) == ".parquet":
		c.readParquet(t, path, "processes", true)
	default:
		c.readDatabase(t, path)
	}
	for _, checkpoints := range c.rows {
		for _, rows := range checkpoints {
			slices.Sort(rows)
		}
	}
	return c
}

// readDataset reads a dataset folder as any reader of Parquet does, by its
// file names, and checks that the manifest names the same files.
func (c *contents) readDataset(t testing.TB, path string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(path, "*", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int64{}
	for _, p := range paths {
		name, err := filepath.Rel(path, p)
		if err != nil {
			t.Fatal(err)
		}
		rows[name] = c.readParquet(t, p, filepath.Dir(name), false)
	}
	text, err := os.ReadFile(filepath.Join(path, "_ckexport.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Parts []struct {
			Path string `json:"path"`
			Rows int64  `json:"rows"`
		} `json:"parts"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatalf("manifest: %v", err)
	}
	for _, p := range manifest.Parts {
		n, ok := rows[p.Path]
		if !ok || n != p.Rows {
			t.Errorf("%s has %d rows, the manifest says %d", p.Path, n, p.Rows)
		}
		delete(rows, p.Path)
	}
	if len(rows) > 0 {
		t.Errorf("files that the manifest does not know: %v", rows)
	}
}

// readParquet reads a file with parquet-go, and the ledger in its footer where
// it has one. It returns the number of rows.
func (c *contents) readParquet(t testing.TB, path, table string, hasLedger bool) int64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file, err := pq.OpenFile(f, info.Size(), pq.SkipBloomFilters(true), pq.SkipPageIndex(true))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if hasLedger {
		text, _ := file.Lookup("ckexport.ledger")
		c.readLedger(t, text)
	}
	var columns []string
	for _, leaf := range file.Schema().Columns() {
		columns = append(columns, leaf[0])
	}
	for _, group := range file.RowGroups() {
		rows := group.Rows()
		defer rows.Close()
		for buffer := make([]pq.Row, 100); ; {
			n, err := rows.ReadRows(buffer)
			for _, row := range buffer[:n] {
				var text strings.Builder
				values := map[string]string{}
				for _, v := range row {
					if column := columns[v.Column()]; !slices.Contains(ofRun, column) {
						fmt.Fprintf(&text, "%d/%d/%d %s|", v.Column(), v.RepetitionLevel(), v.DefinitionLevel(), v)
						if !v.IsNull() {
							values[column] = v.String()
						}
					}
				}
				c.addRow(table, values["checkpoint_id"], values["source"], text.String())
			}
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
	}
	return file.NumRows()
}

func (c *contents) addRow(table, checkpoint, source, text string) {
	switch table {
	case "runs":
		return // no two are alike
	case "archives":
		c.ledger[source] = checkpoint
	}
	c.add(table, checkpoint, text)
}

// readLedger reads the ledger of an output that is one file.
func (c *contents) readLedger(t testing.TB, text string) {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatalf("ledger: %v", err)
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	plain, err := decoder.DecodeAll(packed, nil)
	if err != nil {
		t.Fatalf("ledger: %v", err)
	}
	var ledger struct {
		Archives []struct {
			Source       string `json:"source"`
			CheckpointID string `json:"checkpoint_id"`
		} `json:"archives"`
	}
	if err := json.Unmarshal(plain, &ledger); err != nil {
		t.Fatalf("ledger: %v", err)
	}
	for _, a := range ledger.Archives {
		c.ledger[a.Source] = a.CheckpointID
	}
}

// readDatabase reads a DuckDB file, moved with its log as a user would.
func (c *contents) readDatabase(t testing.TB, path string) {
	t.Helper()
	moved := filepath.Join(t.TempDir(), "moved.duckdb")
	copyTree(t, path, moved)
	if _, err := os.Stat(path + ".wal"); err == nil {
		copyTree(t, path+".wal", moved+".wal")
	}
	db, err := sql.Open("duckdb", moved+"?access_mode=read_only&threads=1")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c.readTables(t, db, "SELECT table_name FROM duckdb_tables() WHERE NOT starts_with(table_name, '_ckexport')")
}

// readIceberg reads an Iceberg output as queries do: they leave out what a run
// that was killed has committed.
func (c *contents) readIceberg(t testing.TB, path string) {
	t.Helper()
	format, err := formats(places{}).At(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	db, err := format.OpenSQL(t.Context(), path, sinks.SQLOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c.readTables(t, db, "SELECT view_name FROM duckdb_views() WHERE NOT internal")
}

// readTables reads the tables that a query names.
func (c *contents) readTables(t testing.TB, db *sql.DB, named string) {
	t.Helper()
	var tables []string
	each := func(query string, row func(columns []string, values []any)) {
		rows, err := db.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				t.Fatalf("%s: %v", query, err)
			}
			row(columns, values)
		}
		if err := rows.Err(); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	each(named, func(_ []string, values []any) {
		tables = append(tables, values[0].(string))
	})
	for _, table := range tables {
		each(`SELECT * FROM "`+table+`"`, func(columns []string, values []any) {
			row := map[string]any{}
			for i, column := range columns {
				if !slices.Contains(ofRun, column) {
					row[column] = values[i]
				}
			}
			checkpoint, _ := row["checkpoint_id"].(string)
			source, _ := row["source"].(string)
			c.addRow(table, checkpoint, source, fmt.Sprint(row)) // maps are printed in order
		})
	}
}

// programsOf returns the rows of seccomp_programs that filters of the known
// checkpoints name: the others come with the archives that lack.
func programsOf(rows []string, complete *contents, known map[string]bool) []string {
	sum := regexp.MustCompile(`program_sha256:(\w+)`)
	named := map[string]bool{}
	for checkpoint, filters := range complete.rows["seccomp_filters"] {
		for _, f := range filters {
			named[sum.FindString(f)] = named[sum.FindString(f)] || known[checkpoint]
		}
	}
	return slices.DeleteFunc(slices.Clone(rows), func(row string) bool { return !named[sum.FindString(row)] })
}

// isWhole checks that an output holds whole archives: all rows, in all tables,
// of those that its ledger has, as in an output made without a fault, and no
// others.
func isWhole(t testing.TB, got, complete *contents) {
	t.Helper()
	known := map[string]bool{"": true} // enum_values is of no checkpoint
	for source, checkpoint := range got.ledger {
		if complete.ledger[source] != checkpoint {
			t.Errorf("%s is checkpoint %q, want %q", source, checkpoint, complete.ledger[source])
		}
		known[checkpoint] = true
	}
	for table, checkpoints := range complete.rows {
		for checkpoint, rows := range checkpoints {
			if table == "seccomp_programs" {
				rows = programsOf(rows, complete, known)
			}
			if has := got.rows[table][checkpoint]; known[checkpoint] && !slices.Equal(has, rows) {
				t.Errorf("%s: %d rows of checkpoint %s, which differ from the %d of an undisturbed run", table, len(has), checkpoint, len(rows))
			}
		}
	}
	for table, checkpoints := range got.rows {
		for checkpoint, rows := range checkpoints {
			if !known[checkpoint] || len(complete.rows[table][checkpoint]) == 0 {
				t.Errorf("%s: %d rows of checkpoint %s, of which the ledger does not know", table, len(rows), checkpoint)
			}
		}
	}
}

// forget drops what the contents have of a source, and of archives that could
// not be read.
func (c *contents) forget(source string) {
	for table, checkpoints := range c.rows {
		delete(checkpoints, c.ledger[source])
		if table == "archives" || table == "problems" {
			delete(checkpoints, "")
		}
	}
	delete(c.ledger, source)
}

// movedTo returns the contents as they would be if the sources lay in another
// folder.
func (c *contents) movedTo(folder string) *contents {
	moved := &contents{rows: map[string]map[string][]string{}, ledger: map[string]string{}}
	for source, checkpoint := range c.ledger {
		moved.ledger[filepath.Join(folder, filepath.Base(source))] = checkpoint
	}
	for table, checkpoints := range c.rows {
		for checkpoint, rows := range checkpoints {
			for _, row := range rows {
				for source := range c.ledger {
					row = strings.ReplaceAll(row, source, filepath.Join(folder, filepath.Base(source)))
				}
				moved.add(table, checkpoint, row)
			}
		}
	}
	return moved
}

// copyTree copies a file or folder with its modification times, for its owner
// alone.
func copyTree(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := to + strings.TrimPrefix(path, from)
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if err := os.WriteFile(target, data, 0o600); err != nil {
			return err
		}
		return os.Chtimes(target, time.Time{}, info.ModTime())
	})
	if err != nil {
		t.Fatal(err)
	}
}
