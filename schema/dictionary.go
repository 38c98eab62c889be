package schema

import (
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// SQLType returns the column's type as DuckDB names it.
func (c Column) SQLType() string { return sqlType(c.Type) }

func sqlType(t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.ListType:
		return sqlType(t.Elem()) + "[]"
	case *arrow.StructType:
		fields := make([]string, t.NumFields())
		for i, f := range t.Fields() {
			fields[i] = f.Name + " " + sqlType(f.Type)
		}
		return "STRUCT(" + strings.Join(fields, ", ") + ")"
	case *arrow.MapType:
		return fmt.Sprintf("MAP(%s, %s)", sqlType(t.KeyType()), sqlType(t.ItemType()))
	case *arrow.TimestampType:
		return "TIMESTAMPTZ"
	}
	switch t.ID() {
	case arrow.STRING:
		return "VARCHAR"
	case arrow.BINARY:
		return "BLOB"
	case arrow.BOOL:
		return "BOOLEAN"
	case arrow.INT32:
		return "INTEGER"
	case arrow.INT64:
		return "BIGINT"
	case arrow.UINT8:
		return "UTINYINT"
	case arrow.UINT16:
		return "USMALLINT"
	case arrow.UINT32:
		return "UINTEGER"
	case arrow.UINT64:
		return "UBIGINT"
	case arrow.FLOAT64:
		return "DOUBLE"
	}
	return t.String()
}

// WriteDictionary writes the data dictionary as Markdown: docs/tables.md.
func WriteDictionary(out io.Writer) error { return writeDictionary(out, Tables()) }

func writeDictionary(out io.Writer, tables []*Table) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# The tables\n\nGenerated from the package `schema` by `make docs`. Schema version %d.\n\n", Version)
	b.WriteString("Types are DuckDB's. A column that may be NULL is so where the fact is absent, unknown or could not be read; a table `problems` says\nwhy in the latter case. ")
	b.WriteString("Columns `<name>_raw` hold the exact bytes where the text form is escaped (`\\xNN`), and are NULL where the\ntext is exact. ")
	b.WriteString("Pids are those inside the container unless a column says otherwise. \"From\" names image and message field, or file and path.\n\n")
	b.WriteString("\"Sensitive\" names the policies of `--redact` that replace a column: `any` is all of them, `(json)` only values that are JSON objects or lists,\n`(assignment)` what follows `NAME=`, ")
	b.WriteString("`(options)` values of options whose name looks like that of a secret, `(name_only)` names without a value.\nNumbers that a policy covers become NULL.\n\n")
	b.WriteString("References name rows of the same checkpoint. `ckexport verify` checks them, and that every `checkpoint_id` is in checkpoints. A list\nrefers by each of its elements.\n\n")
	b.WriteString("\"Compared by\" names the columns by which `ckexport diff` finds a row of one checkpoint again in another, and those it leaves out: numbers given anew at\neach dump, moments, counters, and what stands elsewhere too.\n\n")
	b.WriteString("| table | one row is |\n| --- | --- |\n")
	for _, t := range tables {
		fmt.Fprintf(&b, "| [%s](#%s) | %s |\n", t.Name, t.Name, markdownCell(t.Doc))
	}
	for _, t := range tables {
		fmt.Fprintf(&b, "\n## %s\n\n%s", t.Name, t.Doc)
		if len(t.Key) > 0 {
			fmt.Fprintf(&b, " Key: `%s`.", strings.Join(t.Key, "`, `"))
		}
		if len(t.References) > 0 {
			list := make([]string, len(t.References))
			for i, r := range t.References {
				list[i] = r.String()
			}
			fmt.Fprintf(&b, " References: %s.", strings.Join(list, "; "))
		}
		if t.Comparison != nil {
			fmt.Fprintf(&b, " Compared %s.", t.Comparison)
		} else {
			fmt.Fprintf(&b, " Not compared: it %s.", t.NotCompared)
		}
		b.WriteString("\n\n| column | type | NULL | sensitive | meaning | from |\n| --- | --- | --- | --- | --- | --- |\n")
		for _, c := range t.Columns {
			null := ""
			if c.Nullable {
				null = "yes"
			}
			source := ""
			if c.Source != "" {
				source = "`" + c.Source + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", c.Name, c.SQLType(), null, c.sensitiveText(), markdownCell(c.Doc), markdownCell(source))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// markdownCell escapes what ends a cell of a Markdown table.
func markdownCell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
