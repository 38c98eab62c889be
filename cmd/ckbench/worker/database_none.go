//go:build noduckdb

package main

import (
	"context"
	"errors"

	"github.com/ckexport/ckexport/cmd/ckbench/measure"
)

var errNoDuckDB = errors.New("this build has no DuckDB")

func compareLoading(context.Context, string, string, int) (*measure.Comparison, error) {
	return nil, errNoDuckDB
}

func runQuery(context.Context, string, string) (*measure.Query, error) { return nil, errNoDuckDB }
