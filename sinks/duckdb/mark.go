//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sqltext"
)

// markTable marks a database as ours. It has one row.
const markTable = "_ckexport"

// countTable holds how many rows each table has, so that rows that go missing
// are missed. A database of an earlier tool gets it at the next commit.
const countTable = "_ckexport_tables"

// mark says which version of the tool and of the tables made a database, and
// which tables it keeps.
type mark struct {
	contents.Contents
	toolVersion string
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
	// Databases of older versions lack the columns of the policy.
	err = db.QueryRowContext(ctx, "SELECT schema_version, tool_version, array_to_string(tables, ','), coalesce(redaction, ''), coalesce(all_log_lines, false) FROM "+
		"(SELECT * FROM "+outputName+".main."+markTable+" UNION ALL BY NAME SELECT NULL::VARCHAR AS redaction, NULL::BOOLEAN AS all_log_lines WHERE false)").
		Scan(&m.SchemaVersion, &m.toolVersion, &tables, &m.Redaction, &m.AllLogLines)
	if err != nil {
		return nil, fmt.Errorf("reading table %s: %w", markTable, err)
	}
	m.Tables = strings.Split(tables, ",")
	return m, nil
}

// createMark returns the statements that mark a new database.
func createMark() string {
	return "CREATE TABLE " + markTable + ` (schema_version INTEGER NOT NULL, tool_version VARCHAR NOT NULL, tables VARCHAR[] NOT NULL, redaction VARCHAR, all_log_lines BOOLEAN);
COMMENT ON TABLE ` + markTable + ` IS 'Marks this database as an output of ckexport.';
COMMENT ON COLUMN ` + markTable + `.schema_version IS 'version of the tables'' layout';
COMMENT ON COLUMN ` + markTable + `.tool_version IS 'version of ckexport that wrote last';
COMMENT ON COLUMN ` + markTable + `.tables IS 'tables it keeps';
COMMENT ON COLUMN ` + markTable + `.redaction IS 'policy and fingerprint of the key by which secrets were replaced; NULL for none';
COMMENT ON COLUMN ` + markTable + `.all_log_lines IS 'whether log_lines has every line of CRIU''s logs, as with --logs all';
`
}

// readCounts returns the number of rows that each table of the attached
// database should have; nil where an earlier tool made it.
func readCounts(ctx context.Context, db *sql.DB) (map[string]int64, error) {
	var n int
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main' AND table_name = ?",
		outputName, countTable).Scan(&n)
	if err != nil {
		return nil, fmt.Errorf("looking for table %s: %w", countTable, err)
	}
	if n == 0 {
		return nil, nil
	}
	counts := map[string]int64{}
	err = eachRow(ctx, db, "SELECT table_name, row_count FROM "+outputName+".main."+countTable, func(rows *sql.Rows) error {
		var name string
		var count int64
		if err := rows.Scan(&name, &count); err != nil {
			return err
		}
		counts[name] = count
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading table %s: %w", countTable, err)
	}
	return counts, nil
}

// setMark returns the statements that put the mark up to date with the tables
// as they are in the transaction: whatever changes their rows ends with it.
func setMark(toolVersion string, policy sinks.Policy, tables []*schema.Table) string {
	counts := make([]string, len(tables))
	for i, t := range tables {
		counts[i] = fmt.Sprintf("SELECT %s, count(*) FROM %s", sqltext.Literal(t.Name), sqltext.Identifier(t.Name))
	}
	return setMarkTo(toolVersion, policy, tables, strings.Join(counts, " UNION ALL "))
}

// setNewMark is setMark for a database whose tables have rows of one load only: to
// count them takes longer than to say how many there are.
func setNewMark(l *load) string {
	counts := make([]string, len(l.tables))
	for i, t := range l.tables {
		counts[i] = fmt.Sprintf("(%s, %d)", sqltext.Literal(t.Name), l.rowsOf(t.Name))
	}
	return setMarkTo(l.version, l.policy, l.tables, "VALUES "+strings.Join(counts, ", "))
}

// setMarkTo returns the statements that set the mark, and the counts to rows of
// tables' names and counts.
func setMarkTo(toolVersion string, policy sinks.Policy, tables []*schema.Table, counts string) string {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = sqltext.Literal(t.Name)
	}
	return fmt.Sprintf(`ALTER TABLE %s ADD COLUMN IF NOT EXISTS redaction VARCHAR;
ALTER TABLE %s ADD COLUMN IF NOT EXISTS all_log_lines BOOLEAN;
DELETE FROM %s; INSERT INTO %s BY NAME SELECT %d AS schema_version, %s AS tool_version, [%s] AS tables, nullif(%s, '') AS redaction, %t AS all_log_lines;
CREATE TABLE IF NOT EXISTS %s (table_name VARCHAR NOT NULL, row_count BIGINT NOT NULL);
COMMENT ON TABLE %s IS 'How many rows each table has, for ckexport verify.';
DELETE FROM %s; INSERT INTO %s %s;
`, markTable, markTable, markTable, markTable, schema.Version, sqltext.Literal(toolVersion), strings.Join(names, ", "), sqltext.Literal(policy.Redaction), policy.AllLogLines,
		countTable, countTable, countTable, countTable, counts)
}
