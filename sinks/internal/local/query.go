package local

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/ckexport/ckexport/sinks"
)

// FilesOf returns the Parquet files of the output at path: those of the wanted
// tables, or of all for nil.
type FilesOf func(path string, wanted []string) ([]sinks.TableFiles, error)

// OpenSQL returns what opens the files of an output with an engine, nil for none.
func OpenSQL(engine sinks.Engine, files FilesOf) func(context.Context, string, sinks.SQLOptions) (*sql.DB, error) {
	if engine == nil {
		return nil
	}
	return func(ctx context.Context, path string, opts sinks.SQLOptions) (*sql.DB, error) {
		tables, err := files(path, opts.Tables)
		if err != nil {
			return nil, fmt.Errorf("opening output %q: %w", path, err)
		}
		db, err := engine(ctx, tables, opts)
		if err != nil {
			return nil, fmt.Errorf("opening output %q: %w", path, err)
		}
		return db, nil
	}
}

// Part returns what makes the files of an output a part of a fleet.
func Part(files FilesOf) func(context.Context, string, []string, string) (sinks.Part, error) {
	return func(_ context.Context, path string, wanted []string, _ string) (sinks.Part, error) {
		tables, err := files(path, wanted)
		if err != nil {
			return sinks.Part{}, fmt.Errorf("opening output %q: %w", path, err)
		}
		return sinks.Part{Location: path, Files: tables}, nil
	}
}
