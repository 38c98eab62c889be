//go:build !noiceberg

package iceberg

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/internal/contents"
)

// aliveFor is how long after its last version a run that has not committed counts
// as alive.
const aliveFor = 15 * time.Minute

// refuseYoung refuses an output whose run may be alive: it was there at a time, in
// milliseconds since 1970.
func refuseYoung(location string, at int64) error {
	if time.Since(time.UnixMilli(at)) < aliveFor {
		return &sinks.RefusedError{Path: location, Reason: fmt.Sprintf("another run is writing to it, or was killed less than %v ago", aliveFor)}
	}
	return nil
}

// keyFence is a property of archives: the last run that took back another one.
const keyFence = "ckexport.took-back"

// settled returns a mirror of an output, and the output, nil if there is none. What
// a killed run left is taken back before.
func settled(ctx context.Context, f *bucket.Folder, dir, runID string) (*mirror, *warehouse, error) {
	m, err := openMirror(ctx, f, dir, runID)
	if err != nil {
		return nil, nil, err
	}
	w, err := bucketBase(m)
	if err != nil {
		return nil, nil, err
	}
	if w == nil {
		return m, nil, removeStored(ctx, m, nil, nil)
	}
	s := &settling{mirror: m, w: w, runs: map[string]bool{}}
	if err := s.look(); err != nil {
		return nil, nil, err
	}
	if len(s.tables) > 0 {
		if err := s.takeBack(ctx); err != nil {
			return nil, nil, fmt.Errorf("taking back what a killed run left in %q: %w", f.Location, err)
		}
	}
	if err := removeStored(ctx, m, w, s.runs); err != nil || len(s.tables) == 0 {
		return m, w, err
	}
	if m, err = openMirror(ctx, f, dir+".again", runID); err != nil {
		return nil, nil, err
	}
	w, err = bucketBase(m)
	return m, w, err
}

// settling takes back what runs did to an output that did not commit.
type settling struct {
	mirror *mirror
	w      *warehouse
	tables map[string]*table.Table // as their last version has them
	runs   map[string]bool
}

// look finds the tables with versions that archives does not know. It refuses the
// output where their run may be alive.
func (s *settling) look() error {
	s.tables = map[string]*table.Table{}
	for name, t := range s.w.tables {
		last, _, err := s.w.folder.load(name)
		if err != nil {
			return err
		}
		visible := s.w.visible(last)
		isWhole := last.MetadataLocation() == t.MetadataLocation()
		if now := last.CurrentSnapshot(); isWhole && (now == nil || visible != nil && visible.SnapshotID == now.SnapshotID) {
			continue
		}
		if err := refuseYoung(s.mirror.folder.Location, last.Metadata().LastUpdatedMillis()); err != nil {
			return err
		}
		s.tables[name] = last
		for _, snapshot := range ancestors(last) {
			if !isWhole || s.w.isUnfinished(snapshot) {
				s.runs[runOf(snapshot)] = true
			}
		}
	}
	return nil
}

// takeBack makes a version of archives, so that the run can't commit any more if it
// is alive, and then the versions from before the current ones.
func (s *settling) takeBack(ctx context.Context) error {
	update := table.NewSetPropertiesUpdate(iceberg.Properties{keyFence: s.mirror.runID})
	if _, _, err := s.w.catalog.CommitTable(ctx, ident(contents.Archives), nil, []table.Update{update}); err != nil {
		return err
	}
	p := &push{mirror: s.mirror, dir: s.mirror.dir, versions: map[string]int{contents.Archives: s.mirror.last[contents.Archives] + 1}, sent: map[string]bool{}}
	if err := p.version(ctx, contents.Archives); err != nil {
		return err
	}
	for name, last := range s.tables {
		if err := s.table(ctx, p, name, last); err != nil && !errors.Is(err, errMeanwhile) {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	return s.mirror.folder.Remove(ctx, s.mirror.gone)
}

// table takes back what was done to one.
func (s *settling) table(ctx context.Context, p *push, name string, last *table.Table) error {
	whole := s.w.tables[name]
	if whole.MetadataLocation() == last.MetadataLocation() {
		if _, err := s.w.rollBack(ctx, last, s.w.visible(last)); err != nil {
			return err
		}
		p.versions[name] = s.mirror.last[name] + 1
		return p.version(ctx, name)
	}
	version, _ := versionOf(filepath.Base(whole.MetadataLocation())) // it was loaded by that name
	p.versions[name] = version
	return p.version(ctx, name)
}

// removeStored removes files with rows of runs that did not commit, and won't.
func removeStored(ctx context.Context, m *mirror, w *warehouse, takenBack map[string]bool) error {
	referenced := map[string]map[string]bool{}
	var failure error
	isNamed := func(name string) bool {
		run, _ := bucket.RunOfPart(name)
		if w == nil || w.runs[run] || takenBack[run] {
			return w != nil && w.runs[run]
		}
		parts := strings.Split(name, "/")
		if len(parts) != 4 || w.tables[parts[1]] == nil {
			return true // it is somebody else's
		}
		if referenced[parts[1]] == nil { // the run may be one that archives no longer tells of
			all, err := w.referenced(parts[1])
			if err != nil {
				failure = errors.Join(failure, err)
				return true
			}
			referenced[parts[1]] = all
		}
		return referenced[parts[1]][parts[3]]
	}
	err := m.folder.RemoveStrays(ctx, namespace+"/", isNamed, func(run string) bool { return takenBack[run] })
	if err := errors.Join(err, failure); err != nil {
		return fmt.Errorf("removing what killed runs left in %q: %w", m.folder.Location, err)
	}
	return nil
}
