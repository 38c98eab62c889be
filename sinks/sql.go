package sinks

import (
	"context"
	"database/sql"
	"slices"

	"github.com/ckexport/ckexport/schema"
)

// SQLOptions says how to open an output for SQL.
type SQLOptions struct {
	// Views are made where the output does not hold its own, as far as it has
	// their tables.
	Views []View
	// Tables, if not nil, are those that the queries need: other tables of a
	// damaged output may not be there.
	Tables []string
	// Named, if not nil, has all tables that the queries name: others of an output
	// that lies elsewhere are not fetched.
	Named []string
	// Closed, if not nil, is called when the database is closed.
	Closed func() error
	// MemoryBytes bounds what queries over all rows keep in memory, and then
	// their rows come in any order; 0 is for queries as people write them.
	MemoryBytes int64
}

// Wants tells whether the queries need a table.
func (o SQLOptions) Wants(table string) bool {
	return (o.Tables == nil || slices.Contains(o.Tables, table)) && (o.Named == nil || slices.Contains(o.Named, table))
}

// Engine answers SQL over the Parquet files of outputs that have no engine of
// their own: each table is a view of all its files.
type Engine func(ctx context.Context, tables []TableFiles, opts SQLOptions) (*sql.DB, error)

// TableFiles are the Parquet files of one table.
type TableFiles struct {
	Table string
	Paths []string // none where the table has no rows, if Columns says what it has
	// Columns, if not nil, are the columns as queries get them, of types that the
	// files may have others for.
	Columns []schema.Column
	// Differ is set where not all of them have the same columns.
	Differ bool
}
