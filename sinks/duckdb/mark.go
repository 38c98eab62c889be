//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// markTable marks a database as ours. It has one row.
const markTable = "_ckexport"

// mark says which version of the tool and of the tables made a database, and
// which tables it keeps.
type mark struct {
	schemaVersion int
	toolVersion   string
	tables        []string
	redaction     string // as sinks.Options.Redaction
}

// errNotOurs says that a database was not made by this tool.
var errNotOurs = errors.New("database without table " + markTable)

// readMark reads the mark of the attached database.
func readMark(ctx context.Context, db *sql.DB) (*mark, error) {
	var n int
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main' AND table_name = ?",
		outputName, markTable).Scan(&n)
	if err != nil {
		return nil, fmt.Errorf("looking for table %s: %w", markTable, err)
	}
	if n == 0 {
		return nil, errNotOurs
	}
	m := &mark{}
	var tables string
	// Databases of older versions have no column redaction.
	err = db.QueryRowContext(ctx, "SELECT schema_version, tool_version, array_to_string(tables, ','), coalesce(redaction, '') FROM "+
		"(SELECT * FROM "+outputName+".main."+markTable+" UNION ALL BY NAME SELECT NULL::VARCHAR AS redaction WHERE false)").
		Scan(&m.schemaVersion, &m.toolVersion, &tables, &m.redaction)
	if err != nil {
		return nil, fmt.Errorf("reading table %s: %w", markTable, err)
	}
	m.tables = strings.Split(tables, ",")
	return m, nil
}

// createMark returns the statements that mark a new database.
func createMark() string {
	return "CREATE TABLE " + markTable + ` (schema_version INTEGER NOT NULL, tool_version VARCHAR NOT NULL, tables VARCHAR[] NOT NULL, redaction VARCHAR);
COMMENT ON TABLE ` + markTable + ` IS 'Marks this database as an output of ckexport.';
COMMENT ON COLUMN ` + markTable + `.schema_version IS 'version of the tables'' layout';
COMMENT ON COLUMN ` + markTable + `.tool_version IS 'version of ckexport that wrote last';
COMMENT ON COLUMN ` + markTable + `.tables IS 'tables it keeps';
COMMENT ON COLUMN ` + markTable + `.redaction IS 'policy and fingerprint of the key by which secrets were replaced; NULL for none';
`
}

// setMark returns the statements that put the mark up to date.
func setMark(toolVersion, redaction string, tables []*schema.Table) string {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = literal(t.Name)
	}
	return fmt.Sprintf("DELETE FROM %s; INSERT INTO %s BY NAME SELECT %d AS schema_version, %s AS tool_version, [%s] AS tables",
		markTable, markTable, schema.Version, literal(toolVersion), strings.Join(names, ", ")) + markedRedaction(redaction)
}

// markedRedaction ends the statement of setMark. Without a redaction it leaves
// the column out: a database of an older version, which has none, gets no
// redacted rows.
func markedRedaction(redaction string) string {
	if redaction == "" {
		return ";\n"
	}
	return ", " + literal(redaction) + " AS redaction;\n"
}
