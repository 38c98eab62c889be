//go:build !noduckdb

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	driver "github.com/duckdb/duckdb-go/v2"

	"github.com/ckexport/ckexport/cmd/ckbench/measure"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
)

// compareLoading makes databases of the batches of a folder of archives: with
// ckexport's sink, from which the time of spooling the same batches is taken
// off, and with DuckDB's own INSERT ... SELECT from Parquet files.
func compareLoading(ctx context.Context, dir, scratch string, reps int) (*measure.Comparison, error) {
	k, err := batchesOf(ctx, dir)
	if err != nil {
		return nil, err
	}
	c := &measure.Comparison{Rows: k.rows}
	var spooling []float64
	ours := func(out string) error {
		started := time.Now()
		rows := filepath.Join(out, "rows")
		if err := os.Mkdir(rows, 0o700); err != nil {
			return err
		}
		if _, err := k.spool(ctx, rows, true); err != nil {
			return err
		}
		spooling = append(spooling, time.Since(started).Seconds())
		return k.export(ctx, filepath.Join(out, "fleet.duckdb"), &c.Bytes[0])
	}
	spooled := filepath.Join(scratch, "rows")
	if err := os.Mkdir(spooled, 0o700); err != nil {
		return nil, err
	}
	defer os.RemoveAll(spooled)
	if _, err := k.spool(ctx, spooled, true); err != nil {
		return nil, err
	}
	c.Ours, c.Bare, err = alternate(reps, scratch, ours, func(out string) error {
		return loadBare(ctx, spooled, filepath.Join(out, "bare.duckdb"), &c.Bytes[1])
	})
	c.Ours -= 2 * measure.Median(spooling) // the one of its own, and that of the sink
	return c, err
}

// export writes the batches to a new DuckDB output.
func (k *keep) export(ctx context.Context, path string, size *int64) (err error) {
	sink, err := duckdb.Format().Open(ctx, path, sinks.Options{Tables: schema.Tables(), RunID: "bench", Version: "bench"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	for _, b := range k.batches {
		if err := sink.Write(ctx, b.table, b.batch); err != nil {
			return err
		}
	}
	if err := sink.Commit(ctx); err != nil {
		return err
	}
	*size, err = fileSize(path)
	return err
}

// loadBare loads a folder of Parquet files per table.
func loadBare(ctx context.Context, rows, path string, size *int64) error {
	connector, err := driver.NewConnector(path, nil)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	statements := []string{"SET preserve_insertion_order = false", "BEGIN"}
	tables, err := os.ReadDir(rows)
	if err != nil {
		return err
	}
	for _, t := range tables {
		files := "read_parquet('" + strings.ReplaceAll(filepath.Join(rows, t.Name(), "*.parquet"), "'", "''") + "')"
		statements = append(statements,
			fmt.Sprintf("CREATE TABLE %s AS SELECT * FROM %s LIMIT 0", t.Name(), files),
			fmt.Sprintf("INSERT INTO %s SELECT * FROM %s", t.Name(), files))
	}
	for _, s := range append(statements, "COMMIT", "CHECKPOINT") {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", s, err), db.Close())
		}
	}
	if err := db.Close(); err != nil {
		return err
	}
	*size, err = fileSize(path)
	return err
}

func fileSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
