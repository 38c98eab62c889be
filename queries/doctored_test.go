//go:build !noduckdb

package queries_test
