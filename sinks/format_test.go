package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/sinks"
)

// there is what recognisers see, by location.
var there = map[string]string{"old.backup": "folder", "s3://bucket/old": "bucket", "torn.db": "", "broken.bin": ""}

func recognise(kind string) func(context.Context, string) (bool, error) {
	return func(_ context.Context, location string) (bool, error) {
		switch is, ok := there[location]; {
		case location == "secret.bin":
			return false, &fs.PathError{Op: "open", Path: location, Err: fs.ErrPermission}
		case location == "far.bin":
			return false, errors.New("the line is dead")
		case !ok:
			return false, fmt.Errorf("no %s: %w", location, fs.ErrNotExist)
		default:
			return is == kind, nil
		}
	}
}

var all = sinks.Formats{
	{Name: "folder", Suffixes: []string{".parquet"}, Recognise: recognise("folder")},
	{Name: "database", Suffixes: []string{".duckdb", ".db"}, Recognise: recognise("database")},
	{Name: "absent", Suffixes: []string{".iceberg"}, Missing: "this build has no Iceberg"},
	{Name: "bucket", Suffixes: []string{".parquet"}, Scheme: "s3", Recognise: recognise("bucket")},
	{Name: "catalog", Scheme: "iceberg", Recognise: recognise("catalog")},
}

// choice is the name of a format, or what is wrong.
func choice(f sinks.Format, err error) string {
	var refused *sinks.RefusedError
	switch {
	case errors.As(err, &refused):
		return "refused: " + refused.Reason
	case err != nil:
		return err.Error()
	}
	return f.Name
}

func TestFor(t *testing.T) {
	for location, want := range map[string]string{
		"fleet.parquet":             "folder",
		"/a/b.c/FLEET.DB":           "database",
		"fleet.iceberg":             "refused: this build has no Iceberg",
		"fleet.tar":                 "refused: the kind of output is told by its ending, one of .parquet, .duckdb, .db",
		"parquet":                   "refused: the kind of output is told by its ending, one of .parquet, .duckdb, .db",
		"s3://bucket/fleet.parquet": "bucket",
		"S3://bucket/fleet.db":      "refused: the kind of output is told by its ending, one of .parquet",
		"iceberg://fleet":           "catalog",
		"ftp://host/fleet.parquet":  "refused: outputs can't lie there",
	} {
		if got := choice(all.For(location)); got != want {
			t.Errorf("%s: got %s, want %s", location, got, want)
		}
	}
}

func TestAt(t *testing.T) {
	for location, want := range map[string]string{
		"old.backup":      "folder",   // by what it is
		"torn.db":         "database", // by its name: it is damaged
		"s3://bucket/old": "bucket",
		"broken.bin":      "refused: the kind of output is told by its ending",
		"missing.parquet": "refused: cannot be looked at: ",
		"secret.bin":      "refused: cannot be looked at: permission denied",
		"far.bin":         `looking at output "far.bin": the line is dead`,
		"fleet.iceberg":   "refused: cannot be looked at: ",
	} {
		if got := choice(all.At(t.Context(), location)); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", location, got, want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := all.At(ended, "far.bin"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}
