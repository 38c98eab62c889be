//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/local"
	"github.com/ckexport/ckexport/sqltext"
)

// recognise tells whether path is a DuckDB database.
func recognise(_ context.Context, path string) (bool, error) {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && hasMagic(path), err
}

func hasMagic(path string) bool { return local.HasMagic(path, "DUCK", 8) }

// openSQL opens the database at path read-only, with the views it has within.
// The query sees it as it was when it was opened, unless a run replaces it with
// --overwrite. Queries get at no other file, and at no network.
func openSQL(ctx context.Context, path string, opts sinks.SQLOptions) (*sql.DB, error) {
	db, err := openFile(ctx, path)
	if err == nil {
		err = boundMemory(ctx, db, opts)
	}
	if err != nil {
		return nil, fmt.Errorf("opening output %q: %w", path, err)
	}
	return db, nil
}

// openFile opens a DuckDB file.
func openFile(ctx context.Context, path string) (*sql.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	if !hasMagic(path) {
		return nil, errors.New("not a DuckDB database")
	}
	// The file is attached by the first connection, for all; which database is
	// the current one is for each connection to say.
	var once sync.Once
	var failure error
	reach := &aliases{}
	db, err := openMemory(reach, nil, func(exec execFunc) error {
		once.Do(func() {
			if failure = attach(ctx, exec, reach, path, access{readOnly: true, wait: shortWait}); failure == nil {
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

// Engine returns what answers SQL over Parquet files: as views, one a table, in
// a database in memory. Queries get at no other file, and at no network.
func Engine() sinks.Engine { return openParquet }

func openParquet(ctx context.Context, tables []sinks.TableFiles, opts sinks.SQLOptions) (*sql.DB, error) {
	reach := &aliases{}
	db, err := openMemory(reach, opts.Closed, nil)
	if err != nil {
		return nil, err
	}
	tables = slices.Clone(tables)
	for i := range tables {
		if tables[i].Paths, err = reach.toAll(tables[i].Paths); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	exec := func(ctx context.Context, statements string) error {
		_, err := db.ExecContext(ctx, statements)
		return err
	}
	if err := makeViews(ctx, exec, tables, opts.Views); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, boundMemory(ctx, db, opts)
}

// boundMemory sets what the options say of memory; where it fails, the database
// is closed.
func boundMemory(ctx context.Context, db *sql.DB, opts sinks.SQLOptions) error {
	if opts.MemoryBytes == 0 {
		return nil
	}
	_, err := db.ExecContext(ctx, fmt.Sprintf("SET preserve_insertion_order = false; SET memory_limit = '%dB'; SET threads = %d",
		opts.MemoryBytes, min(scanThreads, runtime.GOMAXPROCS(0))))
	if err != nil {
		return errors.Join(fmt.Errorf("bounding memory: %w", err), db.Close())
	}
	return nil
}

func makeViews(ctx context.Context, exec execFunc, files []sinks.TableFiles, views []sinks.View) error {
	// Footers are read once, not by each of many questions.
	if err := exec(ctx, setup+"\nSET parquet_metadata_cache = true;"); err != nil {
		return err
	}
	var tables, paths []string
	for _, f := range files {
		rows, err := selectFrom(f)
		if err == nil {
			err = exec(ctx, "CREATE VIEW "+sqltext.Identifier(f.Table)+" AS "+rows)
		}
		if err != nil {
			return fmt.Errorf("table %s: %w", f.Table, err)
		}
		tables, paths = append(tables, f.Table), append(paths, f.Paths...)
	}
	if err := makeQueries(ctx, exec, tables, views); err != nil {
		return err
	}
	return restrict(ctx, exec, paths)
}

// makeQueries makes the views whose tables are there.
func makeQueries(ctx context.Context, exec execFunc, tables []string, views []sinks.View) error {
	for _, v := range views {
		if slices.ContainsFunc(v.Tables, func(t string) bool { return !slices.Contains(tables, t) }) {
			continue
		}
		if err := exec(ctx, createView(v)); err != nil {
			return fmt.Errorf("view %s: %w", v.Name, err)
		}
	}
	return nil
}

// selectFrom returns the query for the rows of a table's files.
func selectFrom(f sinks.TableFiles) (string, error) {
	if f.Columns == nil {
		return "SELECT * FROM " + readParquet(f.Paths, f.Differ), nil
	}
	columns := make([]string, len(f.Columns))
	for i, c := range f.Columns {
		kind, err := columnType(c.Type)
		if err != nil {
			return "", fmt.Errorf("column %s: %w", c.Name, err)
		}
		name, from := sqltext.Identifier(c.Name), sqltext.Identifier(c.Name)
		if len(f.Paths) == 0 {
			from = "NULL"
		}
		columns[i] = fmt.Sprintf("CAST(%s AS %s) AS %s", from, kind, name)
	}
	list := "SELECT " + strings.Join(columns, ", ")
	if len(f.Paths) == 0 {
		return list + " WHERE false", nil
	}
	return list + " FROM " + readParquet(f.Paths, f.Differ), nil
}

// restrict shuts the database off from all files but those given, and from
// writing what does not fit into memory to disk. It can't be taken back.
func restrict(ctx context.Context, exec execFunc, paths []string) error {
	var quoted []string
	for _, p := range paths {
		quoted = append(quoted, sqltext.Literal(p))
		if glob := globEscape(p); glob != p { // both forms are checked
			quoted = append(quoted, sqltext.Literal(glob))
		}
	}
	return exec(ctx, "SET temp_directory = ''; SET allowed_paths = ["+strings.Join(quoted, ", ")+"]; SET enable_external_access = false")
}
