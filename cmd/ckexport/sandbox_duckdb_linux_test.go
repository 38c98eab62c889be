//go:build !noduckdb

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// duckdbAttempts returns what is tried in DuckDB: in databases whose threads
// are there already, and in new ones.
func duckdbAttempts(w *probeWorld, staged string) ([]attempt, error) {
	start := func() (*sql.DB, error) {
		connector, err := duckdb.NewConnector("", nil)
		if err != nil {
			return nil, err
		}
		db := sql.OpenDB(connector)
		_, err = db.Exec("SET threads = 4; SELECT sum(random()) FROM range(2000000)")
		return db, err
	}
	before, err := start()
	if err != nil {
		return nil, err
	}
	run := func(db *sql.DB, statement string) error {
		_, err := db.ExecContext(context.Background(), statement)
		if err != nil && strings.Contains(err.Error(), "Permission denied") {
			return errors.Join(err, fs.ErrPermission)
		}
		return err
	}
	// Many rows, and a file per thread: it is threads of DuckDB that write.
	copyTo := func(dir string, n int) string {
		return fmt.Sprintf("COPY (FROM range(500000)) TO '%s' (FORMAT csv, PER_THREAD_OUTPUT, OVERWRITE_OR_IGNORE)", filepath.Join(dir, fmt.Sprintf("copy-%d", n)))
	}
	return []attempt{
		{"COPY elsewhere by threads from before", func(n int) error { return run(before, copyTo(w.Elsewhere, n)) }},
		{"COPY elsewhere by new threads", func(n int) error {
			db, err := start()
			if err != nil {
				return err
			}
			defer db.Close()
			return run(db, copyTo(w.Elsewhere, n))
		}},
		{"read_text of a secret", func(int) error { return run(before, "FROM read_text('"+w.Secret+"')") }},
		{"COPY over an input", func(int) error {
			return run(before, "COPY (SELECT 1) TO '"+w.Input+"' (FORMAT csv, USE_TMP_FILE false)")
		}},
		{"may COPY to the staging folder", func(n int) error { return run(before, copyTo(staged, n)) }},
	}, nil
}
