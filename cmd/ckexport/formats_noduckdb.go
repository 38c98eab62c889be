//go:build noduckdb

package main

import (
	"context"
	"database/sql"
	"errors"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/parquet"
	"github.com/ckexport/ckexport/verify"
)

// formats returns the kinds of output of this build, which has no DuckDB.
func formats() []sinks.Format { return []sinks.Format{parquet.Format()} }

func openOutput(context.Context, string, []sinks.View) (*sql.DB, error) {
	return nil, &usageError{err: errors.New("this build has no DuckDB, so it cannot run queries"), hint: "any DuckDB reads the dataset: SELECT * FROM read_parquet('OUT/processes/*.parquet')"}
}

// tablesOpener returns nil: without DuckDB, verify checks files only.
func tablesOpener() verify.Opener { return nil }
