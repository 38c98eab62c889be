//go:build !noduckdb && duckdb_arrow

package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
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

// readBatches runs a query and passes on its rows.
func readBatches(ctx context.Context, db *sql.DB, query string, each func(arrow.RecordBatch) error) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
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
		for rows.Next() {
			if err := each(rows.RecordBatch()); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
