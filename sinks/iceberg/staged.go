//go:build !noiceberg

package iceberg

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/staging"
	"github.com/ckexport/ckexport/sinks/spool"
)

// stagedParts is the folder within the staging folder in which parts are made. An
// output that is made is the staging folder itself.
const stagedParts = ".parts"

// staged are parts that are made in a staging folder, by a run or a rewrite.
type staged struct {
	opts   sinks.Options
	tables []*schema.Table          // those kept: the ledger's always are
	kept   map[string]*schema.Table // as files have them
	place  *staging.Place
	dir    string // the staging folder
	spool  *spool.Spool
}

func (s *staged) parts() string { return filepath.Join(s.dir, stagedParts) }

// begin makes ready what rows are written to; kept returns a table as its files
// have it.
func (s *staged) begin(policy sinks.Policy, kept func(*schema.Table) (*schema.Table, error)) (err error) {
	if err := staging.MakeDir(s.parts()); err != nil {
		return fmt.Errorf("making staging folder: %w", err)
	}
	s.kept = map[string]*schema.Table{}
	for _, t := range s.tables {
		if s.kept[t.Name], err = kept(t); err != nil {
			return err
		}
	}
	s.spool = spool.New(s.parts(), spool.Options{RunID: s.opts.RunID, Version: s.opts.Version, Policy: policy, Sync: true})
	return nil
}

// finish completes the parts, and returns the commit that adds them.
func (s *staged) finish(ctx context.Context) (*commit, error) {
	kept := make([]*schema.Table, len(s.tables))
	for i, t := range s.tables {
		kept[i] = s.kept[t.Name]
	}
	parts, err := s.spool.Finish(ctx, kept)
	return &commit{opts: s.opts, tables: s.tables, kept: s.kept, parts: parts, from: s.parts()}, err
}
