//go:build !noiceberg

package iceberg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"github.com/ckexport/ckexport/sinks/internal/staging"
)

const (
	// namespace is that of all tables: a Hadoop-style catalog wants one.
	namespace   = "ckexport"
	metadataDir = "metadata"
	dataDir     = "data"
	hintName    = "version-hint.text"
)

// folderCatalog is a Hadoop-style catalog: version N of a table's metadata is the
// file vN.metadata.json, and whoever makes that file first has committed it.
// iceberg-go has one too, which makes files that everybody may read, cannot make
// a catalog elsewhere than where it will be, and fails on paths such as "100%".
type folderCatalog struct{ files }

var _ catalog = folderCatalog{}

func ident(name string) table.Identifier { return table.Identifier{namespace, name} }

func (c folderCatalog) tableDir(name string) string { return filepath.Join(c.dir, namespace, name) }

func (c folderCatalog) tableLocation(name string) string {
	return c.locationOf(filepath.Join(c.location, namespace, name))
}

func versionName(n int) string { return fmt.Sprintf("v%d.metadata.json", n) }

// versionOf returns the version that a file of metadata has by its name.
func versionOf(name string) (int, bool) {
	text, isMetadata := strings.CutSuffix(name, ".metadata.json")
	text, isVersion := strings.CutPrefix(text, "v")
	n, err := strconv.Atoi(text)
	return n, isMetadata && isVersion && err == nil && n > 0
}

// current returns the version of a table, 0 for none.
func (c folderCatalog) current(name string) (int, error) {
	entries, err := os.ReadDir(filepath.Join(c.tableDir(name), metadataDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	last := 0
	for _, e := range entries {
		if n, ok := versionOf(e.Name()); ok {
			last = max(last, n)
		}
	}
	return last, nil
}

// load returns a table and its version.
func (c folderCatalog) load(name string) (*table.Table, int, error) {
	version, err := c.current(name)
	if err != nil {
		return nil, 0, fmt.Errorf("reading table %s: %w", name, err)
	}
	if version == 0 {
		return nil, 0, fmt.Errorf("reading table %s: %w", name, fs.ErrNotExist)
	}
	t, err := c.version(name, version)
	return t, version, err
}

// version returns a table as of a version.
func (c folderCatalog) version(name string, version int) (*table.Table, error) {
	if c.isMirror() {
		if err := c.mirror.need(path.Join(namespace, name, metadataDir, versionName(version))); err != nil {
			return nil, fmt.Errorf("reading table %s: %w", name, err)
		}
	}
	data, err := os.ReadFile(filepath.Join(c.tableDir(name), metadataDir, versionName(version)))
	if err != nil {
		return nil, fmt.Errorf("reading table %s: %w", name, err)
	}
	metadata, err := table.ParseMetadataBytes(data)
	if err != nil {
		return nil, fmt.Errorf("reading table %s: %s: %w", name, versionName(version), err)
	}
	return c.tableOf(name, metadata, version), nil
}

func (c folderCatalog) tableOf(name string, metadata table.Metadata, version int) *table.Table {
	location := c.locationOf(filepath.Join(c.location, namespace, name, metadataDir, versionName(version)))
	return table.New(ident(name), metadata, location, func(context.Context) (icebergio.IO, error) { return c.files, nil }, c)
}

// LoadTable returns a table as it is now.
func (c folderCatalog) LoadTable(_ context.Context, of table.Identifier) (*table.Table, error) {
	t, _, err := c.load(of[len(of)-1])
	return t, err
}

// CommitTable makes a new version of a table. The error wraps
// table.ErrCommitFailed where somebody else made one meanwhile.
func (c folderCatalog) CommitTable(ctx context.Context, of table.Identifier, reqs []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	name := of[len(of)-1]
	now, version, err := c.load(name)
	if err != nil {
		return nil, "", err
	}
	for _, r := range reqs {
		if err := r.Validate(now.Metadata()); err != nil {
			return nil, "", fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
		}
	}
	next, err := table.UpdateTableMetadata(now.Metadata(), updates, now.MetadataLocation())
	if err != nil {
		return nil, "", fmt.Errorf("changing table %s: %w", name, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	if err := c.write(name, next, version+1); err != nil {
		return nil, "", err
	}
	return next, c.tableOf(name, next, version+1).MetadataLocation(), nil
}

// add moves parts to where the files of a table are.
func (c folderCatalog) add(_ context.Context, to *table.Table, parts []string) ([]string, error) {
	id := to.Identifier()
	dir := filepath.Join(c.tableDir(id[len(id)-1]), dataDir)
	var locations []string
	for _, part := range parts {
		name := filepath.Base(part)
		if err := os.Rename(part, filepath.Join(dir, name)); err != nil {
			return nil, err
		}
		locations = append(locations, c.tableLocation(id[len(id)-1])+"/"+dataDir+"/"+name)
	}
	return locations, staging.SyncDir(dir)
}

// within returns the path of a file within the folder of its table.
func (c folderCatalog) within(of *table.Table, location string) (string, error) {
	at, err := c.path(location)
	if err != nil {
		return "", err
	}
	id := of.Identifier()
	return filepath.Rel(c.tableDir(id[len(id)-1]), at)
}

func (c folderCatalog) reopen(context.Context) (*warehouse, error) { return openWarehouse(c.files) }

// create makes a table, with the folders of it.
func (c folderCatalog) create(name string, metadata table.Metadata) (*table.Table, error) {
	for _, dir := range []string{"", metadataDir, dataDir} {
		if err := staging.MakeDir(filepath.Join(c.tableDir(name), dir)); err != nil {
			return nil, fmt.Errorf("making folder of table: %w", err)
		}
	}
	return c.tableOf(name, metadata, 1), c.write(name, metadata, 1)
}

// errUnfinished says that a version of a table is there, but is not known to be
// durable, or has no hint at it.
var errUnfinished = errors.New("its metadata is written, but not all behind that")

// write makes a version durable, with the hint at it.
func (c folderCatalog) write(name string, metadata table.Metadata, version int) error {
	data, err := json.Marshal(metadata)
	if err != nil {
		return fmt.Errorf("writing metadata of %s: %w", name, err)
	}
	dir := filepath.Join(c.tableDir(name), metadataDir)
	if err := writeNew(filepath.Join(dir, versionName(version)), data); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: table %s has a version %d", table.ErrCommitFailed, name, version)
	} else if err != nil {
		return fmt.Errorf("writing metadata of %s: %w", name, err)
	}
	if err := c.hint(name, version); err != nil {
		return fmt.Errorf("table %s: %w: %w", name, errUnfinished, err)
	}
	return nil
}

// hint makes the hint durable at which version of a table is the last. Some readers
// look whether there is a later one, others do not.
func (c folderCatalog) hint(name string, version int) error {
	dir := filepath.Join(c.tableDir(name), metadataDir)
	if err := writeOver(filepath.Join(dir, hintName), []byte(strconv.Itoa(version))); err != nil {
		return err
	}
	return staging.SyncDir(dir)
}

// mendHint writes the hint of a table that a run was killed before it wrote.
func (c folderCatalog) mendHint(name string) error {
	last, err := c.current(name)
	if err != nil {
		return err
	}
	hint, err := os.ReadFile(filepath.Join(c.tableDir(name), metadataDir, hintName))
	if err == nil && string(hint) == strconv.Itoa(last) || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return c.hint(name, last)
}
