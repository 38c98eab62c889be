package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ckexport/ckexport/cmd/ckbench/measure"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/parquet"
)

// formats returns the kinds of output that are measured.
func formats() sinks.Formats { return sinks.Formats{parquet.Format(duckdb.Engine()), duckdb.Format()} }

// runQuery opens an output as ckexport query does, and runs a query in it.
func runQuery(ctx context.Context, output, text string) (r *measure.Query, err error) {
	r = &measure.Query{}
	format, err := formats().At(ctx, output)
	if err != nil {
		return nil, err
	}
	if format.OpenSQL == nil {
		return nil, errors.New("this build has no DuckDB")
	}
	started := time.Now()
	db, err := format.OpenSQL(ctx, output, sinks.SQLOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	opened := measure.ReadBytes("self")
	r.OpenSeconds = time.Since(started).Seconds()
	started = time.Now()
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		row, at := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			at[i] = &row[i]
		}
		if err := rows.Scan(at...); err != nil {
			return nil, err
		}
		if r.Rows == 0 {
			for _, v := range row {
				r.First = append(r.First, fmt.Sprint(v))
			}
		}
		r.Rows++
	}
	r.Seconds, r.Bytes = time.Since(started).Seconds(), measure.ReadBytes("self")-opened
	return r, rows.Err()
}
