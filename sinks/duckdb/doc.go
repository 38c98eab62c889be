// Package duckdb writes tables into one DuckDB file, with the documentation
// as comments and the shipped queries as views, and opens outputs of any kind
// for queries.
//
// Rows are spooled as Parquet files beside the output and loaded in one
// transaction at the end: that is faster and takes less memory than appending
// them one batch at a time, and there is one way in which rows are encoded.
//
// DuckDB needs cgo. With build tag noduckdb the package is empty, and the
// command goes without it.
package duckdb
