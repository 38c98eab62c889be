//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/duckdb/duckdb-go/v2"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/staging"
	"github.com/ckexport/ckexport/sinks/spool"
	"github.com/ckexport/ckexport/sqltext"
)

const (
	// scanThreads bounds the memory that going over all rows takes on large
	// machines.
	scanThreads = 4
	// loadMemory is how much DuckDB keeps in memory; the rest goes to the staging
	// folder.
	loadMemory = 80 << 20
	// mostLoadMemory is up to which it gets more where that is not enough.
	mostLoadMemory = 1 << 30
	// besidesDuckDB is what the process takes beside it while rows are loaded.
	besidesDuckDB = 456 << 20
	// leastLoadMemory is what DuckDB cannot do without.
	leastLoadMemory = 64 << 20
)

// load brings the rows of a run into a database: from Parquet files, or from
// memory, where they all fit in.
type load struct {
	tables  []*schema.Table
	views   func() []sinks.View // nil for none
	version string              // of the tool
	policy  sinks.Policy
	reach   aliases
	rows    string // folder that the parts are in
	spill   string // folder that DuckDB may use when memory is short
	parts   []spool.Part
	batches map[string][]arrow.RecordBatch // by table, instead of parts

	had       int    // rows of archives that the database had, -1 until it was looked at
	begun     *begun // the database, where it was begun before
	hasViews  bool   // the database has these views already
	memory    int64  // bytes that DuckDB may keep in memory
	fixed     bool   // memory was asked for: it holds also where some rows cannot be loaded within it
	unbounded bool   // DuckDB may take what memory it likes
}

// unbind lets DuckDB take more memory after an error by which it has not enough, in
// the end what it likes, and reports whether it is worth trying again: it cannot
// keep every kind of row within the bound, such as long texts and lists, nor without
// room on disk for the rest. To add few rows takes 100 MiB there, a block for each column.
func (l *load) unbind(err error) bool {
	var e *duckdb.Error
	if l.fixed || l.unbounded || !errors.As(err, &e) {
		return false
	}
	// A commit that fails says of the cause its text only.
	if e.Type != duckdb.ErrorTypeOutOfMemory && !strings.Contains(e.Msg, "failed to pin block") && !strings.Contains(e.Msg, "failed to allocate data") && !isSpillFull(err) {
		return false
	}
	l.memory *= 2
	l.unbounded = l.memory > mostLoadMemory
	return true
}

// into adds the rows to the existing database at path.
func (l *load) into(ctx context.Context, path string, how access) error {
	return withDatabase(ctx, path, how, func(db *sql.DB) (err error) {
		if l.had, err = countArchives(ctx, db); err != nil {
			return err
		}
		return l.add(ctx, db, path, func(tx *sql.Tx) error {
			if err := l.addColumns(ctx, tx); err != nil {
				return err
			}
			if l.hasViews {
				return nil
			}
			return l.makeViews(ctx, tx)
		})
	})
}

// countArchives returns how many rows table archives of an existing database has.
// Whatever adds rows to a database adds some there.
func countArchives(ctx context.Context, db *sql.DB) (n int, err error) {
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM archives").Scan(&n); err != nil {
		return 0, fmt.Errorf("counting archives: %w", err)
	}
	return n, nil
}

// memoryOf returns how much DuckDB may keep in memory in a process that may take
// so much, and whether the user asked for that.
func memoryOf(process int64) (bytes int64, fixed bool) {
	if process == 0 {
		return loadMemory, false
	}
	return max(process-besidesDuckDB, leastLoadMemory), true
}

// add loads the rows into an existing database in one transaction, after prepare
// has seen to the tables.
func (l *load) add(ctx context.Context, db *sql.DB, path string, prepare func(*sql.Tx) error) (err error) {
	if err := l.setUp(ctx, db); err != nil {
		return err
	}
	release, err := l.showBatches(ctx, db)
	defer release()
	if err != nil {
		return fmt.Errorf("showing rows to DuckDB: %w", err)
	}
	if err := protectWAL(path); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeEmptyWAL(path)) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning transaction: %w", err)
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // the first error tells more
		}
	}()
	db.SetMaxOpenConns(2) // the transaction's, and one for giveBackFreed
	defer l.giveBackFreed(ctx, db)()
	if err := prepare(tx); err != nil {
		return err
	}
	if err := l.insert(ctx, tx, outputName); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, setMark(l.version, l.policy, l.tables)); err != nil {
		return fmt.Errorf("marking database: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing rows: %w", err)
	}
	return l.finish(ctx, db, path)
}

// setUp sets up a database for loading.
func (l *load) setUp(ctx context.Context, db *sql.DB) error {
	// The order of rows says nothing, and to keep it costs time and memory.
	// To try whether FSST would compress texts takes half of the commit, and gains
	// next to nothing over dictionaries; compact has the time. Files that are read
	// once need no cache, which keeps a record of each read.
	spill, err := l.reach.to(l.spill)
	if err == nil {
		_, err = db.ExecContext(ctx, fmt.Sprintf("SET preserve_insertion_order = false; SET disabled_compression_methods = 'fsst'; SET enable_external_file_cache = false; SET temp_directory = %s",
			sqltext.Literal(spill)))
	}
	if err == nil && !l.unbounded {
		_, err = db.ExecContext(ctx, l.limit())
	}
	if err != nil {
		return fmt.Errorf("setting up database: %w", err)
	}
	return nil
}

// limit is the statement that bounds what DuckDB keeps in memory.
func (l *load) limit() string { return fmt.Sprintf("SET memory_limit = '%dB'", l.memory) }

// finish completes the file of a database whose rows are committed.
func (l *load) finish(ctx context.Context, db *sql.DB, path string) error {
	// What is committed stands in the file or its log; the checkpoint brings it
	// all into the file.
	if err := checkpoint(ctx, db); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "USE memory; DETACH "+outputName); err != nil {
		return fmt.Errorf("closing database: %w", err)
	}
	if err := staging.SyncDir(filepath.Dir(path)); err != nil { // the log is gone for good
		return fmt.Errorf("closing database: %w", err)
	}
	return nil
}

// checkpoint brings what is committed into the file.
func checkpoint(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, "CHECKPOINT "+outputName); err != nil {
		return fmt.Errorf("checkpointing database: %w", err)
	}
	return nil
}

// addColumns adds the columns that tables have gained since the database was
// made.
func (l *load) addColumns(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = ? AND schema_name = 'main'", outputName)
	if err != nil {
		return fmt.Errorf("looking at columns: %w", err)
	}
	defer rows.Close()
	have := map[[2]string]bool{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return fmt.Errorf("looking at columns: %w", err)
		}
		have[[2]string{table, column}] = true
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("looking at columns: %w", err)
	}
	for _, t := range l.tables {
		for _, c := range t.Columns {
			if have[[2]string{t.Name, c.Name}] {
				continue
			}
			add, err := addColumn(t, c)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, add); err != nil {
				return fmt.Errorf("adding column %s.%s: %w", t.Name, c.Name, err)
			}
		}
	}
	return nil
}

// showBatches makes the batches views of the database in memory, named as their
// tables: a transaction that is to change the output can make none there.
func (l *load) showBatches(ctx context.Context, db *sql.DB) (release func(), err error) {
	var releases []func()
	release = func() {
		for _, r := range releases {
			r()
		}
	}
	if len(l.batches) == 0 {
		return release, nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return release, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "USE memory"); err != nil {
		return release, err
	}
	for table, batches := range l.batches {
		r, err := scanBatches(conn, table, batches)
		if err != nil {
			return release, fmt.Errorf("table %s: %w", table, err)
		}
		releases = append(releases, r)
	}
	_, err = conn.ExecContext(ctx, "USE "+outputName)
	return release, err
}

// tableInsert is the statement that loads the rows of a table.
type tableInsert struct {
	table, statement string
	rows             int64
}

// inserts lists the statements for all tables of a database that get rows.
func (l *load) inserts(database string) ([]tableInsert, error) {
	var list []tableInsert
	for _, t := range l.tables {
		rows, err := l.source(t.Name)
		if err != nil {
			return nil, fmt.Errorf("loading rows of %s: %w", t.Name, err)
		}
		if rows != "" {
			list = append(list, tableInsert{
				table:     t.Name,
				statement: "INSERT INTO " + database + "." + sqltext.Identifier(t.Name) + " BY NAME SELECT * FROM " + rows,
				rows:      l.rowsOf(t.Name),
			})
		}
	}
	return list, nil
}

// insert loads the rows into a database, table by table.
func (l *load) insert(ctx context.Context, tx *sql.Tx, database string) error {
	inserts, err := l.inserts(database)
	if err != nil {
		return err
	}
	for _, i := range inserts {
		if _, err := tx.ExecContext(ctx, i.statement); err != nil {
			return fmt.Errorf("loading rows of %s: %w", i.table, err)
		}
	}
	return nil
}

// source is where the rows of a table come from, in SQL; empty for none.
func (l *load) source(table string) (string, error) {
	if _, ok := l.batches[table]; ok {
		return "memory.main." + sqltext.Identifier(table), nil
	}
	paths := l.filesOf(table)
	if len(paths) == 0 {
		return "", nil
	}
	paths, err := l.reach.toAll(paths)
	return readParquet(paths, false), err
}

// filesOf returns the paths of a table's parts.
func (l *load) filesOf(table string) []string {
	var paths []string
	for _, p := range l.parts {
		if p.Table == table {
			paths = append(paths, filepath.Join(l.rows, filepath.FromSlash(p.Path)))
		}
	}
	return paths
}

// rowsOf returns how many rows a table gets.
func (l *load) rowsOf(table string) int64 {
	var rows int64
	for _, b := range l.batches[table] {
		rows += b.NumRows()
	}
	for _, p := range l.parts {
		if p.Table == table {
			rows += p.Rows
		}
	}
	return rows
}

// makeViews makes the views anew, as this tool has them.
func (l *load) makeViews(ctx context.Context, tx *sql.Tx) error {
	for _, v := range l.fittingViews() {
		if _, err := tx.ExecContext(ctx, createView(v)); err != nil {
			return fmt.Errorf("creating view %s: %w", v.Name, err)
		}
	}
	return nil
}

// protectWAL makes the log of a database before DuckDB does, so that nobody
// but the owner can read it whatever the umask. Its name is durable before
// anything is committed to it.
func protectWAL(path string) error {
	f, err := os.OpenFile(path+".wal", os.O_WRONLY|os.O_CREATE, 0o600)
	if err == nil {
		err = errors.Join(f.Chmod(0o600), f.Close())
	}
	if err == nil {
		err = staging.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("protecting the database's log: %w", err)
	}
	return nil
}

// removeEmptyWAL removes the log where DuckDB had no use for it.
func removeEmptyWAL(path string) error {
	info, err := os.Stat(path + ".wal")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if info.Size() > 0 {
		return nil
	}
	return os.Remove(path + ".wal")
}

// createView returns the statements that make a view, or a table macro, with
// its comment.
func createView(v sinks.View) string {
	name, query := sqltext.Identifier(v.Name), strings.TrimRight(v.SQL, "; \t\r\n")
	kind, head := "VIEW", "VIEW "+name+" AS "
	if len(v.Params) > 0 {
		kind, head = "MACRO TABLE", "MACRO "+name+"("+strings.Join(v.Params, ", ")+") AS TABLE "
	}
	return fmt.Sprintf("CREATE OR REPLACE %s%s\n;\nCOMMENT ON %s %s IS %s;\n", head, query, kind, name, sqltext.Literal(v.Comment))
}
