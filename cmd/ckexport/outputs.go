package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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
	return outputAt(c.Context, formats(placesOf(c)), location)
}

func outputAt(ctx context.Context, among sinks.Formats, location string) (*output, error) {
	format, err := among.At(ctx, location)
	if err != nil {
		return nil, err
	}
	return &output{location: location, format: format}, nil
}

// confine confines the process to reading the output, and to further grants.
func (o *output) confine(ctx context.Context, box confinement, more ...sandbox.Grant) error {
	footprint, err := o.format.Footprint(ctx, o.location)
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
	if err := o.confine(ctx, box, more...); err != nil {
		return nil, err
	}
	db, err := o.format.OpenSQL(ctx, o.location, opts)
	if err != nil {
		return nil, cmp.Or(o.mustBeReadable(), err)
	}
	return db, nil
}

// mustBeReadable refuses an output of files that the user may not read: that is no
// damage, and the same for all kinds.
func (o *output) mustBeReadable() error {
	folder, err := filepath.EvalSymlinks(o.location)
	if err != nil {
		return nil // it does not lie in files, or reading it tells
	}
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		return file.Close()
	})
	var ofPath *fs.PathError
	if errors.Is(err, fs.ErrPermission) && errors.As(err, &ofPath) {
		reason := fmt.Sprintf("cannot be read: %v", ofPath.Err)
		if ofPath.Path != folder {
			reason = fmt.Sprintf("%q %s", ofPath.Path, reason)
		}
		return &sinks.RefusedError{Path: o.location, Reason: reason, Err: err}
	}
	return nil
}
