package duckdb

import "github.com/ckexport/ckexport/sinks"

const formatName = "duckdb"

// format is what builds without DuckDB know of it, too.
func format() sinks.Format {
	return sinks.Format{Name: formatName, Suffixes: []string{".duckdb", ".db"}}
}
