//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

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
