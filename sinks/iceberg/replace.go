//go:build !noiceberg

package iceberg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/internal/contents"
)

// replace makes files all that a table has: a snapshot without a parent, so that its
// manifests tell nothing of the files before. It fails where somebody came first, as
// the files were made from what was there.
func (c *commit) replace(ctx context.Context, to *table.Table, t *schema.Table, locations []string, properties iceberg.Properties) error {
	var head *int64
	var before []table.Update
	if now := to.CurrentSnapshot(); now != nil {
		head = &now.SnapshotID
		before = append(before, table.NewRemoveSnapshotRefUpdate(table.MainBranch))
		properties[keyReplaced] = strconv.FormatInt(*head, 10)
	}
	bare, err := table.UpdateTableMetadata(to.Metadata(), before, to.MetadataLocation())
	if err != nil {
		return err
	}
	fs, err := to.FS(ctx)
	if err != nil {
		return err
	}
	made := &collected{metadata: bare}
	from := table.New(to.Identifier(), bare, to.MetadataLocation(), func(context.Context) (icebergio.IO, error) { return fs, nil }, made)
	txn := from.NewTransaction()
	if t.Name == contents.Archives && c.properties != nil {
		if err := txn.SetProperties(c.properties); err != nil {
			return err
		}
	}
	if err := c.stage(ctx, txn, from, t, locations, properties); err != nil {
		return err
	}
	if _, err := txn.Commit(ctx); err != nil {
		return err
	}
	requirements := slices.DeleteFunc(made.requirements, func(r table.Requirement) bool { return r.GetType() == "assert-ref-snapshot-id" })
	requirements = append(requirements, table.AssertRefSnapshotID(table.MainBranch, head))
	for try := 1; ; try++ {
		_, _, err = c.to.CommitTable(ctx, to.Identifier(), requirements, made.updates)
		if !errors.Is(err, table.ErrCommitFailed) || try == snapshotTries {
			return err
		}
		if err := to.Refresh(ctx); err != nil {
			return err
		}
		if now := to.CurrentSnapshot(); (now == nil) != (head == nil) || now != nil && now.SnapshotID != *head {
			return errMeanwhile
		}
	}
}

// collected is a catalog that keeps what is committed to it for later.
type collected struct {
	metadata     table.Metadata
	requirements []table.Requirement
	updates      []table.Update
}

func (c *collected) LoadTable(context.Context, table.Identifier) (*table.Table, error) {
	return nil, errors.ErrUnsupported
}

func (c *collected) CommitTable(_ context.Context, _ table.Identifier, requirements []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	c.requirements, c.updates = requirements, updates
	return c.metadata, "", nil
}

// expire removes what complete runs have replaced: snapshots, and the files that no
// other snapshot has. A run that was killed before it came to that has left it for
// the next one. It returns the output as it is then.
func (c *served) expire(ctx context.Context, w *warehouse) (*warehouse, error) {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(loads)
	changes := false
	for name, t := range w.tables {
		if gone, _ := w.replaced(t); len(gone) == 0 {
			continue
		}
		changes = true
		group.Go(func() error {
			if err := c.expireIn(groupCtx, w, name); err != nil {
				return fmt.Errorf("table %s: what was replaced is still there, in files below %s: %w", name, w.tables[name].Location(), err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil || !changes {
		return w, err
	}
	return c.reopen(ctx)
}

func (c *served) expireIn(ctx context.Context, w *warehouse, name string) error {
	for try := 1; ; try++ {
		gone, updates := w.replaced(w.tables[name])
		if len(gone) == 0 {
			return nil
		}
		files, err := w.filesOnlyIn(ctx, w.tables[name], gone)
		if err != nil {
			return err
		}
		t := w.tables[name]
		requirements := []table.Requirement{table.AssertTableUUID(t.Metadata().TableUUID()), table.AssertRefSnapshotID(table.MainBranch, &t.CurrentSnapshot().SnapshotID)}
		_, _, err = c.CommitTable(ctx, t.Identifier(), requirements, updates)
		if err == nil {
			return c.removeAll(ctx, files)
		}
		if !errors.Is(err, table.ErrCommitFailed) || try == snapshotTries {
			return fmt.Errorf("the catalog does not remove its snapshots: %w", err)
		}
		if err := t.Refresh(ctx); err != nil {
			return err
		}
	}
}

// replaced returns the snapshots of a table that are not built upon the last one that
// replaced others, and the updates that remove them with their names.
func (w *warehouse) replaced(t *table.Table) ([]table.Snapshot, []table.Update) {
	all := ancestors(t)
	at := slices.IndexFunc(all, func(s table.Snapshot) bool {
		return s.Summary != nil && s.Summary.Properties[keyReplaced] != "" && !w.isUnfinished(s)
	})
	if at < 0 {
		return nil, nil
	}
	keep := map[int64]bool{all[at].SnapshotID: true}
	var gone []table.Snapshot
	var ids []int64
	inOrder := slices.Clone(t.Metadata().Snapshots())
	slices.SortFunc(inOrder, func(a, b table.Snapshot) int { return cmp.Compare(a.SequenceNumber, b.SequenceNumber) })
	for _, s := range inOrder {
		if s.ParentSnapshotID != nil && keep[*s.ParentSnapshotID] {
			keep[s.SnapshotID] = true
		}
		if !keep[s.SnapshotID] {
			gone, ids = append(gone, s), append(ids, s.SnapshotID)
		}
	}
	var updates []table.Update
	for name, ref := range t.Metadata().Refs() {
		if !keep[ref.SnapshotID] {
			updates = append(updates, table.NewRemoveSnapshotRefUpdate(name))
		}
	}
	return gone, append(updates, table.NewRemoveSnapshotsUpdate(ids, false))
}

// filesOnlyIn returns the files that snapshots have of a table, but no other one.
func (w *warehouse) filesOnlyIn(ctx context.Context, t *table.Table, gone []table.Snapshot) ([]string, error) {
	only, others := map[string]bool{}, map[string]bool{}
	for _, s := range t.Metadata().Snapshots() {
		into := others
		if slices.ContainsFunc(gone, func(g table.Snapshot) bool { return g.SnapshotID == s.SnapshotID }) {
			into = only
		}
		if err := w.noteFiles(ctx, s, into); err != nil {
			return nil, err
		}
	}
	var files []string
	for f := range only {
		if !others[f] {
			files = append(files, f)
		}
	}
	return files, nil
}

// noteFiles notes all files of a snapshot: rows, manifests, and their list.
func (w *warehouse) noteFiles(ctx context.Context, s table.Snapshot, into map[string]bool) error {
	manifests, err := s.Manifests(w.catalog)
	if err != nil {
		return fmt.Errorf("reading manifest list: %w", err)
	}
	into[s.ManifestList] = true
	for _, m := range manifests {
		if into[m.FilePath()] {
			continue
		}
		into[m.FilePath()] = true
		for entry, err := range m.Entries(w.catalog, false) {
			if err != nil {
				return fmt.Errorf("reading manifest: %w", err)
			}
			into[entry.DataFile().FilePath()] = true
		}
	}
	return ctx.Err()
}

// removeAll removes files.
func (c *served) removeAll(ctx context.Context, files []string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(loads)
	for _, f := range files {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return c.Remove(f)
		})
	}
	return group.Wait()
}
