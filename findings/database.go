// Package findings runs the detections of package queries, and tells which of
// their findings are new: neither known from before nor acknowledged.
package findings

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/sqltext"
)

// Database is an output that is open for SQL.
type Database struct {
	*sql.DB
	tables map[string]bool
}

// Open looks which tables a database has. It remains the caller's to close.
func Open(ctx context.Context, db *sql.DB) (*Database, error) {
	d := &Database{DB: db, tables: map[string]bool{}}
	err := d.Read(ctx, "SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database()", func(_ []string, values []any) error {
		d.tables[fmt.Sprint(values[0])] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking at the tables: %w", err)
	}
	return d, nil
}

// Has tells whether there is a table.
func (d *Database) Has(table string) bool { return d.tables[table] }

// Read runs SQL and calls each with the names of the columns and the values of
// every row; both are good until it returns.
func (d *Database) Read(ctx context.Context, query string, each func(names []string, values []any) error) error {
	rows, err := d.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	return sqltext.Each(rows, each)
}

// Lacks tells whether an error of Read says that the output has no such table, view or
// column, as one of an older version may not, and not that it can't be read. DuckDB's
// messages begin with the kind of error.
func Lacks(err error) bool {
	return strings.HasPrefix(err.Error(), "Catalog Error: ") || strings.HasPrefix(err.Error(), "Binder Error: ")
}

// Missing says which of the tables are not there, or nothing if all are.
func (d *Database) Missing(needs []string) string {
	var list []string
	for _, t := range needs {
		if !d.tables[t] {
			list = append(list, t)
		}
	}
	switch len(list) {
	case 0:
		return ""
	case 1:
		return "the output has no table " + list[0]
	}
	return "the output has no tables " + strings.Join(list, ", ")
}

// CannotRun says why a query says nothing about this output, or nothing if it does.
func (d *Database) CannotRun(ctx context.Context, q queries.Query) (string, error) {
	if missing := d.Missing(q.Tables); missing != "" || q.Memory == "" || !d.tables["runs"] {
		return missing, nil
	}
	var runs, with int64
	query := "SELECT count(*), count(*) FILTER (list_contains(memory, " + sqltext.Literal(q.Memory) + ")) FROM runs"
	if err := d.QueryRowContext(ctx, query).Scan(&runs, &with); err != nil {
		return "", fmt.Errorf("looking at the runs: %w", err)
	}
	if runs > 0 && with == 0 {
		return "no archive was exported with --memory " + q.Memory, nil
	}
	return "", nil
}
