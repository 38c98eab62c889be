//go:build noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"errors"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ckexport/ckexport/sinks"
)

// Format returns the kind of output, which this build does not have.
func Format() sinks.Format {
	f := format()
	f.Missing = "this build has no DuckDB"
	return f
}

// Engine returns nil: this build has none.
func Engine() sinks.Engine { return nil }

// IsInterrupted returns false: this build has no DuckDB.
func IsInterrupted(error) bool { return false }

// OpenFleet returns nil: this build has none.
func OpenFleet() sinks.OpenFleet { return nil }

// ReadBatches fails: there is no DuckDB to ask.
func ReadBatches(context.Context, *sql.Conn, string, func(array.RecordReader) error) error {
	return errors.New("this build has no DuckDB")
}
