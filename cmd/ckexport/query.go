package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/lazyregexp"
	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/sqltext"
)

func queryCommand(std streams) *cli.Command {
	params := paramValues{}
	return &cli.Command{
		Name:      "query",
		Usage:     "run SQL, or a query that ships with ckexport, on outputs or archives",
		ArgsUsage: "OUT... 'SQL'|NAME, or OUT... -f FILE",
		Description: askedHelp + "\n\nSQL is DuckDB's, several statements if need be; the tables are those of ckexport tables. The queries that ship are views in it\n" +
			"(with _ for -), or, those with parameters, table macros: SELECT * FROM name(parameter := value). ckexport queries lists them.\n\n" +
			"On a terminal, rows that are too wide for a table have a line for each column, and what is long goes through $PAGER, or less. Into a FILE whose ending\n" +
			"names no format goes a column of bytes as it stands, such as the content of a pipe.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "read the SQL from `FILE`, or from standard input for -"},
			&cli.StringFlag{Name: "format", Usage: queryFormats, DefaultText: "table, or what the ending of -o FILE names"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the result to `FILE`, or to standard output for -"},
			&cli.GenericFlag{Name: "param", Usage: "`NAME=VALUE` for a parameter of the query; may be given several times", Value: params},
		}, slices.Concat(judgeFlags(), askFlags())...),
		Action: func(c *cli.Context) (err error) {
			inputs, text, err := readQuery(c, params, std)
			if err != nil {
				return err
			}
			in, err := findInputs(c, inputs, std)
			if err != nil {
				return err
			}
			to, err := openResults(c, in, std)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, to.Close()) }()
			known, err := openJudging(c, std)
			if err != nil {
				return err
			}
			if known != nil {
				if to.judging, err = judgedQuery(c, to); err != nil {
					return err
				}
			}
			return ask(c, in, questionOf(text), std, func(db *sql.DB) error {
				if err := to.judging.begin(c.Context, known); err != nil {
					return err
				}
				if err := runStatements(c.Context, db, text, to); err != nil {
					return err
				}
				return errors.Join(to.commit(), to.judging.tell(std))
			}, append(known.grants(c.Context), to.file.grants()...)...)
		},
	}
}

// readQuery returns what is asked, and the SQL.
func readQuery(c *cli.Context, params map[string]string, std streams) (inputs []string, text string, err error) {
	args, file := c.Args().Slice(), c.String("file")
	if file == "" {
		if len(args) < 2 {
			return nil, "", &usageError{err: fmt.Errorf("want an output and a query, got %d arguments", len(args)), hint: "ckexport query fleet.duckdb listening-ports, or ckexport query ./archives listening-ports"}
		}
		last := len(args) - 1
		text, err = queryText(args[last], params)
		return args[:last], text, err
	}
	if len(args) < 1 {
		return nil, "", &usageError{err: errors.New("want an output"), hint: "ckexport query fleet.duckdb -f questions.sql"}
	}
	if len(params) > 0 {
		return nil, "", usagef("--param is for queries that have a name")
	}
	var data []byte
	if file == "-" {
		data, err = io.ReadAll(std.in)
	} else {
		data, err = readNamed(c.Context, file)
	}
	if err != nil {
		hint := ""
		if _, isFormat := resultWriters[file]; isFormat {
			hint = "the format of the result is named by --format " + file
		}
		return nil, "", &usageError{err: fmt.Errorf("reading the SQL: %w", err), hint: hint}
	}
	return args, string(data), nil
}

// paramValues takes --param name=value; a value may have commas.
type paramValues map[string]string

// Set takes one of the flags.
func (p paramValues) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return fmt.Errorf("%q: want name=value", text)
	}
	if _, twice := p[name]; twice {
		return fmt.Errorf("%q is given twice", name)
	}
	p[name] = value
	return nil
}

// String returns what was given.
func (p paramValues) String() string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		list = append(list, name+"="+p[name])
	}
	return strings.Join(list, " ")
}

// queryText returns the SQL of a query by name, with values for its
// parameters, or the SQL itself.
func queryText(arg string, params map[string]string) (string, error) {
	if q, ok := queries.Lookup(arg); ok {
		text, err := q.Bind(params)
		if err != nil {
			return "", &usageError{err: err, hint: "ckexport queries " + q.Name + " shows its parameters"}
		}
		return text, nil
	}
	if !strings.ContainsAny(strings.TrimSpace(arg), " \t\n(;") {
		hint := "ckexport queries lists them; anything else must be SQL"
		if slices.Contains(queryable(), arg) {
			hint = fmt.Sprintf("%q shows the rows of that table", "FROM "+arg)
		} else if similar := similarQuery(arg); similar != "" {
			hint = "did you mean " + similar + "?"
		}
		return "", &usageError{err: fmt.Errorf("no query %q", arg), hint: hint}
	}
	if len(params) > 0 {
		return "", &usageError{err: errors.New("--param is for queries that have a name"), hint: "in SQL, write the value, or SELECT * FROM name(parameter := value)"}
	}
	return arg, nil
}

// runStatements runs SQL, and writes the result of each statement that has one.
func runStatements(ctx context.Context, db *sql.DB, text string, to *results) error {
	conn, err := db.Conn(ctx) // what one statement sets holds for those behind it
	if err != nil {
		return err
	}
	defer conn.Close()
	statements := sqltext.Statements(text)
	if len(statements) == 0 {
		return usagef("there is no SQL")
	}
	for _, s := range statements {
		if err := runStatement(ctx, conn, s, to); err != nil {
			return withHint(fmt.Errorf("running the query: %w", err), s)
		}
	}
	return nil
}

func runStatement(ctx context.Context, conn *sql.Conn, statement string, to *results) error {
	if to.format == parquetFormat {
		return to.writeParquet(ctx, conn, statement)
	}
	rows, err := conn.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	if !hasResult(statement, columns) {
		for rows.Next() {
		}
		return rows.Err()
	}
	if err := to.write(rows, columns); err != nil {
		return err
	}
	return rows.Err()
}

// quiet finds statements that only do something: DuckDB answers these with a count.
var quiet = lazyregexp.New(`(?i)^\s*(set|reset|use|create|drop|insert|update|delete|alter|begin|commit|rollback|load|attach|detach|prepare|deallocate)\b`)

func hasResult(statement string, columns []*sql.ColumnType) bool {
	return len(columns) > 0 && !quiet().MatchString(statement)
}
