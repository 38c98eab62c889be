//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/sinks/internal/staging"
)

// mostInserters bounds how many tables of a new database are filled side by side.
const mostInserters = 4

// waveRows is after how many rows of a new database there is a checkpoint: what was
// loaded need not stay in memory, where DuckDB moves it out and in.
const waveRows = 1_500_000

// create makes a database with the rows at path, complete and durable.
func (l *load) create(ctx context.Context, path string) error {
	for {
		err := l.createOnce(ctx, path)
		if err == nil || !l.unbind(err) {
			return err
		}
		for _, old := range []string{path, path + ".wal"} {
			if err := os.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("creating database: %w", err)
			}
		}
	}
}

func (l *load) createOnce(ctx context.Context, path string) error {
	db, err := l.begun.take()
	if db == nil && err == nil {
		db, err = l.newDatabase(ctx, path)
	}
	if err != nil {
		return err
	}
	err = l.fill(ctx, db, path)
	if err != nil {
		return closeDatabase(ctx, db, err)
	}
	// The file is complete; to free what DuckDB has of it in memory takes as long as
	// a disk takes.
	var closing errgroup.Group
	closing.Go(db.Close)
	if err := staging.Finish(path); err != nil {
		return errors.Join(fmt.Errorf("writing database: %w", err), closing.Wait())
	}
	return closing.Wait()
}

// begun is a new database that is made while archives are read: that takes about
// as long as to read twenty small ones. A nil begun has none.
type begun struct {
	done chan struct{}
	db   *sql.DB
	err  error
}

// begin begins a database without rows at path.
func begin(ctx context.Context, l *load, path string) *begun {
	b := &begun{done: make(chan struct{})}
	go func() {
		defer close(b.done)
		b.db, b.err = l.newDatabase(ctx, path)
	}()
	return b
}

// take returns the database, which is the caller's then. It returns nil the next
// time.
func (b *begun) take() (*sql.DB, error) {
	if b == nil {
		return nil, nil
	}
	<-b.done
	db, err := b.db, b.err
	b.db, b.err = nil, nil
	return db, err
}

// Close closes the database, unless somebody took it.
func (b *begun) Close() error {
	db, err := b.take()
	if db != nil {
		err = errors.Join(err, db.Close())
	}
	return err
}

// newDatabase makes a database at path, with all tables and views, and opens it.
func (l *load) newDatabase(ctx context.Context, path string) (*sql.DB, error) {
	statements, err := l.statements()
	if err != nil {
		return nil, err
	}
	copied, err := copyTemplate(path, statements)
	if err != nil {
		return nil, fmt.Errorf("creating database: %w", err)
	}
	db, err := openDatabase(ctx, path, access{isNew: true})
	if err != nil || copied {
		return db, err
	}
	if _, err := db.ExecContext(ctx, "BEGIN;\n"+statements+"COMMIT"); err != nil {
		return nil, closeDatabase(ctx, db, fmt.Errorf("creating tables: %w", err))
	}
	return db, nil
}

// fill loads the rows into a new database, which nobody sees before it is complete.
func (l *load) fill(ctx context.Context, db *sql.DB, path string) error {
	if err := l.setUp(ctx, db); err != nil {
		return err
	}
	// Else the first to commit would write all of the database.
	if _, err := db.ExecContext(ctx, "SET checkpoint_threshold = '1TB'"); err != nil {
		return fmt.Errorf("setting up database: %w", err)
	}
	list, err := l.inserts(outputName)
	if err != nil {
		return err
	}
	inserters := min(mostInserters, runtime.GOMAXPROCS(0))
	db.SetMaxOpenConns(inserters + 1) // and one for giveBackFreed
	defer l.giveBackFreed(ctx, db)()
	for i, wave := range waves(list) {
		if i > 0 {
			if err := checkpoint(ctx, db); err != nil {
				return err
			}
		}
		if err := l.insertSideBySide(ctx, db, wave, inserters); err != nil {
			return err
		}
	}
	if _, err := db.ExecContext(ctx, "USE "+outputName+";\n"+setNewMark(l)); err != nil {
		return fmt.Errorf("marking database: %w", err)
	}
	return l.finish(ctx, db, path)
}

// waves divides tables, so that there is a checkpoint after some waveRows rows.
func waves(list []tableInsert) [][]tableInsert {
	var all [][]tableInsert
	rows := int64(waveRows)
	for _, t := range list {
		if rows >= waveRows {
			all, rows = append(all, nil), 0
		}
		wave := &all[len(all)-1]
		*wave, rows = append(*wave, t), rows+t.rows
	}
	return all
}

// insertSideBySide loads the rows of tables, each in a transaction of its own, so
// that several are filled side by side.
func (l *load) insertSideBySide(ctx context.Context, db *sql.DB, list []tableInsert, inserters int) error {
	inserts := make(chan tableInsert, len(list))
	for _, i := range list {
		inserts <- i
	}
	close(inserts)
	group, ctx := errgroup.WithContext(ctx)
	for range inserters {
		group.Go(func() error { return l.insertAll(ctx, db, inserts) })
	}
	return group.Wait()
}

// insertAll loads the rows of tables, on a connection of its own.
func (l *load) insertAll(ctx context.Context, db *sql.DB, inserts <-chan tableInsert) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connecting to database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "USE memory"); err != nil { // where it shows batches
		return fmt.Errorf("connecting to database: %w", err)
	}
	for i := range inserts {
		if err := l.insertTable(ctx, conn, i); err != nil {
			return fmt.Errorf("loading rows of %s: %w", i.table, err)
		}
	}
	return nil
}

// insertTable loads the rows of a table.
func (l *load) insertTable(ctx context.Context, conn *sql.Conn, i tableInsert) error {
	if batches, ok := l.batches[i.table]; ok {
		release, err := scanBatches(conn, i.table, batches)
		if err != nil {
			return fmt.Errorf("showing rows to DuckDB: %w", err)
		}
		defer release()
	}
	_, err := conn.ExecContext(ctx, i.statement)
	return err
}

// giveBackFreed has DuckDB give memory that it freed back to the system, twice a
// second until stop is called. By itself it keeps that for ten seconds: more than
// all that it has in use.
func (l *load) giveBackFreed(ctx context.Context, db *sql.DB) (stop func()) {
	if l.unbounded {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				// To set a limit, even the one that holds, flushes its allocators. Where
				// that fails, what loads rows tells why.
				_, _ = db.ExecContext(ctx, l.limit())
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}
