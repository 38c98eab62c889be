// Package duckdb writes tables into one DuckDB file, with the documentation
// as comments and the shipped queries as views. It is also the engine that
// answers SQL over the Parquet files of other kinds of output.
//
// Rows are spooled in memory, when that is full as Parquet files beside the
// output, and loaded in one transaction at the end: that is faster and takes less
// memory than appending them one batch at a time.
//
// What is in memory DuckDB reads there if the driver can: with its build tag
// duckdb_arrow. Without, it goes through Parquet files too.
//
// DuckDB needs cgo. With build tag noduckdb the package says only that it is
// missing (none.go).
package duckdb
