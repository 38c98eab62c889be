//go:build !noduckdb && !duckdb_arrow

package duckdb

import (
	"context"
	"database/sql"
	"errors"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// scansBatches tells whether DuckDB can read batches where they are: the driver
// can only with its build tag duckdb_arrow.
const scansBatches = false

func scanBatches(*sql.Conn, string, []arrow.RecordBatch) (release func(), err error) {
	return nil, errors.ErrUnsupported
}

// ReadBatches fails: the driver can't without its build tag.
func ReadBatches(context.Context, *sql.Conn, string, func(array.RecordReader) error) error {
	return errors.New("this build lacks DuckDB's interface for Arrow (build tag duckdb_arrow)")
}
