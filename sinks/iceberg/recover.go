//go:build !noiceberg

package iceberg

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/iceberg-go/table"

	"github.com/ckexport/ckexport/sinks/internal/bucket"
)

// recovered takes back the snapshots of runs that did not end, and removes their
// files. It returns the output as it is then. Files that no snapshot has go first:
// on a full disk they are the room for taking back the others.
func recovered(ctx context.Context, w *warehouse) (*warehouse, error) {
	if err := w.removeStrays(); err != nil {
		return nil, err
	}
	changed := false
	for name, t := range w.tables {
		rolled, err := w.rollBack(ctx, t, w.visible(t))
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
		changed = changed || rolled
	}
	if !changed {
		return w, nil
	}
	now, err := w.catalog.reopen(ctx)
	if err != nil {
		return nil, err
	}
	return now, now.removeStrays()
}

// rollBack makes a snapshot of a table its current one, nil for none.
func (w *warehouse) rollBack(ctx context.Context, t *table.Table, to *table.Snapshot) (bool, error) {
	now := t.CurrentSnapshot()
	if now == nil || to != nil && to.SnapshotID == now.SnapshotID {
		return false, nil
	}
	updates := []table.Update{table.NewRemoveSnapshotRefUpdate(table.MainBranch)}
	if to != nil {
		updates[0] = table.NewSetSnapshotRefUpdate(table.MainBranch, to.SnapshotID, table.BranchRef, 0, 0, 0)
	}
	var gone []int64
	var files []string
	for _, s := range ancestors(t) {
		if to != nil && s.SnapshotID == to.SnapshotID {
			break
		}
		gone = append(gone, s.SnapshotID)
		manifests, err := s.Manifests(w.catalog)
		if err != nil {
			return false, fmt.Errorf("reading manifest list: %w", err)
		}
		files = append(files, s.ManifestList)
		for _, m := range manifests {
			if m.SnapshotID() == s.SnapshotID {
				files = append(files, m.FilePath())
			}
		}
	}
	updates = append(updates, table.NewRemoveSnapshotsUpdate(gone, false))
	requirements := []table.Requirement{table.AssertTableUUID(t.Metadata().TableUUID()), table.AssertRefSnapshotID(table.MainBranch, &now.SnapshotID)}
	if _, _, err := w.catalog.CommitTable(ctx, t.Identifier(), requirements, updates); err != nil {
		return false, err
	}
	for _, f := range files {
		if err := w.catalog.Remove(f); err != nil {
			return true, err
		}
	}
	return true, nil
}

// removeStrays removes the files with rows that no snapshot of their table has, of
// runs that did not end.
func (w *warehouse) removeStrays() error {
	for name := range w.tables {
		if err := w.removeStraysOf(name); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	return nil
}

func (w *warehouse) removeStraysOf(name string) error {
	dir := filepath.Join(w.folder.tableDir(name), dataDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var referenced map[string]bool
	for _, e := range entries {
		run, isPart := bucket.RunOfPart(e.Name())
		if !isPart || w.runs[run] {
			continue
		}
		if referenced == nil { // the run may be one that archives no longer tells of
			if referenced, err = w.referenced(name); err != nil {
				return err
			}
		}
		if referenced[e.Name()] {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// referenced returns the names of the files in any snapshot of a table.
func (w *warehouse) referenced(name string) (map[string]bool, error) {
	all := map[string]bool{}
	for _, s := range w.tables[name].Metadata().Snapshots() {
		files, err := w.dataFiles(&s)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			all[filepath.Base(f.FilePath())] = true
		}
	}
	return all, nil
}
