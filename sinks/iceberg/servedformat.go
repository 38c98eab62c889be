//go:build !noiceberg

package iceberg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/iceberg/internal/catalogs"
	"github.com/ckexport/ckexport/sinks/iceberg/internal/restcatalog"
	"github.com/ckexport/ckexport/sinks/iceberg/internal/sqlcatalog"
	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

// CatalogFormat returns the kind of output whose tables are in a namespace of a
// catalog, which a file of properties tells of. Files in object stores are reached
// with the options, as far as neither the properties nor the catalog say otherwise.
//
// # Commits
//
// A run that adds makes a snapshot of each table, as in a folder. Before all others
// it commits to one table, also without rows of it: of runs that began at the same
// state, one comes first there, and the others fail before they have done anything.
// Where another program came first, the run tries again upon what that made. Where
// an answer is lost, the run looks whether the catalog has its snapshot.
//
// A catalog can't exchange tables in one step. What replaces rows (--overwrite,
// compact, forget) makes a snapshot without a parent of each table, that of archives
// last. This program takes the snapshots from before until archives has that of the
// run; others see each table change by itself. Then what was replaced goes: all
// older snapshots, what names them, and the files that only they have. If the run
// is killed before that, the next one removes them.
//
// A run that was killed while it committed is taken back by the next one that writes,
// as in an object store: once it counts as dead, archives gets a snapshot first, so
// that it can't commit any more if it is alive after all. If it was the first one, its
// tables are dropped.
func CatalogFormat(engine sinks.Engine, store objectstore.Options, properties string) sinks.Format {
	s := servedFormat{engine, store, properties, &stores{connected: map[objectstore.Options]*objectstore.Store{}}}
	f := catalogFormat()
	if properties == "" {
		f.Missing = "which catalog? --catalog FILE names its properties"
		return f
	}
	f.Check, f.Open, f.Recognise, f.Footprint = s.check, s.open, s.recognise, s.queryFootprint
	f.Part, f.Describe, f.Inspect, f.Rewrite = s.part, s.describe, s.inspect, s.rewrite
	if engine != nil {
		f.OpenSQL = s.openSQL
	}
	return f
}

type servedFormat struct {
	engine     sinks.Engine
	store      objectstore.Options
	properties string // the path of the file
	stores     *stores
}

// connect returns the catalog, which is one that has told how it is to be used.
func (s servedFormat) connect(ctx context.Context, location, runID string) (*served, error) {
	_, name, _ := strings.Cut(location, "://")
	c := &served{location: location, space: strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '/' }), runID: runID}
	if len(c.space) == 0 {
		return nil, &sinks.RefusedError{Path: location, Reason: "want iceberg://NAMESPACE, its levels with dots between"}
	}
	properties, err := catalogs.Read(s.properties)
	if err != nil {
		return nil, &sinks.RefusedError{Path: location, Reason: err.Error(), Err: err}
	}
	switch kind := properties.Get(catalogs.Type); kind {
	case "rest":
		client, err := restcatalog.New(properties)
		if err != nil {
			return nil, &sinks.RefusedError{Path: location, Reason: fmt.Sprintf("%s: %v", s.properties, err)}
		}
		if properties, err = client.Configure(ctx); err != nil {
			return nil, fmt.Errorf("output %q: the catalog of %s: %w", location, s.properties, err)
		}
		c.service, c.located = client, newLocated(ctx, storeOptions(s.store, properties.Get), s.stores)
	case "sql", "jdbc":
		c.located = newLocated(ctx, storeOptions(s.store, properties.Get), s.stores)
		if c.service, err = sqlcatalog.New(properties, c.located, runID == ""); err != nil {
			return nil, &sinks.RefusedError{Path: location, Reason: fmt.Sprintf("%s: %v", s.properties, err)}
		}
	default:
		return nil, &sinks.RefusedError{Path: location, Reason: fmt.Sprintf("%s: type %q: want rest or sql", s.properties, kind)}
	}
	return c, nil
}

// take returns where on this machine a run makes what it will write.
func (s servedFormat) take(ctx context.Context, location string, opts sinks.Options) (*staging.Place, error) {
	file, err := filepath.Abs(s.properties)
	if err != nil {
		return nil, err
	}
	return bucket.Take(ctx, location, file+"\n"+location, opts)
}

// footprint adds to one what it takes to reach the catalog and the files; a run makes
// the folder where they will be.
func (s servedFormat) footprint(ctx context.Context, c *served, of sinks.Footprint) (sinks.Footprint, error) {
	where, err := c.service.Location(ctx, c.space)
	if err != nil {
		return of, fmt.Errorf("output %q: looking for where its tables lie: %w", c.location, err)
	}
	wheres := []string{where}
	if archives, err := c.LoadTable(ctx, c.ident(contents.Archives)); err == nil {
		wheres = append(wheres, strings.TrimSuffix(archives.Location(), "/"+contents.Archives))
	}
	for _, where := range wheres {
		at, isLocal, err := localPath(where)
		switch {
		case where == "" || err != nil || !isLocal:
			of.Network = true
			if _, _, _, err := c.store(where); err != nil { // while credentials can be looked for
				return of, err
			}
		case c.runID == "":
			of.Read = append(of.Read, at)
		default:
			if err := staging.MakeFolders(at); err != nil {
				return of, fmt.Errorf("making the folder of the tables: %w", err)
			}
			of.Own = append(of.Own, at)
		}
	}
	db, ok := c.service.(*sqlcatalog.Client)
	switch {
	case !ok:
		of.Network = true
	case db.Path() == "":
		of.Network = true
		of.Read = append(of.Read, db.Files()...)
	case c.runID == "":
		of.Read = append(of.Read, filepath.Dir(db.Path()))
	default:
		of.Own = append(of.Own, filepath.Dir(db.Path())) // it has journals beside it
	}
	if of.Network {
		of = bucket.Footprint(of)
	}
	return of, nil
}

// queryFootprint is that of queries: they fetch files into a temporary folder.
func (s servedFormat) queryFootprint(ctx context.Context, location string) (sinks.Footprint, error) {
	own, err := bucket.QueryFootprint(ctx, location)
	if err != nil {
		return own, err
	}
	of := sinks.Footprint{Own: own.Own, Read: []string{s.properties}}
	err = s.reading(ctx, location, func(c *served) error {
		of, err = s.footprint(ctx, c, of)
		return err
	})
	return of, err
}

// check refuses what no output can be at.
func (s servedFormat) check(ctx context.Context, location string) error {
	_, err := s.recognise(ctx, location)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// recognise tells whether the namespace has a table of archives that is ours, with a
// run that is complete.
func (s servedFormat) recognise(ctx context.Context, location string) (is bool, err error) {
	err = s.reading(ctx, location, func(c *served) error {
		archives, err := c.LoadTable(ctx, c.ident(contents.Archives))
		if err == nil && isOurs(archives) && archives.CurrentSnapshot() == nil {
			err = fmt.Errorf("its first run is not complete: %w", fs.ErrNotExist)
		}
		is = err == nil && isOurs(archives)
		return err
	})
	return is, err
}

// reading calls read with the catalog and a folder for copies.
func (s servedFormat) reading(ctx context.Context, location string, read func(*served) error) error {
	scratch, err := bucket.NewScratch()
	if err != nil {
		return err
	}
	return errors.Join(s.readingIn(ctx, location, scratch.Dir, read), scratch.Remove())
}

// readingIn has the copies in the folder dir. It calls read anew where a file is missing, as one may be that a rewrite has
// replaced meanwhile.
func (s servedFormat) readingIn(ctx context.Context, location, dir string, read func(*served) error) error {
	c, err := s.connect(ctx, location, "")
	if err != nil {
		return err
	}
	c.dir = filepath.Join(dir, "copies")
	for try := 1; ; try++ {
		err := read(c)
		var isTable *fs.PathError
		if err == nil || !errors.As(err, &isTable) || !errors.Is(err, fs.ErrNotExist) || try == bucket.ReadTries {
			return errors.Join(err, c.service.Close())
		}
	}
}

// openSQL opens the files of the tables that queries name.
func (s servedFormat) openSQL(ctx context.Context, location string, opts sinks.SQLOptions) (_ *sql.DB, err error) {
	scratch, err := bucket.NewScratch()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("opening output %q: %w", location, err), scratch.Remove())
		}
	}()
	tables, err := s.tableFiles(ctx, location, scratch.Dir, opts)
	if err != nil {
		return nil, err
	}
	opts.Closed = scratch.Remove
	return s.engine(ctx, tables, opts)
}

// tableFiles returns the files of the tables that queries name, with copies in the
// folder dir.
func (s servedFormat) tableFiles(ctx context.Context, location, dir string, opts sinks.SQLOptions) (tables []sinks.TableFiles, err error) {
	err = s.readingIn(ctx, location, dir, func(c *served) error {
		w, err := mustBe(c.openFor(ctx, func(w *warehouse) []string { return w.named(opts) }))
		if err != nil {
			return err
		}
		tables, err = w.tableFiles(w.named(opts))
		return err
	})
	return tables, err
}

// part returns the output as a part of a fleet.
func (s servedFormat) part(ctx context.Context, location string, wanted []string, dir string) (sinks.Part, error) {
	files, err := s.tableFiles(ctx, location, dir, sinks.SQLOptions{Tables: wanted})
	if err != nil {
		return sinks.Part{}, fmt.Errorf("opening output %q: %w", location, err)
	}
	return sinks.Part{Location: location, Files: files}, nil
}

// describe tells what the table archives says.
func (s servedFormat) describe(ctx context.Context, location string) (d sinks.Description, err error) {
	err = s.reading(ctx, location, func(c *served) error {
		w, err := mustBe(c.openFor(ctx, func(*warehouse) []string { return nil }))
		if err != nil {
			return fmt.Errorf("opening output %q: %w", location, err)
		}
		d = w.description()
		return nil
	})
	return d, err
}

// inspect checks the files of the output against its metadata.
func (s servedFormat) inspect(ctx context.Context, location string) (found *sinks.Inspection, err error) {
	err = s.reading(ctx, location, func(c *served) error {
		w, err := c.open(ctx)
		if err == nil && w == nil {
			err = &sinks.RefusedError{Path: location, Reason: "cannot be looked at: there is no output"}
		}
		if err != nil {
			return err
		}
		found = &sinks.Inspection{Kind: formatName}
		return inspectWarehouse(ctx, w, found)
	})
	return found, err
}
