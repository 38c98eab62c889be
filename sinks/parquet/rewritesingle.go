package parquet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
	"github.com/ckexport/ckexport/sinks/internal/order"
	"github.com/ckexport/ckexport/sinks/internal/staging"
	"github.com/ckexport/ckexport/sinks/spool"
)

// rewriteSingle rewrites an output that is one file. Its ledger stands in the
// footer, and remembers checkpoints whose rows go.
func rewriteSingle(ctx context.Context, place *staging.Place, path string, info fs.FileInfo, opts sinks.Options, what sinks.Rewrite) (_ *sinks.Rewritten, err error) {
	mark, err := readMark(place.Path)
	if err != nil {
		return nil, &sinks.RefusedError{Path: path, Reason: "is a file that is not ours: " + err.Error()}
	}
	if opts.Tables, err = mark.contents().Known(path); err != nil {
		return nil, err
	}
	opts.Policy, opts.Overwrite = mark.policy, false
	opened, err := openSingle(ctx, place, path, true, opts)
	if err != nil {
		return nil, err
	}
	s := opened.(*single)
	defer func() { err = errors.Join(err, s.file.Abandon()) }()
	if err := what.Start(s.Footprint()); err != nil {
		return nil, err
	}
	done := &sinks.Rewritten{FilesBefore: 1, Files: 1, BytesBefore: info.Size(), BytesSize: info.Size()}
	ids, _, err := what.Chosen(ctx, s.checkpoints)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 && !what.Compact {
		return done, nil
	}
	maps.Copy(s.ledger.Forgotten, ids)
	s.started, s.wrote = true, true // the rows come from here
	if done.Rows, err = s.rewriteRows(ctx, ids, what.Compact); err != nil {
		return nil, err
	}
	if err := s.Commit(ctx); err != nil {
		return nil, err
	}
	made, err := os.Stat(place.Path)
	if err != nil {
		return nil, fmt.Errorf("looking at output: %w", err)
	}
	done.Changed, done.BytesSize = true, made.Size()
	return done, nil
}

// rewriteRows writes the rows of the existing file but for those of the
// checkpoints ids, in order if asked for. It returns how many went.
func (s *single) rewriteRows(ctx context.Context, ids map[string]bool, inOrder bool) (removed uint64, err error) {
	if !inOrder {
		return readWithout(ctx, s.table, s.place.Path, ids, s.file.Write)
	}
	sorter := order.NewSorter(s.table, filepath.Dir(s.path))
	defer func() { err = errors.Join(err, sorter.Close()) }()
	if removed, err = readWithout(ctx, s.table, s.place.Path, ids, sorter.Add); err != nil {
		return 0, err
	}
	return removed, sorter.Each(ctx, s.file.Write)
}

// checkpoints returns those that the file has rows of, with what it tells of
// them.
func (s *single) checkpoints(ctx context.Context) ([]sinks.Checkpoint, error) {
	var all []sinks.Checkpoint
	seen := map[string]bool{}
	columns := ledger.RetentionColumns[:1]
	if s.table.Name == contents.Checkpoints {
		columns = ledger.RetentionColumns
	}
	err := spool.Read(ctx, s.place.Path, columns, func(batch arrow.RecordBatch) error {
		for _, c := range ledger.RetentionRows(batch) {
			if c.ID != "" && !seen[c.ID] {
				seen[c.ID] = true
				all = append(all, c)
			}
		}
		return nil
	})
	return all, err
}
