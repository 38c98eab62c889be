package bucket

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/ckexport/ckexport/sinks"
)

// ReadTries is how often a reader begins anew whose objects were replaced.
const ReadTries = 5

// Read calls read with the folder at a location and the path of a folder of this
// machine for what it fetches, which is removed afterwards. Where an object is
// missing, as one may be that a rewrite has replaced meanwhile, it is called again.
func Read[T any](c *Client, location string, read func(f *Folder, dir string) (T, error)) (result T, err error) {
	f, err := c.Folder(location)
	if err != nil {
		return result, err
	}
	scratch, err := NewScratch()
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, scratch.Remove()) }()
	return readAnew(f, scratch.Dir, read)
}

func readAnew[T any](f *Folder, within string, read func(f *Folder, dir string) (T, error)) (T, error) {
	for try := 1; ; try++ {
		result, err := read(f, filepath.Join(within, fmt.Sprint(try)))
		if err == nil || !errors.Is(err, fs.ErrNotExist) || try == ReadTries {
			return result, err
		}
	}
}

// FetchTables fetches the files of the tables that options want into the folder dir.
type FetchTables func(ctx context.Context, f *Folder, dir string, opts sinks.SQLOptions) ([]sinks.TableFiles, error)

// OpenSQL returns what opens what fetch fetches of a location, called as by Read, with
// an engine; nil for none. It is removed when the database is closed. What a run
// commits meanwhile is not seen.
func (c *Client) OpenSQL(engine sinks.Engine, fetch FetchTables) func(context.Context, string, sinks.SQLOptions) (*sql.DB, error) {
	if engine == nil {
		return nil
	}
	return func(ctx context.Context, location string, opts sinks.SQLOptions) (*sql.DB, error) {
		f, err := c.Folder(location)
		if err != nil {
			return nil, err
		}
		scratch, err := NewScratch()
		if err != nil {
			return nil, err
		}
		opts.Closed = scratch.Remove
		tables, err := readAnew(f, scratch.Dir, func(f *Folder, dir string) ([]sinks.TableFiles, error) { return fetch(ctx, f, dir, opts) })
		var db *sql.DB
		if err == nil {
			db, err = engine(ctx, tables, opts)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("opening output %q: %w", location, err), scratch.Remove())
		}
		return db, nil
	}
}

// Part returns what makes what fetch fetches of a location, called as by Read, a part of
// a fleet. It is in folders within dir.
func (c *Client) Part(fetch FetchTables) func(ctx context.Context, location string, wanted []string, dir string) (sinks.Part, error) {
	return func(ctx context.Context, location string, wanted []string, dir string) (sinks.Part, error) {
		f, err := c.Folder(location)
		if err != nil {
			return sinks.Part{}, err
		}
		files, err := readAnew(f, dir, func(f *Folder, dir string) ([]sinks.TableFiles, error) {
			return fetch(ctx, f, dir, sinks.SQLOptions{Tables: wanted})
		})
		if err != nil {
			return sinks.Part{}, fmt.Errorf("opening output %q: %w", location, err)
		}
		return sinks.Part{Location: location, Files: files}, nil
	}
}
