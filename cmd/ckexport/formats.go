package main

import (
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/parquet"
)

// formats returns the kinds of output.
func formats() sinks.Formats {
	return sinks.Formats{
		parquet.Format(duckdb.Engine()),
		duckdb.Format(),
	}
}

// temporary is the kind of output that rows are written as for a while.
func temporary() sinks.Format { return formats()[0] }
