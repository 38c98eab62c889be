//go:build !noduckdb

package queries_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/parquet"
)

// folder holds the outputs that the tests ask; each is made once.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "queries"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// The outputs that the tests ask.
var (
	// fleet has all archives, in both kinds of output.
	fleet = map[string]func() (*sql.DB, error){
		"duckdb": sync.OnceValues(func() (*sql.DB, error) { return export("fleet", duckdb.Format(), schema.Tables(), archives...) }),
		"parquet": sync.OnceValues(func() (*sql.DB, error) {
			return export("fleet", parquet.Format(duckdb.Engine()), schema.Tables(), archives...)
		}),
	}
	// ordinary has a web server and a process that sleeps, both as they should be.
	ordinary = sync.OnceValues(func() (*sql.DB, error) {
		return export("ordinary", duckdb.Format(), schema.Tables(), "../testdata/archives/nginx.tar.zst", "../testdata/more/limits-labels.tar")
	})
	// nothing has no archives.
	nothing = sync.OnceValues(func() (*sql.DB, error) { return export("nothing", duckdb.Format(), schema.Tables()) })
)

var archives = []string{"../testdata/archives", "../testdata/more"}

// open returns an output that may have been made already.
func open(t *testing.T, output func() (*sql.DB, error)) *sql.DB {
	t.Helper()
	db, err := output()
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// export exports archives and opens the output for queries.
func export(name string, format sinks.Format, tables []*schema.Table, inputs ...string) (*sql.DB, error) {
	ctx := context.Background()
	path := filepath.Join(folder, name+format.Suffixes[0])
	var found source.Found
	if len(inputs) > 0 {
		f, err := source.Find(ctx, []source.Provider{source.Local(path)}, inputs, nil)
		if err != nil {
			return nil, err
		}
		found = *f
	}
	sink, err := format.Open(ctx, path, options(tables))
	if err != nil {
		return nil, err
	}
	summary, err := pipeline.Run(ctx, pipeline.Options{
		Archives: found.Archives, Tables: tables, Sink: sink, Run: schema.Run{RunID: "test", ToolVersion: "test"},
		Limits: decode.DefaultLimits(), Memory: schema.MemoryKinds(), Jobs: 2, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	if summary.Bad() {
		return nil, fmt.Errorf("archives failed: %+v", summary)
	}
	if err := sink.Close(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil { // a run without archives leaves no output
		return nil, err
	}
	return format.OpenSQL(ctx, path, sinks.SQLOptions{Views: queries.Views()})
}

func options(tables []*schema.Table) sinks.Options {
	return sinks.Options{Tables: tables, RunID: "test", Version: "test", Views: queries.Views}
}

// bound returns the SQL of a query with values for its parameters.
func bound(t *testing.T, q queries.Query, params map[string]string) string {
	t.Helper()
	text, err := q.Bind(params)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// rows runs SQL and returns its rows, a line each.
func rows(t *testing.T, db *sql.DB, text string) []string {
	t.Helper()
	result, err := db.Query(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer result.Close()
	columns, err := result.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	values, places := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		places[i] = &values[i]
	}
	for result.Next() {
		if err := result.Scan(places...); err != nil {
			t.Fatal(err)
		}
		parts := make([]string, len(values))
		for i, v := range values {
			if parts[i] = fmt.Sprint(v); v == nil {
				parts[i] = "NULL"
			}
		}
		lines = append(lines, strings.Join(parts, " "))
	}
	if err := result.Err(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return lines
}
