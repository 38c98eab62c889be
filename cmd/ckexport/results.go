package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/sqltext"
	"github.com/ckexport/ckexport/units"
)

// resultWriters write the rows of a query, by the name of the format.
var resultWriters = map[string]func(io.Writer, resultRows) error{
	"table":    writeTable,
	"line":     writeLines,
	"markdown": writeMarkdown,
	"csv":      writeCSV,
	"json":     writeJSON,
	"jsonl":    writeJSONLines,
}

// resultRows are rows that are written: *sql.Rows, or what was found otherwise.
type resultRows = sqltext.Rows

// memoryRows are rows that are there already.
type memoryRows struct {
	names []string
	rows  [][]any
	next  int
}

// Columns names the columns.
func (m *memoryRows) Columns() ([]string, error) { return slices.Clone(m.names), nil }

// Next goes to the next row.
func (m *memoryRows) Next() bool {
	m.next++
	return m.next <= len(m.rows)
}

// Scan copies the row.
func (m *memoryRows) Scan(to ...any) error {
	for i, v := range m.rows[m.next-1] {
		if place, ok := to[i].(*any); ok {
			*place = v
		}
	}
	return nil
}

// Err is nil: all rows are there.
func (m *memoryRows) Err() error { return nil }

// resultFormats names them.
const resultFormats = "table, line, csv, json, jsonl or markdown"

func prettyTable(rows resultRows) (table.Writer, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	t := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	header := make(table.Row, len(names))
	for i, n := range names {
		header[i] = plain.Cell(n)
	}
	t.AppendHeader(header)
	err = sqltext.Each(rows, func(_ []string, values []any) error {
		row := make(table.Row, len(values))
		for i, v := range values {
			row[i] = plain.Cell(v)
		}
		t.AppendRow(row)
		return nil
	})
	return t, err
}

func writeTable(out io.Writer, rows resultRows) error {
	t, err := prettyTable(rows)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n%s\n", t.Render(), units.Count(t.Length(), "row"))
	return err
}

// writeLines writes a line for each column, and an empty one between rows.
func writeLines(out io.Writer, rows resultRows) error {
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	width := 0
	for i := range names {
		names[i] = plain.Cell(names[i])
		width = max(width, utf8.RuneCountInString(names[i]))
	}
	separator := ""
	return sqltext.Each(rows, func(_ []string, values []any) error {
		var b strings.Builder
		b.WriteString(separator)
		separator = "\n"
		for i, v := range values {
			fmt.Fprintf(&b, "%*s = %s\n", width, names[i], plain.Cell(v))
		}
		_, err := io.WriteString(out, b.String())
		return err
	})
}

func writeMarkdown(out io.Writer, rows resultRows) error {
	t, err := prettyTable(rows)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, t.RenderMarkdown())
	return err
}

func writeCSV(out io.Writer, rows resultRows) error {
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	w := csv.NewWriter(out)
	for i := range names {
		names[i] = plain.Printable(names[i])
	}
	if err := w.Write(names); err != nil {
		return err
	}
	record := make([]string, len(names))
	err = sqltext.Each(rows, func(_ []string, values []any) error {
		for i, v := range values {
			record[i] = ""
			if v != nil {
				record[i] = plain.Printable(plain.Text(v))
			}
		}
		return w.Write(record)
	})
	w.Flush()
	if err == nil {
		err = w.Error()
	}
	return err
}

// writeJSON writes an array of objects, a line each, columns in their order.
func writeJSON(out io.Writer, rows resultRows) error {
	if _, err := io.WriteString(out, "["); err != nil {
		return err
	}
	separator := "\n"
	err := eachObject(rows, func(object []byte) error {
		_, err := out.Write(append([]byte(separator), object...))
		separator = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, "\n]\n")
	return err
}

// writeJSONLines writes an object a line, columns in their order.
func writeJSONLines(out io.Writer, rows resultRows) error {
	return eachObject(rows, func(object []byte) error {
		_, err := out.Write(append(object, '\n'))
		return err
	})
}

// eachObject calls f with each row as an object of JSON, on one line.
func eachObject(rows resultRows, f func([]byte) error) error {
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	return sqltext.Each(rows, func(_ []string, values []any) error {
		var object bytes.Buffer
		for i, v := range values {
			object.WriteByte("{,"[min(i, 1)])
			key, err := json.Marshal(names[i])
			if err != nil {
				return err
			}
			value, err := json.Marshal(plain.JSON(v))
			if err != nil {
				return fmt.Errorf("column %s: %w", names[i], err)
			}
			object.Write(asciiControls(key))
			object.WriteByte(':')
			object.Write(asciiControls(value))
		}
		object.WriteByte('}')
		return f(object.Bytes())
	})
}

// asciiControls writes characters of JSON that could steer a terminal as \uNNNN,
// which means the same: encoding/json does so for the controls of ASCII only.
func asciiControls(data []byte) []byte {
	text := string(data)
	if strings.IndexFunc(text, plain.IsSteering) < 0 {
		return data
	}
	var out []byte
	for _, r := range text {
		if !plain.IsSteering(r) {
			out = utf8.AppendRune(out, r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
	}
	return out
}
