//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/ckexport/ckexport/sqltext"
)

// outputName is the name under which an output is attached.
const outputName = "ckexport_output"

// setup holds for every database we open: it fetches nothing from the network
// and shows times in UTC.
const setup = `SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET GLOBAL TimeZone = 'UTC';`

// execFunc runs SQL statements on a connection.
type execFunc func(ctx context.Context, statements string) error

// openMemory opens a database in memory. Outputs are attached to it rather
// than opened, because their paths would be taken for URLs. onConnect, if not
// nil, is run on every connection. To close the database closes reach, and calls
// closed unless it is nil.
func openMemory(reach *aliases, closed func() error, onConnect func(execFunc) error) (*sql.DB, error) {
	connector, err := duckdb.NewConnector("", func(conn driver.ExecerContext) error {
		if onConnect == nil {
			return nil
		}
		return onConnect(func(ctx context.Context, statements string) error {
			_, err := conn.ExecContext(ctx, statements, nil)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("starting DuckDB: %w", err)
	}
	return sql.OpenDB(closesMore{connector, reach, closed}), nil
}

// closesMore closes behind a database what it used.
type closesMore struct {
	*duckdb.Connector
	reach  *aliases
	closed func() error
}

// Close closes all.
func (c closesMore) Close() error {
	err := errors.Join(c.Connector.Close(), c.reach.Close())
	if c.closed != nil {
		err = errors.Join(err, c.closed())
	}
	return err
}

// access is how a database file is attached.
type access struct {
	readOnly bool
	// isNew says that the database is made, by this process, and nobody else's yet.
	isNew bool
	// wait is how long to wait for other processes that have the database
	// open: DuckDB lets no one in beside a writer, and no writer in beside a
	// reader.
	wait time.Duration
}

// newOptions are those with which a new database is attached. Blocks of a quarter
// of DuckDB's size, as each column of a table with few rows has one: a database of 240
// archives is smaller by a fourth, one of 3,000 by 4 %, and as fast to ask; and the
// memory that loading takes is mostly blocks. Such blocks are for DuckDB 1.1 and later;
// in the form of that version, sketches of distinct values are read and written as
// they are in memory, else they take a third of opening and a fifth of writing few
// rows. It has no log, as it takes its place when it is complete.
const newOptions = "BLOCK_SIZE 65536, STORAGE_VERSION 'v1.1.0', RECOVERY_MODE no_wal_writes"

// withDatabase attaches a database file for as long as do runs.
func withDatabase(ctx context.Context, path string, how access, do func(*sql.DB) error) error {
	db, err := openDatabase(ctx, path, how)
	if err != nil {
		return err
	}
	return closeDatabase(ctx, db, do(db))
}

// openDatabase attaches a database file, until closeDatabase. Statements take one
// thread, unless one sets more: while one of two works DuckDB lets the other spin.
func openDatabase(ctx context.Context, path string, how access) (*sql.DB, error) {
	reach := &aliases{}
	db, err := openMemory(reach, nil, nil)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // USE holds for a connection
	exec := func(ctx context.Context, statements string) error {
		_, err := db.ExecContext(ctx, statements)
		return err
	}
	if err = exec(ctx, "SET threads = 1"); err == nil {
		err = attach(ctx, exec, reach, path, how)
	}
	if err != nil {
		return nil, closeDatabase(ctx, db, err)
	}
	return db, nil
}

// closeDatabase closes a database, and returns the error that there was.
func closeDatabase(ctx context.Context, db *sql.DB, err error) error {
	if err != nil && ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err) // DuckDB's own error does not say whose wish it was
	}
	if isSpillFull(err) {
		err = fmt.Errorf("%w for what does not fit in memory: %w", syscall.ENOSPC, err)
	}
	return errors.Join(err, db.Close())
}

// shortWait is long enough for queries, and for a run that loads its rows.
const shortWait = 30 * time.Second

// attach attaches a database file and makes it the current one.
func attach(ctx context.Context, exec execFunc, reach *aliases, path string, how access) error {
	if err := exec(ctx, setup); err != nil {
		return fmt.Errorf("setting up DuckDB: %w", err)
	}
	path, err := reach.to(path)
	if err != nil {
		return fmt.Errorf("opening database: %w", err)
	}
	if err := attachAs(ctx, exec, path, outputName, how); err != nil {
		return err
	}
	if err := exec(ctx, "USE "+outputName); err != nil {
		return fmt.Errorf("opening database: %w", err)
	}
	return nil
}

// attachAs attaches a database file under a name, by a path that DuckDB takes as
// it stands.
func attachAs(ctx context.Context, exec execFunc, path, name string, how access) error {
	statement := "ATTACH " + sqltext.Literal(path) + " AS " + name + " (TYPE duckdb"
	if how.readOnly {
		statement += ", READ_ONLY"
	}
	if how.isNew {
		statement += ", " + newOptions
	}
	statement += ")"
	deadline := time.Now().Add(how.wait)
	for {
		err := exec(ctx, statement)
		if err == nil {
			return nil
		}
		if !isLocked(err) || time.Now().After(deadline) {
			return fmt.Errorf("opening database: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("opening database: %w", errors.Join(ctx.Err(), err))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// isLocked tells whether another process has a database open.
func isLocked(err error) bool {
	var e *duckdb.Error
	return errors.As(err, &e) && e.Type == duckdb.ErrorTypeIO && strings.Contains(e.Msg, "Could not set lock on file")
}

// readParquet returns the table function that reads these files, which may
// differ in their columns. Folders named like partitions add none.
func readParquet(paths []string, differ bool) string {
	return readParquetWith(paths, fmt.Sprintf("union_by_name = %t", differ))
}

// readParquetNamed reads files by the names of columns, with their paths as filename.
func readParquetNamed(paths []string) string {
	return readParquetWith(paths, "union_by_name = true, filename = true")
}

func readParquetWith(paths []string, options string) string {
	quoted := make([]string, len(paths))
	for i, p := range paths {
		quoted[i] = sqltext.Literal(globEscape(p))
	}
	return fmt.Sprintf("read_parquet([%s], hive_partitioning = false, %s)", strings.Join(quoted, ", "), options)
}

// globEscape makes characters of a path that have a meaning in globs stand for
// themselves, where aliases leaves any. DuckDB has no way to write a backslash in a
// glob, so a path with both is not found then.
func globEscape(path string) string {
	return strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]").Replace(path)
}

// isSpillFull tells whether the disk is full to which DuckDB moves what does not fit
// in memory: it names its bound on that, which is the free space.
func isSpillFull(err error) bool {
	var e *duckdb.Error
	return errors.As(err, &e) && strings.Contains(e.Msg, "'max_temp_directory_size'")
}

// IsInterrupted tells whether DuckDB gave up a statement as it was told to.
func IsInterrupted(err error) bool {
	var e *duckdb.Error
	return errors.As(err, &e) && e.Type == duckdb.ErrorTypeInterrupt
}
