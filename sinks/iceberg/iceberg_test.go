//go:build !noduckdb && !noiceberg

package iceberg_test

import (
	"testing"

	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/iceberg"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

// kind is the kind of output, queried with DuckDB.
var kind = iceberg.Format(duckdb.Engine())

func TestFormat(t *testing.T) { sinktest.Run(t, kind) }
