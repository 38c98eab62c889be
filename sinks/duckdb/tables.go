//go:build !noduckdb

package duckdb

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sqltext"
)

// createTable returns the statements that make a table with its comments.
// There is no primary key: it would cost an index over all rows, and what
// makes rows unique is decided before they get here.
func createTable(table *schema.Table) (string, error) {
	name := sqltext.Identifier(table.Name)
	create, err := createBareTable(table, name)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nCOMMENT ON TABLE %s IS %s;\n", create, name, sqltext.Literal(table.Doc))
	for _, c := range table.Columns {
		b.WriteString(commentOnColumn(table, c))
	}
	return b.String(), nil
}

// createBareTable returns the statement that makes a table of that name in SQL,
// without comments.
func createBareTable(table *schema.Table, name string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (", name)
	for i, c := range table.Columns {
		kind, err := columnType(c.Type)
		if err != nil {
			return "", fmt.Errorf("column %s.%s: %w", table.Name, c.Name, err)
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %s", sqltext.Identifier(c.Name), kind)
		if !c.Nullable {
			b.WriteString(" NOT NULL")
		}
	}
	b.WriteString(");")
	return b.String(), nil
}

// addColumn returns the statements that add a column to a table of an earlier
// tool. Its rows have NULL there, so the column is nullable whatever the
// schema says.
func addColumn(table *schema.Table, c schema.Column) (string, error) {
	kind, err := columnType(c.Type)
	if err != nil {
		return "", fmt.Errorf("column %s.%s: %w", table.Name, c.Name, err)
	}
	return fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s;\n%s",
		sqltext.Identifier(table.Name), sqltext.Identifier(c.Name), kind, commentOnColumn(table, c)), nil
}

func commentOnColumn(table *schema.Table, c schema.Column) string {
	return fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s;\n", sqltext.Identifier(table.Name), sqltext.Identifier(c.Name), sqltext.Literal(c.Comment()))
}

// columnType returns the DuckDB type for an Arrow type: the one that
// read_parquet has for it.
func columnType(t arrow.DataType) (string, error) {
	switch t := t.(type) {
	case *arrow.ListType:
		elem, err := columnType(t.Elem())
		return elem + "[]", err
	case *arrow.StructType:
		fields := make([]string, t.NumFields())
		for i, f := range t.Fields() {
			kind, err := columnType(f.Type)
			if err != nil {
				return "", err
			}
			fields[i] = sqltext.Identifier(f.Name) + " " + kind
		}
		return "STRUCT(" + strings.Join(fields, ", ") + ")", nil
	case *arrow.MapType:
		key, err := columnType(t.KeyType())
		if err != nil {
			return "", err
		}
		item, err := columnType(t.ItemType())
		return "MAP(" + key + ", " + item + ")", err
	}
	name, ok := map[arrow.Type]string{
		arrow.BOOL:      "BOOLEAN",
		arrow.INT32:     "INTEGER",
		arrow.INT64:     "BIGINT",
		arrow.UINT8:     "UTINYINT",
		arrow.UINT16:    "USMALLINT",
		arrow.UINT32:    "UINTEGER",
		arrow.UINT64:    "UBIGINT",
		arrow.FLOAT64:   "DOUBLE",
		arrow.STRING:    "VARCHAR",
		arrow.BINARY:    "BLOB",
		arrow.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
	}[t.ID()]
	if !ok {
		return "", fmt.Errorf("DuckDB has no type for %v", t)
	}
	return name, nil
}
