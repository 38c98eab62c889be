package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sqltext"
)

// Formats that only query has: a file of Parquet, and a column of bytes as it stands.
const (
	parquetFormat = "parquet"
	bytesFormat   = "bytes"
)

const queryFormats = "table, line, csv, json, jsonl, markdown, parquet, or bytes: the one column as it stands"

// formatByEnding are the formats that the ending of a file names.
var formatByEnding = map[string]string{".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".md": "markdown", ".parquet": parquetFormat, ".txt": "table"}

// results is where the results of statements go.
type results struct {
	out      io.Writer
	file     *answerFile // of -o, nil for none
	format   string      // empty where it depends on the result
	written  int         // results
	terminal *os.File    // that they are read on, nil for none
	pager    *pager      // nil for none
	judging  *rowJudging // nil for none
}

// openResults opens what results are written to.
func openResults(c *cli.Context, in *askedInputs, std streams) (*results, error) {
	path, format := c.String("output"), c.String("format")
	r := &results{out: std.out, format: format}
	if _, ok := resultWriters[format]; !ok && !slices.Contains([]string{"", parquetFormat, bytesFormat}, format) {
		return nil, usagef("--format %q: want %s", format, queryFormats)
	}
	if path == "" || path == "-" {
		terminal := terminalOf(std.out)
		if format == parquetFormat && terminal != nil {
			return nil, &usageError{err: errors.New("a terminal takes no Parquet"), hint: "-o FILE.parquet"}
		}
		if terminal != nil {
			r.terminal, r.pager = terminal, startPager(terminal)
		}
		if r.pager != nil {
			r.out = r.pager
		}
		if r.format == "" && terminal == nil {
			r.format = "table"
		}
		return r, nil
	}
	if r.format == "" {
		r.format = formatByEnding[strings.ToLower(filepath.Ext(path))]
	}
	var err error
	if r.file, err = openBesides(c, in, "-o", path, std); err != nil {
		return nil, err
	}
	r.out = r.file
	return r, nil
}

// commit says that all results are written. Without any, a file stays as it is.
func (r *results) commit() error {
	if r.file == nil || r.written == 0 {
		return nil
	}
	return r.file.commit()
}

// Close ends writing, and waits for the reader to leave the pager.
func (r *results) Close() error {
	if r.pager != nil {
		return r.pager.Close()
	}
	return r.file.Close()
}

// begin is called before each result.
func (r *results) begin() error {
	r.written++
	if r.written > 1 && slices.Contains([]string{"", "table", "line", "csv", "markdown"}, r.format) {
		_, err := io.WriteString(r.out, "\n")
		return err
	}
	return nil
}

// write writes one result.
func (r *results) write(rows resultRows, columns []*sql.ColumnType) error {
	if err := r.begin(); err != nil {
		return err
	}
	if r.judging != nil {
		var err error
		if rows, err = r.judging.judge(rows); err != nil {
			return err
		}
	}
	isBytes := len(columns) == 1 && columns[0].DatabaseTypeName() == "BLOB"
	switch {
	case r.format == bytesFormat && len(columns) != 1:
		return usagef("--format bytes takes a result of one column, and this has %d", len(columns))
	case r.format == bytesFormat, r.format == "" && r.file != nil && isBytes:
		return writeBytes(r.out, rows)
	case r.format != "":
		return resultWriters[r.format](r.out, rows)
	case r.terminal != nil:
		return writeFitting(r.out, r.terminal, rows)
	}
	return writeTable(r.out, rows)
}

// writeFitting writes a table, or where it is wider than the terminal, lines.
func writeFitting(out io.Writer, terminal *os.File, rows resultRows) error {
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	kept := &memoryRows{names: names}
	if err := sqltext.Each(rows, func(_ []string, values []any) error {
		kept.rows = append(kept.rows, slices.Clone(values))
		return nil
	}); err != nil {
		return err
	}
	var drawn bytes.Buffer
	if err := writeTable(&drawn, &memoryRows{names: names, rows: kept.rows}); err != nil {
		return err
	}
	width, _, err := term.GetSize(int(terminal.Fd()))
	border, _, _ := strings.Cut(drawn.String(), "\n")
	if err == nil && width > 0 && utf8.RuneCountInString(border) > width && len(kept.rows) > 0 {
		return writeLines(out, kept)
	}
	_, err = drawn.WriteTo(out)
	return err
}

// writeBytes writes the values of the one column, with nothing between.
func writeBytes(out io.Writer, rows resultRows) error {
	return sqltext.Each(rows, func(_ []string, values []any) error {
		switch v := values[0].(type) {
		case nil:
			return nil
		case []byte:
			_, err := out.Write(v)
			return err
		case string:
			_, err := io.WriteString(out, v)
			return err
		default:
			return usagef("--format bytes takes a column of bytes or text, not of %T", v)
		}
	})
}

// writeParquet writes the result of the one statement as a Parquet file.
func (r *results) writeParquet(ctx context.Context, conn *sql.Conn, statement string) error {
	if r.written > 0 {
		return usagef("--format parquet takes one statement")
	}
	if err := r.begin(); err != nil {
		return err
	}
	return duckdb.ReadBatches(ctx, conn, statement, func(rows array.RecordReader) error {
		properties := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd))
		w, err := pqarrow.NewFileWriter(rows.Schema(), keepOpen{r.out}, properties, pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
		if err != nil {
			return err
		}
		for rows.Next() {
			if err := w.WriteBuffered(rows.RecordBatch()); err != nil {
				return err
			}
		}
		return errors.Join(rows.Err(), w.Close())
	})
}

// keepOpen is a stream that is not ours to close.
type keepOpen struct{ io.Writer }

func (keepOpen) Close() error { return nil }

// terminalOf returns the terminal that a stream is, nil for none.
func terminalOf(out io.Writer) *os.File {
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return file
	}
	return nil
}
