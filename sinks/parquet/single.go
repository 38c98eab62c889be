package parquet

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
	"github.com/ckexport/ckexport/sinks/internal/staging"
	"github.com/ckexport/ckexport/sinks/spool"
)

// single is an output that is one Parquet file of one table. Rows can't be
// added to such a file: a run writes a new one, of the old rows and its own,
// and renames it over the old. The ledger stands in the footer.
type single struct {
	table  *schema.Table
	place  *staging.Place
	keep   bool // there is a file whose rows stay
	ledger *ledger.Builder
	known  *sinks.Ledger // the ledger as it was at the beginning

	file    *spool.File
	path    string // of the new file, staged
	started bool   // the old rows are written
	wrote   bool   // anything came from this run
}

func openSingle(ctx context.Context, place *staging.Place, path string, exists bool, opts sinks.Options) (sinks.Sink, error) {
	s := &single{table: opts.Tables[0], place: place, ledger: ledger.New()}
	if exists {
		mark, err := readMark(place.Path)
		if err != nil {
			return nil, &sinks.RefusedError{Path: path, Reason: "is a file that is not ours: " + err.Error()}
		}
		if !opts.Overwrite {
			if err := mark.contents().Admit(path, opts, opts.Tables); err != nil {
				return nil, err
			}
			if err := canConform(path, mark.columns, s.table); err != nil {
				return nil, err
			}
			if err := decodeLedger(s.ledger, mark.pairs.FindValue(keyLedger)); err != nil {
				return nil, fmt.Errorf("reading ledger of %q: %w", path, err)
			}
			if s.table.Scope == schema.ScopeContent { // its keys are not in the footer
				if err := readLedger(ctx, s.ledger, s.table, place.Path); err != nil {
					return nil, err
				}
			}
			s.keep = true
		}
	}
	s.known = s.ledger.Clone()
	dir, err := place.Stage()
	if err != nil {
		return nil, err
	}
	s.path = filepath.Join(dir, filepath.Base(place.Path))
	s.file = spool.NewFile(s.path, s.table, spool.FileOptions{
		Options: spool.Options{RunID: opts.RunID, Version: opts.Version, Policy: opts.Policy},
		Footer:  s.footer,
		Stamp:   stampDigest,
	})
	return s, nil
}

// Footprint is that of a file which is renamed over the old one.
func (s *single) Footprint() sinks.Footprint {
	f := s.place.Footprint()
	f.Moves = true
	return f
}

// Ledger returns what the footer of the existing file says.
func (s *single) Ledger(context.Context) (*sinks.Ledger, error) { return s.known, nil }

// Write adds rows of the table. Rows of archives go into the ledger too.
func (s *single) Write(ctx context.Context, table *schema.Table, batch arrow.RecordBatch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if batch.NumRows() == 0 {
		return nil
	}
	if table.Scope == schema.ScopeArchive {
		s.wrote = true
		if err := s.ledger.Add(table, batch); err != nil {
			return err
		}
	}
	if table != s.table {
		return nil
	}
	s.wrote = true
	if err := s.start(ctx); err != nil {
		return err
	}
	if table.Scope != schema.ScopeArchive { // there, failed archives have no checkpoint
		s.ledger.AddCheckpoints(batch)
	}
	return s.file.Write(batch)
}

// start writes the rows of the existing file, once.
func (s *single) start(ctx context.Context) error {
	if s.started || !s.keep {
		return nil
	}
	s.started = true
	// To take its rows over would give a changed file a digest that is right.
	if _, err := checkDigest(s.place.Path); errors.Is(err, errFileChanged) {
		return &sinks.RefusedError{Path: s.place.Path, Reason: err.Error() + "; see ckexport verify"}
	} else if err != nil {
		return fmt.Errorf("checking the file: %w", err)
	}
	return spool.Read(ctx, s.place.Path, nil, func(batch arrow.RecordBatch) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows, err := spool.Conform(batch, s.table)
		if err != nil {
			return err
		}
		defer rows.Release()
		return s.file.Write(rows)
	})
}

// Commit completes the new file and puts it in the place of the old one.
func (s *single) Commit(ctx context.Context) error {
	if s.keep && !s.wrote {
		return nil // nothing to add
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	if err := s.file.Finish(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.place.Publish(s.path)
}

// Close drops what was not committed and lets other runs have the output.
func (s *single) Close() error {
	if err := errors.Join(s.file.Abandon(), s.place.Release()); err != nil {
		return fmt.Errorf("closing output: %w", err)
	}
	return nil
}

// footer is the ledger, and room for the file's digest.
func (s *single) footer() ([][2]string, error) {
	text, err := encodeLedger(s.ledger)
	if err != nil {
		return nil, fmt.Errorf("writing ledger: %w", err)
	}
	return [][2]string{{keyLedger, text}, {keySHA256, blankSHA256}}, nil
}

// canConform refuses a file that lacks a column which can't be NULL, or has one
// that this version does not know. Columns may be added to a table without a
// new schema version.
func canConform(path string, have []string, table *schema.Table) error {
	for _, name := range have {
		if table.Column(name) == nil {
			return &sinks.RefusedError{Path: path, Reason: fmt.Sprintf(
				"made by a later version of ckexport, which has a column %s.%s", table.Name, name)}
		}
	}
	for _, c := range table.Columns {
		if !c.Nullable && !slices.Contains(have, c.Name) {
			return &sinks.RefusedError{Path: path, Reason: fmt.Sprintf(
				"made before column %s existed; use --overwrite or another path", c.Name)}
		}
	}
	return nil
}
