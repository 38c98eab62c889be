//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/parquet"
)

// OpenOutput opens an output of any kind for queries, and only for these: a
// DuckDB file read-only, a dataset folder or a Parquet file as views in a
// database in memory. Queries get at no other file, and at no network.
//
// A DuckDB file has its views within; for the others those of views whose
// tables are there are made. The query sees the output as it was when it was
// opened, unless a run replaces it with --overwrite.
func OpenOutput(ctx context.Context, path string, views []sinks.View) (*sql.DB, error) {
	db, err := openOutput(ctx, path, views)
	if err != nil {
		return nil, fmt.Errorf("opening output %q: %w", path, err)
	}
	return db, nil
}

func openOutput(ctx context.Context, path string, views []sinks.View) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	switch {
	case !info.IsDir() && hasMagic(path, duckdbMagic, duckdbMagicAt):
		return openFile(ctx, path)
	case !info.IsDir() && hasMagic(path, parquetMagic, 0):
		table, err := parquet.FileTable(path)
		if err != nil {
			return nil, err
		}
		return openParquet(ctx, []tableFiles{{table: table, paths: []string{path}}}, views)
	case info.IsDir():
		m, err := parquet.ReadManifest(path)
		if err != nil {
			return nil, err
		}
		return openParquet(ctx, filesOf(path, m), views)
	default:
		return nil, errors.New("neither a DuckDB database, nor a Parquet file, nor a dataset folder")
	}
}

// OpenTables opens tables of an output of any kind, and no others, for long
// queries: with bounded memory, in MiB. It serves to look at what is left of a
// damaged output.
func OpenTables(ctx context.Context, path string, tables []string, memoryMiB int) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	var db *sql.DB
	m, err := parquet.ReadManifest(path)
	if err == nil {
		m.Tables = slices.DeleteFunc(m.Tables, func(t string) bool { return !slices.Contains(tables, t) })
		db, err = openParquet(ctx, filesOf(path, m), nil)
	} else {
		db, err = openOutput(ctx, path, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("opening output %q: %w", path, err)
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf("SET preserve_insertion_order = false; SET memory_limit = '%dMiB'; SET threads = %d",
		memoryMiB, min(scanThreads, runtime.GOMAXPROCS(0))))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("bounding memory: %w", err), db.Close())
	}
	return db, nil
}

// Where the formats have their magic.
const (
	duckdbMagic   = "DUCK"
	duckdbMagicAt = 8
	parquetMagic  = "PAR1"
)

func hasMagic(path, magic string, at int64) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	got := make([]byte, len(magic))
	_, err = f.ReadAt(got, at)
	return err == nil && string(got) == magic
}

// openFile opens a DuckDB file.
func openFile(ctx context.Context, path string) (*sql.DB, error) {
	// The file is attached by the first connection, for all; which database is
	// the current one is for each connection to say.
	var once sync.Once
	var failure error
	db, err := openMemory(func(exec execFunc) error {
		once.Do(func() {
			if failure = attach(ctx, exec, path, access{readOnly: true, wait: shortWait}); failure == nil {
				failure = restrict(ctx, exec, nil)
			}
		})
		if failure != nil {
			return failure
		}
		return exec(context.Background(), "USE "+outputName)
	})
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// tableFiles are the files of one table.
type tableFiles struct {
	table string
	paths []string
	// differ is set where not all of them have the same columns.
	differ bool
}

func filesOf(dir string, m *parquet.Manifest) []tableFiles {
	var all []tableFiles
	for _, t := range m.Tables {
		f := tableFiles{table: t}
		columns := 0
		for _, p := range m.Parts {
			if p.Table != t {
				continue
			}
			f.paths = append(f.paths, filepath.Join(dir, filepath.FromSlash(p.Path)))
			f.differ = f.differ || columns != 0 && columns != p.Columns
			columns = p.Columns
		}
		all = append(all, f)
	}
	return all
}

// openParquet opens Parquet files as views, one a table.
func openParquet(ctx context.Context, files []tableFiles, views []sinks.View) (*sql.DB, error) {
	db, err := openMemory(nil)
	if err != nil {
		return nil, err
	}
	exec := func(ctx context.Context, statements string) error {
		_, err := db.ExecContext(ctx, statements)
		return err
	}
	if err := makeViews(ctx, exec, files, views); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func makeViews(ctx context.Context, exec execFunc, files []tableFiles, views []sinks.View) error {
	if err := exec(ctx, setup); err != nil {
		return err
	}
	var tables, paths []string
	for _, f := range files {
		source := pathList(f.paths)
		if f.differ {
			source += ", union_by_name = true"
		}
		err := exec(ctx, "CREATE VIEW "+identifier(f.table)+" AS SELECT * FROM read_parquet("+source+")")
		if err != nil {
			return fmt.Errorf("table %s: %w", f.table, err)
		}
		tables, paths = append(tables, f.table), append(paths, f.paths...)
	}
	for _, v := range views {
		if slices.ContainsFunc(v.Tables, func(t string) bool { return !slices.Contains(tables, t) }) {
			continue
		}
		if err := exec(ctx, createView(v)); err != nil {
			return fmt.Errorf("view %s: %w", v.Name, err)
		}
	}
	return restrict(ctx, exec, paths)
}

// restrict shuts the database off from all files but those given, and from
// writing what does not fit into memory to disk. It can't be taken back.
func restrict(ctx context.Context, exec execFunc, paths []string) error {
	var quoted []string
	for _, p := range paths {
		quoted = append(quoted, literal(p))
		if glob := globEscape(p); glob != p { // both forms are checked
			quoted = append(quoted, literal(glob))
		}
	}
	return exec(ctx, "SET temp_directory = ''; SET allowed_paths = ["+strings.Join(quoted, ", ")+"]; SET enable_external_access = false")
}
