// Package parquet writes tables as Parquet files: a dataset folder with a
// sub-folder per table, or, for a single table, one file. Both are replaced in
// one step when a run commits, so that whoever reads them, by a glob too, sees
// the output as it was before the run or as it is after it.
package parquet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/local"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

const formatName = "parquet"

// Format returns the kind of output. Its files are queried with the engine,
// which is nil in builds that have none.
func Format(engine sinks.Engine) sinks.Format {
	return sinks.Format{
		Name: formatName, Suffixes: []string{".parquet"},
		Check: local.Check, Open: openOutput,
		Recognise: recognise, Footprint: local.Footprint, Describe: describe, Inspect: inspectOutput, Rewrite: rewriteOutput,
		OpenSQL: local.OpenSQL(engine, tableFiles), Part: local.Part(tableFiles),
		Staging: local.Staging, PeekLedger: peekLedger,
	}
}

// openOutput opens or begins the output at path: a single file if one table is
// wanted and path is not a folder, else a dataset folder.
func openOutput(ctx context.Context, path string, opts sinks.Options) (_ sinks.Sink, err error) {
	place, err := staging.Take(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	defer place.ReleaseOnError(&err)
	info, err := os.Stat(place.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking at output: %w", err)
	}
	exists := err == nil
	if len(opts.Tables) == 1 && (!exists || !info.IsDir()) {
		return openSingle(ctx, place, path, exists, opts)
	}
	return openDataset(place, path, info, opts)
}
