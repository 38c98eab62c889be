//go:build !noduckdb && duckdb_arrow

package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"
)

// scansBatches tells whether DuckDB can read batches where they are.
const scansBatches = true

// scanBatches makes batches, of which there is one at least, a view in the
// current database of a connection. It can be read once, until release is called.
func scanBatches(conn *sql.Conn, view string, batches []arrow.RecordBatch) (release func(), err error) {
	reader, err := array.NewRecordReader(batches[0].Schema(), batches)
	if err != nil {
		return nil, err
	}
	defer reader.Release()
	err = conn.Raw(func(c any) error {
		dc, ok := c.(driver.Conn)
		if !ok {
			return fmt.Errorf("%T is no connection", c)
		}
		a, err := duckdb.NewArrowFromConn(dc)
		if err != nil {
			return err
		}
		release, err = a.RegisterView(reader, view)
		return err
	})
	return release, err
}

// ReadBatches runs a query on a connection to a database that this package opened,
// and hands on its rows as record batches.
func ReadBatches(ctx context.Context, conn *sql.Conn, query string, read func(array.RecordReader) error) error {
	return conn.Raw(func(c any) error {
		dc, ok := c.(driver.Conn)
		if !ok {
			return fmt.Errorf("%T is no connection", c)
		}
		a, err := duckdb.NewArrowFromConn(dc)
		if err != nil {
			return err
		}
		rows, err := a.QueryContext(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Release()
		return read(rows)
	})
}
