//go:build noduckdb

package main

import (
	"context"
	"errors"

	"github.com/ckexport/ckexport/cmd/ckbench/measure"
)

func compareLoading(context.Context, string, string, int) (*measure.Comparison, error) {
	return nil, errors.New("this build has no DuckDB")
}
