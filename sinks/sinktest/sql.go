package sinktest

import (
	"database/sql"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

func (s suite) openSQL(t testing.TB, location string, opts sinks.SQLOptions) *sql.DB {
	t.Helper()
	db, err := s.format.OpenSQL(t.Context(), location, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// Query returns the rows of a query, with the types of Values.
func Query(t testing.TB, db *sql.DB, statement string, args ...any) [][]any {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	all := [][]any{}
	for rows.Next() {
		row, at := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			at[i] = &row[i]
		}
		if err := rows.Scan(at...); err != nil {
			t.Fatal(err)
		}
		for i := range row {
			row[i] = plain(row[i])
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// plain returns a value of a driver as Values has it.
func plain(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case int32:
		return int64(v)
	case uint8:
		return uint64(v)
	case uint16:
		return uint64(v)
	case uint32:
		return uint64(v)
	case time.Time:
		return v.UTC()
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i])
		}
		return list
	case map[string]any: // a struct
		for name := range v {
			v[name] = plain(v[name])
		}
		return v
	}
	// DuckDB's driver, which this package does without, has a type for maps.
	at := reflect.New(reflect.TypeOf(v))
	at.Elem().Set(reflect.ValueOf(v))
	ordered, isMap := at.Interface().(interface {
		Keys() []any
		Values() []any
	})
	if !isMap {
		return v
	}
	m := map[string]any{}
	for i, k := range ordered.Keys() {
		m[k.(string)] = ordered.Values()[i]
	}
	return m
}

// someViews build on each other, need quoting, or tables that are not there.
func someViews(table *schema.Table) []sinks.View {
	name, column := table.Name, table.Columns[0].Name
	return []sinks.View{
		{Name: "ids", Comment: "it's a view", SQL: "SELECT " + column + " AS id FROM " + name + " -- all\n;\n", Tables: []string{name}},
		{Name: `odd "name"`, Comment: "of a view", SQL: "SELECT count(*) AS n FROM ids", Tables: []string{name}},
		{Name: "ids_from", Comment: "it's a macro", SQL: "SELECT id FROM ids WHERE id >= first_id -- and above\n", Tables: []string{name}, Params: []string{"first_id := CAST('~' AS VARCHAR)"}},
		{Name: "mounted", Comment: "no such table", SQL: "SELECT * FROM mounts", Tables: []string{"mounts"}},
	}
}

// views checks those within an output, or made over it, with and without what
// verify asks for.
func (s suite) views(t *testing.T) {
	if s.format.OpenSQL == nil {
		return // there is nothing that could hold them
	}
	location, tables := s.location(t), s.few(t)
	views := someViews(tables[len(tables)-1])
	for _, run := range []string{"run1", "run2"} {
		opts := options(run, tables)
		opts.Views = func() []sinks.View { return views }
		s.export(t, location, opts, 5, 0)
	}
	for _, opts := range []sinks.SQLOptions{{Views: views}, {Views: views, Tables: []string{tables[len(tables)-1].Name}, MemoryBytes: 1 << 30}} {
		db := s.openSQL(t, location, opts)
		for query, want := range map[string]any{
			`SELECT n FROM "odd ""name"""`:                                                     int64(20),
			`SELECT comment FROM duckdb_views() WHERE view_name = 'ids'`:                       "it's a view",
			`SELECT count(*) FROM ids_from()`:                                                  int64(0),
			`SELECT count(*) FROM ids_from(first_id := '')`:                                    int64(20),
			`SELECT DISTINCT comment FROM duckdb_functions() WHERE function_name = 'ids_from'`: "it's a macro",
			`SELECT count(*) FROM duckdb_views() WHERE view_name = 'mounted'`:                  int64(0),
		} {
			if got := Query(t, db, query); len(got) != 1 || got[0][0] != want {
				t.Errorf("%s: got %v, want %v", query, got, want)
			}
		}
	}
}

// queriesStayInside checks that queries reach nothing but the output.
func (s suite) queriesStayInside(t *testing.T) {
	if s.format.OpenSQL == nil {
		return
	}
	location, tables, dir := s.location(t), s.few(t), t.TempDir()
	kept := s.export(t, location, options("run1", tables), 5, 0)
	secret := filepath.Join(dir, "secret.csv")
	if err := os.WriteFile(secret, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	db := s.openSQL(t, location, sinks.SQLOptions{})
	name := tables[0].Name
	for _, statement := range []string{
		"SELECT * FROM '" + secret + "'",
		"COPY " + name + " TO '" + filepath.Join(dir, "copy.csv") + "'",
		"ATTACH '" + filepath.Join(dir, "other.duckdb") + "'",
		"SET enable_external_access = true",
		"INSTALL httpfs",
		"INSERT INTO " + name + " BY NAME SELECT 'x' AS " + schema.CheckpointID,
		"DROP TABLE " + name,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err == nil {
			t.Errorf("%q was allowed", statement)
		}
	}
	if got := entries(t, dir); len(got) != 1 {
		t.Errorf("queries made files: %v", got)
	}
	s.expect(t, location, kept)
}
