package parquet

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/sinks/spool"
)

const (
	// manyParts is how many small parts a table has before a commit joins some.
	manyParts = 16
	// smallPart is the size in bytes up to which commits join parts; larger ones are
	// for a compaction. A commit joins up to twice as much of a table.
	smallPart = 16 << 20
)

// toJoin returns the parts of a table that a commit joins with its own: none while
// they are few. From the smallest on, a part is joined if it is no larger than
// those before it together. So those that stay double in size from one to the
// next, and a row is written anew no more often than its part can double: an
// output that grows by the hour for a year keeps below 40 parts of a table.
func toJoin(parts []spool.Part) []spool.Part {
	small := slices.DeleteFunc(slices.Clone(parts), func(p spool.Part) bool { return p.Bytes > smallPart })
	if len(small) < manyParts {
		return nil
	}
	slices.SortStableFunc(small, func(a, b spool.Part) int { return cmp.Compare(a.Bytes, b.Bytes) })
	var bytes int64
	for i, p := range small {
		if i > 1 && p.Bytes > bytes || bytes+p.Bytes > 2*smallPart {
			return small[:i]
		}
		bytes += p.Bytes
	}
	return small
}

// joinSmall adds the rows of small parts to the run, of tables that it has rows
// of, in place of these parts.
func (d *dataset) joinSmall(ctx context.Context) error {
	if d.old == nil || d.opts.KeepParts {
		return nil
	}
	for _, t := range d.tables {
		if !d.spool.Has(t.Name) {
			continue
		}
		parts := slices.DeleteFunc(slices.Clone(d.old.Parts), func(p spool.Part) bool { return p.Table != t.Name })
		for _, p := range toJoin(parts) {
			path := filepath.FromSlash(p.Path)
			_, err := readWithout(ctx, t, filepath.Join(d.place.Path, path), nil, func(rows arrow.RecordBatch) error { return d.spool.Write(ctx, t, rows) })
			if err != nil {
				return fmt.Errorf("joining parts of %s: %w", t.Name, err)
			}
			d.joined[path] = true
		}
	}
	return nil
}
