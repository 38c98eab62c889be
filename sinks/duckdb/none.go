//go:build noduckdb

package duckdb

import "github.com/ckexport/ckexport/sinks"

// Format returns the kind of output, which this build does not have.
func Format() sinks.Format {
	f := format()
	f.Missing = "this build has no DuckDB"
	return f
}

// Engine returns nil: this build has none.
func Engine() sinks.Engine { return nil }

// OpenFleet returns nil: this build has none.
func OpenFleet() sinks.OpenFleet { return nil }
