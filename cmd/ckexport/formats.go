package main

import (
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/iceberg"
	"github.com/ckexport/ckexport/sinks/parquet"
)

// formats returns the kinds of output. Rows that are kept for a while only are
// written as the first one.
func formats(at places) sinks.Formats {
	return sinks.Formats{
		parquet.Format(duckdb.Engine()),
		duckdb.Format(),
		iceberg.Format(duckdb.Engine()),
		parquet.BucketFormat(duckdb.Engine(), at.store),
		iceberg.BucketFormat(duckdb.Engine(), at.store),
		iceberg.CatalogFormat(duckdb.Engine(), at.store, at.catalog),
	}
}
