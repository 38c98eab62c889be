//go:build !noduckdb

package main

import (
	"context"
	"database/sql"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/parquet"
	"github.com/ckexport/ckexport/verify"
)

// formats returns the kinds of output of this build.
func formats() []sinks.Format { return []sinks.Format{parquet.Format(), duckdb.Format()} }

// openOutput opens an output for queries.
func openOutput(ctx context.Context, path string, views []sinks.View) (*sql.DB, error) {
	return duckdb.OpenOutput(ctx, path, views)
}

// verifyMemoryMiB bounds what DuckDB takes for the checks of verify.
const verifyMemoryMiB = 2048

// tablesOpener returns what opens tables of an output for verify.
func tablesOpener() verify.Opener {
	return func(ctx context.Context, path string, tables []string) (*sql.DB, error) {
		return duckdb.OpenTables(ctx, path, tables, verifyMemoryMiB)
	}
}
