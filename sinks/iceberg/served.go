//go:build !noiceberg

package iceberg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/iceberg/internal/catalogs"
	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/internal/contents"
)

// served is a namespace of a catalog that a server or a database keeps, in which an
// output's tables are.
type served struct {
	*located
	location string   // of the output: iceberg://NAMESPACE
	space    []string // the namespace
	service  catalogs.Catalog

	// Of a run that commits: its id, and the snapshots that it builds upon, by table.
	runID string
	heads map[string]int64
	// When it sent the first of its files.
	mu    sync.Mutex
	began time.Time
}

var _ catalog = (*served)(nil)

func (c *served) ident(name string) table.Identifier { return append(slices.Clone(c.space), name) }

// loads is how many tables are asked for at a time.
const loads = 8

// open returns the output, nil if there is none.
func (c *served) open(ctx context.Context) (*warehouse, error) {
	return c.openFor(ctx, func(w *warehouse) []string { return w.contents.Tables })
}

// openFor returns the output with archives and the wanted tables. Archives comes
// first: the others are then at least as new.
func (c *served) openFor(ctx context.Context, wanted func(*warehouse) []string) (*warehouse, error) {
	archives, err := c.LoadTable(ctx, c.ident(contents.Archives))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if !isOurs(archives) {
		return nil, &sinks.RefusedError{Path: c.location, Reason: "is not ours: its table archives was made by another program"}
	}
	w := &warehouse{catalog: c, tables: map[string]*table.Table{contents.Archives: archives}, runs: map[string]bool{}}
	if archives.CurrentSnapshot() == nil {
		return nil, nil // a first run was killed, or goes on
	}
	w.noteRuns()
	if err := w.describe(archives.Properties()); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(loads)
	for _, name := range wanted(w) {
		if name == contents.Archives {
			continue
		}
		group.Go(func() error {
			t, err := c.LoadTable(groupCtx, c.ident(name))
			mu.Lock()
			defer mu.Unlock()
			w.tables[name] = t
			return err
		})
	}
	return w, group.Wait()
}

func (c *served) reopen(ctx context.Context) (*warehouse, error) {
	return mustBe(c.open(ctx))
}

// mustBe fails where there is no output.
func mustBe(w *warehouse, err error) (*warehouse, error) {
	if err == nil && w == nil {
		err = errNotOurs
	}
	return w, err
}

func isOurs(t *table.Table) bool { return t.Properties()[keySchemaVersion] != "" }

// tableOf returns what the catalog says of a table.
func (c *served) tableOf(of table.Identifier, t *catalogs.Table) *table.Table {
	for prefix, config := range t.Config {
		c.use(prefix, config)
	}
	return table.New(of, t.Metadata, t.MetadataLocation, func(context.Context) (icebergio.IO, error) { return c.located, nil }, c)
}

// LoadTable returns a table as it is now.
func (c *served) LoadTable(ctx context.Context, of table.Identifier) (*table.Table, error) {
	t, err := c.service.Load(ctx, of)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", of[len(of)-1], err)
	}
	return c.tableOf(of, t), nil
}

// errUnknown says that nobody knows whether the run will have been committed.
var errUnknown = errors.New("it is not known whether the run is committed, as the catalog did not answer: running it again tells")

// unsureTries is how often a commit is tried whose answer was lost.
const unsureTries = 4

// CommitTable makes a new version of a table. The error wraps table.ErrCommitFailed
// where another program came first, upon which the same can be tried again, and
// errMeanwhile where another run of ours did. Where an answer was lost it looks
// whether the catalog has the change.
func (c *served) CommitTable(ctx context.Context, of table.Identifier, requirements []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	name := of[len(of)-1]
	if err := c.mayCommit(); err != nil {
		return nil, "", err
	}
	for try := 1; ; try++ {
		t, err := c.service.Commit(ctx, of, requirements, updates)
		if err == nil {
			return t.Metadata, t.MetadataLocation, nil
		}
		isStale, isUnsure := errors.Is(err, table.ErrCommitFailed), errors.Is(err, catalogs.ErrUnsure)
		if !isStale && !isUnsure {
			return nil, "", fmt.Errorf("committing to table %s: %w", name, err)
		}
		// Even of a run that is to end, it must be known.
		now, failed := c.service.Load(context.WithoutCancel(ctx), of)
		switch {
		case failed != nil:
			return nil, "", fmt.Errorf("committing to table %s: %w: %w", name, errUnknown, errors.Join(err, failed))
		case hasChange(now.Metadata, updates):
			return now.Metadata, now.MetadataLocation, nil
		case isStale && c.isOvertaken(name, now.Metadata):
			return nil, "", fmt.Errorf("table %s: %w", name, errMeanwhile)
		case isStale:
			return nil, "", err
		case try == unsureTries:
			return nil, "", fmt.Errorf("committing to table %s: %w: %w", name, errUnknown, err)
		}
		select {
		case <-ctx.Done():
			return nil, "", ctx.Err()
		case <-time.After(500 * time.Millisecond << try):
		}
	}
}

// hasChange tells whether metadata has the snapshots that updates add, and none of
// those that they remove: then somebody made them.
func hasChange(now table.Metadata, updates []table.Update) bool {
	isChange := false
	for _, u := range updates {
		text, err := json.Marshal(u)
		var of struct {
			Snapshot struct {
				ID int64 `json:"snapshot-id"`
			} `json:"snapshot"`
			IDs []int64 `json:"snapshot-ids"`
		}
		if err != nil || json.Unmarshal(text, &of) != nil {
			return false
		}
		switch u.Action() {
		case table.UpdateAddSnapshot:
			isChange = true
			if now.SnapshotByID(of.Snapshot.ID) == nil {
				return false
			}
		case table.UpdateRemoveSnapshots:
			isChange = true
			if slices.ContainsFunc(of.IDs, func(id int64) bool { return now.SnapshotByID(id) != nil }) {
				return false
			}
		}
	}
	return isChange
}

// beginAt notes what a run builds upon.
func (c *served) beginAt(w *warehouse) {
	c.heads = map[string]int64{}
	for name, t := range w.tables {
		if now := t.CurrentSnapshot(); now != nil {
			c.heads[name] = now.SnapshotID
		}
	}
}

// isOvertaken tells whether another run of ours changed a table since this one began:
// what it decided to write may be there by now.
func (c *served) isOvertaken(name string, now table.Metadata) bool {
	current := now.CurrentSnapshot()
	if current == nil {
		return c.heads[name] != 0
	}
	for _, s := range table.AncestorsOf(current.SnapshotID, now.SnapshotByID) {
		if s.SnapshotID == c.heads[name] {
			return false
		}
		if run := runOf(s); run != "" && run != c.runID || isFence(s) {
			return true
		}
	}
	return c.heads[name] != 0 // what it builds upon was taken back
}

// within returns the path of a file within the folder of its table.
func (c *served) within(of *table.Table, location string) (string, error) {
	return strings.TrimPrefix(location, strings.TrimSuffix(of.Location(), "/")+"/"), nil
}

// add puts parts where the table wants its files.
func (c *served) add(ctx context.Context, to *table.Table, parts []string) ([]string, error) {
	where, err := table.LoadLocationProvider(to.Location(), to.Properties())
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	if c.began.IsZero() {
		c.began = time.Now()
	}
	c.mu.Unlock()
	if len(parts) > 0 && c.isGiven(to.Location()) {
		// Credentials that the catalog gave when the run began may have expired.
		now, err := c.service.Load(ctx, to.Identifier())
		if err != nil {
			return nil, err
		}
		c.tableOf(to.Identifier(), now)
	}
	locations := make([]string, len(parts))
	for i, part := range parts {
		locations[i] = where.NewDataLocation(filepath.Base(part))
		if err := c.put(ctx, part, locations[i]); err != nil {
			return nil, err
		}
	}
	return locations, nil
}

// mayCommit fails where others may take the files of this run for left ones.
func (c *served) mayCommit() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.began.IsZero() {
		return nil
	}
	return bucket.MayCommit(c.began)
}

// dataLocation returns where a table has its files with rows.
func dataLocation(of *table.Table) (string, error) {
	where, err := table.LoadLocationProvider(of.Location(), of.Properties())
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(where.NewDataLocation("x"), "/x"), nil
}
