// Package duckdb writes tables into one DuckDB file, with the documentation
// as comments and the shipped queries as views, and opens outputs of any kind
// for queries.
//
// Rows are spooled in memory, when that is full as Parquet files beside the
// output, and loaded in one transaction at the end: that is faster and takes less
// memory than appending them one batch at a time.
//
// What is in memory DuckDB reads there if the driver can: with its build tag
// duckdb_arrow. Without, it goes through Parquet files too.
//
// DuckDB needs cgo. With build tag noduckdb the package is empty, and the
// command goes without it.
package duckdb
