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
	"runtime/debug"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/local"
	"github.com/ckexport/ckexport/sinks/internal/staging"
	"github.com/ckexport/ckexport/sinks/spool"
)

// leastMemory is what a run into a database takes: it has more than a thousand
// columns with a block each.
const leastMemory = 600 << 20

// outsideHeap is what DuckDB takes for blocks while thousands of archives are loaded.
const outsideHeap = 24 << 20

// Format returns the kind of output.
func Format() sinks.Format {
	f := format()
	f.LeastMemory, f.OutsideHeap = leastMemory, outsideHeap
	f.Check, f.Open = check, openOutput
	f.Recognise, f.Footprint, f.OpenSQL, f.Part, f.Describe, f.Inspect, f.Rewrite = recognise, local.Footprint, openSQL, part, describe, inspectOutput, rewriteOutput
	f.Staging, f.PeekLedger = local.Staging, peekLedger
	return f
}

// check refuses paths at which DuckDB can make no database.
func check(ctx context.Context, path string) error {
	if strings.Contains(path, "?") {
		// It would put its log where no one looks for it, by the real path.
		return &sinks.RefusedError{Path: path, Reason: "DuckDB takes what follows a question mark in a path for options"}
	}
	return local.Check(ctx, path)
}

// sink is a DuckDB file, opened for one run. The file itself is open only
// while its ledger is read and while rows are loaded, as DuckDB keeps readers
// out meanwhile.
type sink struct {
	opts   sinks.Options
	tables []*schema.Table // those kept: archives always is
	place  *staging.Place
	old    *mark // nil where a new database is made

	dir   string // the staging folder
	begun *begun // the new database, nil where there is none
	spool *spool.Spool
	added []spool.Part // that came as files
	wrote bool         // any row came
}

// openOutput opens or begins the database at path.
func openOutput(ctx context.Context, path string, opts sinks.Options) (_ sinks.Sink, err error) {
	place, err := staging.Take(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	defer place.ReleaseOnError(&err)
	if err := check(ctx, place.Path); err != nil {
		return nil, err
	}
	s := &sink{opts: opts, tables: contents.Kept(opts.Tables), place: place}
	info, err := os.Stat(place.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(place.Path + ".wal"); err == nil {
			// DuckDB would take it for the log of the new database.
			return nil, &sinks.RefusedError{Path: path, Reason: "the log of a database that is gone lies beside it, ending in .wal; remove it or use another path"}
		}
	case err != nil:
		return nil, fmt.Errorf("looking at output: %w", err)
	default:
		old, err := examine(ctx, place.Path, path, info, s.access(true))
		if err != nil {
			return nil, err
		}
		if !opts.Overwrite {
			if err := old.Admit(path, opts, s.tables); err != nil {
				return nil, err
			}
			s.old = old
		}
	}
	if s.dir, err = place.Stage(); err != nil {
		return nil, err
	}
	rows := filepath.Join(s.dir, "rows")
	if err := staging.MakeDir(rows); err != nil {
		return nil, fmt.Errorf("making folder for rows: %w", err)
	}
	s.spool = spool.New(rows, spool.Options{RunID: opts.RunID, Version: opts.Version, Policy: opts.Policy, Scratch: true})
	return s, nil
}

// access is how this run attaches the output.
func (s *sink) access(readOnly bool) access {
	return access{readOnly: readOnly, wait: max(shortWait, s.opts.LockTimeout)}
}

// examine reads the mark of what is at an output's path, and refuses what is
// not ours. It changes nothing there.
func examine(ctx context.Context, resolved, path string, info fs.FileInfo, how access) (*mark, error) {
	if !info.Mode().IsRegular() {
		return nil, &sinks.RefusedError{Path: path, Reason: "is not a file"}
	}
	if !hasMagic(resolved) {
		return nil, &sinks.RefusedError{Path: path, Reason: "is a file that is not ours: not a DuckDB database"}
	}
	var m *mark
	err := withDatabase(ctx, resolved, how, func(db *sql.DB) (err error) {
		m, err = readMark(ctx, db)
		return err
	})
	if errors.Is(err, errNotOurs) {
		return nil, &sinks.RefusedError{Path: path, Reason: "is a file that is not ours: " + err.Error()}
	} else if err != nil {
		return nil, fmt.Errorf("looking at output %q: %w", path, err)
	}
	return m, nil
}

// Footprint is that of a run.
func (s *sink) Footprint() sinks.Footprint { return s.footprint(s.old == nil) }

// footprint is that of a file which is renamed over the old one, or of a
// database that is changed in place: DuckDB makes, empties and removes its log beside it.
func (s *sink) footprint(replaces bool) sinks.Footprint {
	f := s.place.Footprint()
	_, err := os.Lstat(s.place.Path + ".wal")
	hasLog := !errors.Is(err, fs.ErrNotExist)
	f.Moves = replaces
	f.Writes = !replaces || hasLog
	if hasLog {
		f.Own = append(f.Own, s.place.Path+".wal")
	}
	return f
}

// Ledger reads the ledger from tables archives and checkpoints. With it a run
// begins, and so a new database is begun.
func (s *sink) Ledger(ctx context.Context) (*sinks.Ledger, error) {
	ledger := sinks.NewLedger()
	if s.old == nil {
		if s.begun == nil {
			s.begun = begin(context.WithoutCancel(ctx), s.newLoad(), s.newPath())
		}
		return ledger, nil
	}
	err := withDatabase(ctx, s.place.Path, s.access(true), func(db *sql.DB) error {
		return readLedger(ctx, db, ledger, s.tables)
	})
	if err != nil {
		return nil, fmt.Errorf("reading ledger: %w", err)
	}
	return ledger, nil
}

// Write adds rows of a table; those of tables that are not kept are dropped.
func (s *sink) Write(ctx context.Context, table *schema.Table, batch arrow.RecordBatch) error {
	if !slices.Contains(s.tables, table) {
		return nil
	}
	s.wrote = s.wrote || batch.NumRows() > 0
	return s.spool.Write(ctx, table, batch)
}

// Commit loads the rows of the run: into the existing database in one
// transaction, or into a new one that is put in place when it is complete.
func (s *sink) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	load := s.newLoad()
	load.begun = s.begun
	defer load.reach.Close() // behind the databases that use it
	var held bool
	if scansBatches && len(s.added) == 0 {
		load.batches, held = s.spool.Held()
	}
	if !held {
		var err error
		if load.parts, err = s.spool.Finish(ctx, s.tables); err != nil {
			return err
		}
		load.parts = append(load.parts, s.added...)
	}
	load.memory, load.fixed = memoryOf(s.opts.MemoryBytes)
	debug.FreeOSMemory() // what decoding took, for DuckDB to take
	if s.old != nil {
		load.hasViews = s.old.toolVersion == s.opts.Version // it made them
		if !s.wrote && load.hasViews {
			return s.foldWAL(ctx) // nothing to add
		}
		return s.add(ctx, load)
	}
	made := s.newPath()
	if err := load.create(ctx, made); err != nil {
		return err
	}
	if err := s.foldWAL(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.place.Publish(made)
}

// newLoad returns the load of a run that has no rows yet.
func (s *sink) newLoad() *load {
	return &load{
		tables:  s.tables,
		views:   s.opts.Views,
		version: s.opts.Version,
		policy:  s.opts.Policy,
		rows:    filepath.Join(s.dir, "rows"),
		spill:   filepath.Join(s.dir, "spill"),
		had:     -1,
	}
}

// newPath is where a new database is made.
func (s *sink) newPath() string { return filepath.Join(s.dir, "new.duckdb") }

// add loads the rows into the existing database. Once DuckDB has committed
// them to its log they are in the output, whatever fails then.
func (s *sink) add(ctx context.Context, load *load) error {
	for {
		failure := load.into(ctx, s.place.Path, s.access(false))
		if failure == nil {
			return nil
		}
		has := 0
		err := withDatabase(ctx, s.place.Path, s.access(true), func(db *sql.DB) (err error) {
			has, err = countArchives(ctx, db)
			return err
		})
		switch {
		case err != nil:
			return errors.Join(failure, fmt.Errorf("looking whether the rows are in the output nevertheless: %w", err))
		case load.had >= 0 && has > load.had:
			return &sinks.CommittedError{Path: s.place.Path, Err: failure}
		case !load.unbind(failure):
			return failure
		}
	}
}

// foldWAL brings the log that a killed run left into the output, if there is
// one: beside a database that replaces this one it would be taken for that
// one's, and whoever copies the file alone would lose rows.
func (s *sink) foldWAL(ctx context.Context) error {
	path := s.place.Path
	if _, err := os.Stat(path + ".wal"); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := withDatabase(ctx, path, s.access(false), func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, "CHECKPOINT "+outputName)
		return err
	})
	if err == nil {
		err = removeEmptyWAL(path)
	}
	if err != nil {
		return fmt.Errorf("folding in the log of an earlier run: %w", err)
	}
	return nil
}

// Close drops what was not committed and lets other runs have the output.
func (s *sink) Close() error {
	if err := errors.Join(s.begun.Close(), s.spool.Abandon(), s.place.Release()); err != nil {
		return fmt.Errorf("closing output: %w", err)
	}
	return nil
}
