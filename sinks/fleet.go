package sinks

import (
	"context"
	"database/sql"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
)

// Part is what a fleet of outputs has of one output.
type Part struct {
	// Location is the output's, for messages.
	Location string
	// Database is the path of a DuckDB file that the tables are in; empty where
	// they are in Files, as far as they are wanted.
	Database string
	Files    []TableFiles
}

// Description is what an output says of itself.
type Description struct {
	Policy // of the runs that made it
	Tables []string
}

// FleetOptions says how to open a fleet.
type FleetOptions struct {
	// Parts are outputs. Of a checkpoint that several have, the rows of the first
	// one count.
	Parts []Part
	// Tables are those that the queries need: of archives no others are kept.
	Tables []*schema.Table
	Views  []View
	// Added leaves the rows of the first part out: what the others add to it is left.
	Added bool
	// Often says that each table is asked many times.
	Often bool
	// Folder is an empty folder, for the rows of archives that do not fit into
	// memory. It is needed where there are archives.
	Folder string
}

// Fleet is several outputs as one, that is gone when it is closed. Rows of
// archives can be added, as to any output, which then are its last part.
type Fleet interface {
	Sink
	// SQL returns what answers queries, once the fleet is committed. Close closes
	// it.
	SQL() *sql.DB
	// Rows passes on the rows of a table, once the fleet is committed, with the
	// columns that the schema has. each does not keep the batch.
	Rows(ctx context.Context, table *schema.Table, each func(arrow.RecordBatch) error) error
}

// OpenFleet opens a fleet; nil in builds that have nothing that could answer
// queries.
type OpenFleet func(ctx context.Context, opts FleetOptions) (Fleet, error)
