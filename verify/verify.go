// Package verify checks an output: its files against what was noted when they
// were written, its ledger against its tables, its keys and references, and,
// given archives, its rows against those that the archives have now.
//
// It finds damage: what a disk, a copy, a killed program or a careless hand
// did. Whoever can write the output can also write its checksums; against that
// stands only the comparison with the archives.
package verify

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sqltext"
)

// Options says what to check.
type Options struct {
	// Path is where the output lies, and Format its kind. Where that has no SQL,
	// what needs it is not checked, and a note says so.
	Path   string
	Format sinks.Format
	// Against, where not nil, are archives to compare with. It needs SQL.
	Against *Against
}

// sqlMemory bounds what the checks in SQL keep in memory.
const sqlMemory = 2 << 30

// Report is what a check found.
type Report struct {
	Output   string          `json:"output"`
	Kind     string          `json:"kind"`
	Whole    bool            `json:"whole"` // no finding is damage
	Files    int             `json:"files"`
	Bytes    int64           `json:"bytes"`
	Rows     int64           `json:"rows"`
	Tables   int             `json:"tables"`
	Findings []sinks.Finding `json:"findings"`
	Compared *Compared       `json:"against,omitempty"`
	Seconds  float64         `json:"seconds"`
}

// Run checks an output. What is wrong with it is in the report; an error says
// that it could not be checked.
func Run(ctx context.Context, opts Options) (*Report, error) {
	started := time.Now()
	seen, err := opts.Format.Inspect(ctx, opts.Path)
	if err != nil {
		return nil, err
	}
	if a := opts.Against; a != nil && a.Run.Redaction.String() != seen.Redaction && len(seen.Tables) > 0 {
		return nil, &sinks.RefusedError{Path: opts.Path, Reason: "its secrets were replaced in another way than --redact and --redact-key-file say, so its rows cannot be compared: " + cmp.Or(seen.Redaction, "not at all")}
	}
	report := &Report{Output: opts.Path, Kind: seen.Kind, Files: seen.Files, Bytes: seen.Bytes, Rows: seen.Rows, Tables: len(seen.Tables) + len(seen.Damaged)}
	if opts.Format.OpenSQL == nil {
		seen.Found(sinks.Note, "build", "", "", "this build cannot query the output: ledger, keys, references, and rows of files without SHA-256 were not checked")
	} else if len(seen.Tables) > 0 {
		if err := checkTables(ctx, opts, seen, report); err != nil {
			return nil, err
		}
	}
	report.Findings = seen.Findings
	report.Whole = !slices.ContainsFunc(seen.Findings, func(f sinks.Finding) bool { return f.Severity == sinks.Damage })
	report.Seconds = time.Since(started).Seconds()
	return report, nil
}

// checkTables does what needs SQL, with the tables that are whole.
func checkTables(ctx context.Context, opts Options, seen *sinks.Inspection, report *Report) error {
	if err := readUnsummed(ctx, opts, seen); err != nil || len(seen.Tables) == 0 {
		return err
	}
	o, err := open(ctx, opts.Format, opts.Path, seen.Tables)
	if err != nil {
		return err
	}
	defer o.db.Close()
	o.found = seen
	if len(seen.Damaged) > 0 {
		seen.Found(sinks.Note, "tables", "", "", "what concerns damaged tables was not checked further: %s", strings.Join(seen.Damaged, ", "))
	}
	for _, check := range []func(context.Context) error{o.checkLedger, o.checkKeys, o.checkReferences} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	if opts.Against == nil {
		return nil
	}
	report.Compared, err = o.compare(ctx, opts)
	return err
}

// readUnsummed reads all of the tables with files that have no checksum: what
// cannot be read is damaged. To hash a row takes the values of all its columns.
func readUnsummed(ctx context.Context, opts Options, seen *sinks.Inspection) error {
	for _, name := range seen.Unsummed {
		if !slices.Contains(seen.Tables, name) {
			continue
		}
		db, err := opts.Format.OpenSQL(ctx, opts.Path, sinks.SQLOptions{Tables: []string{name}, MemoryBytes: sqlMemory})
		if err == nil {
			var sum any
			err = errors.Join(db.QueryRowContext(ctx, "SELECT bit_xor(hash(r)) FROM "+sqltext.Identifier(name)+" AS r").Scan(&sum), db.Close())
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			line, _, _ := strings.Cut(err.Error(), "\n")
			seen.Found(sinks.Damage, "file", name, "", "reading its rows: %s", line)
			seen.Damaged = append(seen.Damaged, name)
			seen.Tables = slices.DeleteFunc(seen.Tables, func(t string) bool { return t == name })
		}
	}
	return nil
}

// output is an output opened for SQL.
type output struct {
	db     *sql.DB
	tables []*schema.Table            // those that are there and whole, in its order
	has    map[string]map[string]bool // columns by table
	rows   map[string]int64           // by table
	found  *sinks.Inspection
}

func open(ctx context.Context, format sinks.Format, path string, tables []string) (*output, error) {
	db, err := format.OpenSQL(ctx, path, sinks.SQLOptions{Tables: tables, MemoryBytes: sqlMemory})
	if err != nil {
		return nil, err
	}
	o := &output{db: db, has: map[string]map[string]bool{}, rows: map[string]int64{}}
	for _, name := range tables {
		t, known := schema.Lookup(name)
		if !known {
			continue // of a later tool
		}
		o.tables = append(o.tables, t)
		if err := o.look(ctx, t); err != nil {
			db.Close()
			return nil, fmt.Errorf("looking at table %s: %w", name, err)
		}
	}
	return o, nil
}

// look notes the columns of a table and the number of its rows.
func (o *output) look(ctx context.Context, t *schema.Table) error {
	rows, err := o.db.QueryContext(ctx, "SELECT * FROM "+sqltext.Identifier(t.Name)+" LIMIT 0")
	if err != nil {
		return err
	}
	columns, err := rows.Columns()
	rows.Close()
	if err != nil {
		return err
	}
	o.has[t.Name] = map[string]bool{}
	for _, c := range columns {
		o.has[t.Name][c] = true
	}
	var n int64
	if err := o.db.QueryRowContext(ctx, "SELECT count(*) FROM "+sqltext.Identifier(t.Name)).Scan(&n); err != nil {
		return err
	}
	o.rows[t.Name] = n
	return nil
}

// hasColumns tells whether a table is there with these columns.
func (o *output) hasColumns(table string, columns ...string) bool {
	return o.has[table] != nil && !slices.ContainsFunc(columns, func(c string) bool { return !o.has[table][c] })
}

// chunkRows is how many rows a check takes at a time, so that what it
// remembers of them fits into memory.
const chunkRows = 8 << 20

// chunks returns conditions on the checkpoints, each of which selects a part
// of the rows; together they select all.
func chunks(rows int64) []string {
	n := rows/chunkRows + 1
	if n == 1 {
		return []string{"true"}
	}
	conditions := make([]string, n)
	for i := range conditions {
		conditions[i] = fmt.Sprintf("hash(checkpoint_id) %% %d = %d", n, i)
	}
	return conditions
}

// eachRow passes the rows of a query on.
func (o *output) eachRow(ctx context.Context, query string, scan func(*sql.Rows) error) error {
	rows, err := o.db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// shown returns an SQL expression that names values of a row: a=1, b=x. Only
// keys are shown, as other columns may hold secrets.
func shown(columns, expressions []string) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = sqltext.Literal(c+"=") + " || coalesce(" + expressions[i] + "::VARCHAR, 'NULL')"
	}
	return "concat_ws(', ', " + strings.Join(parts, ", ") + ")"
}
