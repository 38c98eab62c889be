//go:build !noiceberg

package iceberg

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
)

// Properties of snapshots.
const (
	keyRunID         = "ckexport.run-id"
	keySchemaVersion = "ckexport.schema-version" // of tables, too
	keyToolVersion   = "ckexport.version"
	keyParts         = "ckexport.parts" // JSON object: SHA-256 by the name of the file
	// keyReplaced is the id of the snapshot that one without a parent replaces.
	keyReplaced = "ckexport.replaces-snapshot"
)

// Properties of tables; keyTables and keyPolicy are those of archives alone.
const (
	keyComment = "comment"
	keyTables  = "ckexport.tables" // names, with commas between
	keyPolicy  = "ckexport.policy" // JSON
)

// Properties of tables in an object store, where an output that replaces another
// one has the next version of each table: the run that made it, and the version
// that was the last one before, 0 for none.
const (
	keyGeneration = "ckexport.generation"
	keyReplaces   = "ckexport.replaces"
)

// warehouse is an output as its metadata describes it.
type warehouse struct {
	catalog  catalog
	folder   folderCatalog // that is the catalog, where the output is in a folder
	contents contents.Contents
	tables   map[string]*table.Table
	// The runs that are complete, and the time of the last one's snapshot of
	// archives: later snapshots of runs that are not among them are of none.
	runs map[string]bool
	last int64 // milliseconds since 1970
}

// catalog keeps the tables of an output, and their files.
type catalog interface {
	table.CatalogIO
	icebergio.WriteFileIO
	// path returns where a file is on this machine, to which it is brought if need be.
	path(location string) (string, error)
	// within returns the path of a file within the folder of its table.
	within(of *table.Table, location string) (string, error)
	// add puts parts among the files of a table, and returns their locations.
	add(ctx context.Context, to *table.Table, parts []string) ([]string, error)
	// reopen reads the output as it is now.
	reopen(ctx context.Context) (*warehouse, error)
}

var errNotOurs = errors.New("it has no table of archives")

// openWarehouse reads the metadata of the output in a folder: archives first. As
// that is committed last, the others are then at least as new.
func openWarehouse(in files) (*warehouse, error) {
	probe := folderCatalog{in}
	version, err := probe.current(contents.Archives)
	if err != nil {
		return nil, err
	}
	if version == 0 {
		return nil, errNotOurs
	}
	archives, _, err := probe.load(contents.Archives)
	if err != nil {
		return nil, err
	}
	at, err := locationPath(archives.Location())
	if err != nil {
		return nil, fmt.Errorf("location of %s: %w", contents.Archives, err)
	}
	in.location = filepath.Dir(filepath.Dir(at))
	w := newWarehouse(in)
	if err := w.describe(archives.Properties()); err != nil {
		return nil, err
	}
	for _, name := range w.contents.Tables {
		if w.tables[name], err = w.loadOf(name, archives.Properties()[keyGeneration]); err != nil {
			return nil, err
		}
	}
	w.tables[contents.Archives] = w.folder.tableOf(contents.Archives, archives.Metadata(), version)
	w.noteRuns()
	return w, nil
}

// newWarehouse returns an output in a folder, of which nothing is known yet.
func newWarehouse(in files) *warehouse {
	in.made = &made{}
	c := folderCatalog{in}
	return &warehouse{catalog: c, folder: c, tables: map[string]*table.Table{}, runs: map[string]bool{}}
}

// noteRuns notes the runs that archives says are complete. Another program may have
// compacted archives, and removed the snapshots that tell of them: then those before
// its own are.
func (w *warehouse) noteRuns() {
	all := ancestors(w.tables[contents.Archives])
	for _, s := range all {
		if run := runOf(s); run != "" {
			w.runs[run], w.last = true, max(w.last, s.TimestampMs)
		}
	}
	if len(w.runs) == 0 && len(all) > 0 {
		w.last = all[len(all)-1].TimestampMs
	}
}

// loadOf returns a table of a generation: in an object store, later versions may be
// of one that was not completed.
func (w *warehouse) loadOf(name, generation string) (*table.Table, error) {
	t, _, err := w.folder.load(name)
	for err == nil && t.Properties()[keyGeneration] != generation {
		before, failed := strconv.Atoi(t.Properties()[keyReplaces])
		if failed != nil || before < 1 {
			return nil, fmt.Errorf("table %s: its metadata is of another output", name)
		}
		t, err = w.folder.version(name, before)
	}
	return t, err
}

// describe reads what the properties of archives say of the output.
func (w *warehouse) describe(of iceberg.Properties) error {
	var err error
	if w.contents.SchemaVersion, err = strconv.Atoi(of[keySchemaVersion]); err != nil {
		return fmt.Errorf("schema version of %s: %w", contents.Archives, err)
	}
	if err := json.Unmarshal([]byte(of[keyPolicy]), &w.contents.Policy); err != nil {
		return fmt.Errorf("policy of %s: %w", contents.Archives, err)
	}
	w.contents.Tables = strings.Split(of[keyTables], ",")
	for _, name := range w.contents.Tables {
		if name == "." || !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) {
			return fmt.Errorf("%q is no name of a table", name)
		}
	}
	return nil
}

// propertiesOf are the properties of a table that is made.
func propertiesOf(t *schema.Table, kept []*schema.Table, policy sinks.Policy) (iceberg.Properties, error) {
	p := iceberg.Properties{
		keyComment: t.Doc, keySchemaVersion: strconv.Itoa(schema.Version), table.MetadataCompressionKey: table.MetadataCompressionCodecNone,
	}
	if t.Name != contents.Archives {
		return p, nil
	}
	text, err := json.Marshal(policy)
	p[keyPolicy], p[keyTables] = string(text), strings.Join(contents.Names(kept), ",")
	return p, err
}

// runOf returns the run that made a snapshot; empty for another program's.
func runOf(s table.Snapshot) string {
	if s.Summary == nil {
		return ""
	}
	return s.Summary.Properties[keyRunID]
}

// ancestors returns the current snapshot of a table and those before it, also those
// that one of them replaced.
func ancestors(t *table.Table) []table.Snapshot {
	var all []table.Snapshot
	for s := t.CurrentSnapshot(); s != nil; s = replacedBy(t, all[len(all)-1]) {
		all = append(all, table.AncestorsOf(s.SnapshotID, t.SnapshotByID)...)
	}
	return all
}

// replacedBy returns the snapshot of a table in whose place another one came with
// rows that are written anew; nil for none, or for one that is gone.
func replacedBy(t *table.Table, s table.Snapshot) *table.Snapshot {
	if s.Summary == nil {
		return nil
	}
	id, err := strconv.ParseInt(s.Summary.Properties[keyReplaced], 10, 64)
	if err != nil || id == s.SnapshotID {
		return nil
	}
	return t.SnapshotByID(id)
}

// isUnfinished tells whether a snapshot is of a run that did not end, or has not
// yet. Snapshots from before the last complete run are of complete ones, even
// where archives no longer tells of these.
func (w *warehouse) isUnfinished(s table.Snapshot) bool {
	run := runOf(s)
	return run != "" && !w.runs[run] && s.TimestampMs >= w.last
}

// visible returns the latest snapshot of a table without rows of runs that did
// not end, nil if there is none. What others built upon such rows is not in it
// either.
func (w *warehouse) visible(t *table.Table) *table.Snapshot {
	all := ancestors(t)
	from := 0
	for i, s := range all {
		if w.isUnfinished(s) {
			from = i + 1
		}
	}
	if from == len(all) {
		return nil
	}
	return &all[from]
}

// dataFiles returns the files of a snapshot, and fails where it has deletes of
// rows: this program makes none, and does not apply them.
func (w *warehouse) dataFiles(s *table.Snapshot) ([]iceberg.DataFile, error) {
	if s == nil {
		return nil, nil
	}
	manifests, err := s.Manifests(w.catalog)
	if err != nil {
		return nil, fmt.Errorf("reading manifest list: %w", err)
	}
	slices.SortStableFunc(manifests, func(a, b iceberg.ManifestFile) int { return cmp.Compare(a.SequenceNum(), b.SequenceNum()) }) // as rows came
	var all []iceberg.DataFile
	for _, m := range manifests {
		if m.ManifestContent() != iceberg.ManifestContentData {
			return nil, errors.New("rows of it were deleted by another program, which is not supported")
		}
		for entry, err := range m.Entries(w.catalog, true) {
			if err != nil {
				return nil, fmt.Errorf("reading manifest: %w", err)
			}
			all = append(all, entry.DataFile())
		}
	}
	return all, nil
}

// examine returns the output in a folder, nil if the folder is empty, and refuses
// what is not ours.
func examine(dir, path string) (*warehouse, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("looking at output: %w", err)
	}
	if !info.IsDir() {
		return nil, &sinks.RefusedError{Path: path, Reason: "is a file, which is not ours"}
	}
	w, err := openWarehouse(files{dir: dir})
	if err == nil {
		return w, nil
	}
	entries, readErr := os.ReadDir(dir)
	if readErr != nil {
		return nil, fmt.Errorf("looking at output: %w", readErr)
	}
	if len(entries) == 0 {
		return nil, nil
	}
	var ofPath *fs.PathError
	if errors.As(err, &ofPath) && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking at output: %w", err)
	}
	return nil, &sinks.RefusedError{Path: path, Reason: "is a folder that is not ours: " + err.Error()}
}
