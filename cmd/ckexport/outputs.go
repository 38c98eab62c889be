package main

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/cmd/ckexport/internal/sandbox"
	"github.com/ckexport/ckexport/sinks"
)

// output is an output that is there.
type output struct {
	location string
	format   sinks.Format
}

// findOutput finds out of which kind an output is.
func findOutput(c *cli.Context, location string) (*output, error) {
	format, err := formats(placesOf(c)).At(c.Context, location)
	if err != nil {
		return nil, err
	}
	return &output{location: location, format: format}, nil
}

// confine confines the process to reading the output, and to further grants.
func (o *output) confine(box confinement, more ...sandbox.Grant) error {
	footprint, err := o.format.Footprint(o.location)
	if err != nil {
		return err
	}
	return box.to(footprint, more...)
}

// openSQL opens the output for queries, for which the process is confined.
func (o *output) openSQL(ctx context.Context, opts sinks.SQLOptions, box confinement, more ...sandbox.Grant) (*sql.DB, error) {
	if o.format.OpenSQL == nil {
		return nil, &usageError{err: fmt.Errorf("output %q: this build has no DuckDB, so it cannot run queries", o.location), hint: "any DuckDB reads the dataset: SELECT * FROM read_parquet('OUT/processes/*.parquet')"}
	}
	if err := o.confine(box, more...); err != nil {
		return nil, err
	}
	return o.format.OpenSQL(ctx, o.location, opts)
}
