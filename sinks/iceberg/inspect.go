//go:build !noiceberg

package iceberg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go/table"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// inspectOutput checks the files of the output at path against its metadata. It changes
// nothing. An error says that it could not check; *sinks.RefusedError, that this
// is no output of ours.
func inspectOutput(ctx context.Context, path string) (*sinks.Inspection, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &sinks.RefusedError{Path: path, Reason: "cannot be looked at: " + err.Error()}
	}
	if ok, err := recognise(ctx, path); err != nil {
		return nil, fmt.Errorf("looking at output: %w", err)
	} else if !ok {
		return nil, &sinks.RefusedError{Path: path, Reason: "is not ours: " + errNotOurs.Error()}
	}
	found := &sinks.Inspection{Kind: formatName}
	found.CheckMode("", info)
	return found, inspectIn(ctx, files{dir: path}, found)
}

// inspectIn checks the output in a folder.
func inspectIn(ctx context.Context, in files, found *sinks.Inspection) error {
	w, err := openWarehouse(in)
	if err != nil {
		found.Found(sinks.Damage, "metadata", "", "", "%v", err)
		return nil
	}
	return inspectWarehouse(ctx, w, found)
}

func inspectWarehouse(ctx context.Context, w *warehouse, found *sinks.Inspection) error {
	found.Policy = w.contents.Policy
	if w.contents.SchemaVersion != schema.Version {
		found.Found(sinks.Note, "columns", "", "", "schema version %d; columns can only be checked against version %d", w.contents.SchemaVersion, schema.Version)
	}
	for _, name := range w.contents.Tables {
		i := &tableInspection{w: w, table: w.tables[name], name: name, found: found, known: map[string]bool{}}
		if err := i.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tableInspection is that of one table.
type tableInspection struct {
	w     *warehouse
	table *table.Table
	name  string
	found *sinks.Inspection
	// known are the files that the metadata tells of, by their path within the
	// table's folder.
	known     map[string]bool
	isDamaged bool
	isUnsum   bool // a file's checksum is not known
}

func (i *tableInspection) damage(check, place, format string, args ...any) {
	i.isDamaged = true
	i.found.Found(sinks.Damage, check, i.name, place, format, args...)
}

// place returns the path of a file within the output.
func (i *tableInspection) place(within string) string {
	return path.Join(append(i.table.Identifier(), filepath.ToSlash(within))...)
}

// inFolder tells whether the output is a folder, or a mirror of one, that has nothing
// else in it.
func (i *tableInspection) inFolder() bool { return i.w.folder != folderCatalog{} }

func (i *tableInspection) run(ctx context.Context) error {
	if i.inFolder() {
		if err := i.versions(); err != nil {
			return err
		}
	}
	sums := map[string]string{}
	for _, s := range i.table.Metadata().Snapshots() {
		i.snapshot(s, sums)
	}
	visible := i.w.visible(i.table)
	if now := i.table.CurrentSnapshot(); now != nil && (visible == nil || visible.SnapshotID != now.SnapshotID) {
		i.found.Found(sinks.Warning, "snapshot", i.name, "", "its last snapshot is of a run that did not end: queries leave it out, and the next run takes it back")
	}
	data, err := i.w.dataFiles(visible)
	if err != nil {
		i.damage("snapshot", "", "%v", err)
	}
	for _, f := range data {
		path, err := i.w.catalog.path(f.FilePath())
		if err != nil {
			i.damage("part", "", "%v", err)
			continue
		}
		i.found.Rows += f.Count()
		if err := i.part(ctx, path, f.FileSizeBytes(), sums[filepath.Base(path)]); err != nil {
			return err
		}
	}
	if i.inFolder() {
		if err := i.others(); err != nil {
			return err
		}
	}
	switch {
	case i.isDamaged:
		i.found.Damaged = append(i.found.Damaged, i.name)
	default:
		i.found.Tables = append(i.found.Tables, i.name)
		if i.isUnsum {
			i.found.Unsummed = append(i.found.Unsummed, i.name)
		}
	}
	return nil
}

// versions checks that all versions of the metadata can be read, and the hint at
// the last one.
func (i *tableInspection) versions() error {
	dir := filepath.Join(i.w.folder.tableDir(i.name), metadataDir)
	last, err := i.w.folder.current(i.name)
	if err != nil {
		return fmt.Errorf("looking at metadata: %w", err)
	}
	for n := 1; n <= last; n++ {
		name := filepath.Join(metadataDir, versionName(n))
		i.known[name] = true
		data, err := os.ReadFile(filepath.Join(dir, versionName(n)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // another program may remove old ones
		}
		if err == nil {
			_, err = table.ParseMetadataBytes(data)
		}
		if err != nil {
			i.damage("metadata", i.place(name), "%v", reasonOf(err))
		}
	}
	name := filepath.Join(metadataDir, hintName)
	i.known[name] = true
	hint, err := os.ReadFile(filepath.Join(dir, hintName))
	switch n, malformed := strconv.Atoi(string(hint)); {
	case err != nil || malformed != nil || n < 1 || n > last:
		i.damage("metadata", i.place(name), "the hint at the last version is %q, which is %d", hint, last)
	case n < last:
		i.found.Found(sinks.Warning, "metadata", i.name, i.place(name), "the hint at the last version is %d, which is %d: a run was killed between the two, and the next one puts that right", n, last)
	}
	return nil
}

// snapshot checks the manifests of a snapshot, and notes the files it tells of,
// with the SHA-256 of those that a run of ours added.
func (i *tableInspection) snapshot(s table.Snapshot, sums map[string]string) {
	list := i.note(s.ManifestList)
	if s.Summary != nil {
		var parts map[string]string
		if text := s.Summary.Properties[keyParts]; text != "" {
			if err := json.Unmarshal([]byte(text), &parts); err != nil {
				i.damage("snapshot", list, "its checksums: %v", err)
			}
		}
		for name, sum := range parts {
			sums[name] = sum
		}
	}
	manifests, err := s.Manifests(i.w.catalog)
	if err != nil {
		i.damage("manifest", list, "%v", reasonOf(err))
		return
	}
	files := 0
	for _, m := range manifests {
		place := i.note(m.FilePath())
		if err := i.sized(m.FilePath(), m.Length()); err != nil {
			i.damage("manifest", place, "%v", reasonOf(err))
			continue
		}
		for entry, err := range m.Entries(i.w.catalog, true) {
			if err != nil {
				i.damage("manifest", place, "%v", reasonOf(err))
				break
			}
			i.note(entry.DataFile().FilePath())
			files++
		}
	}
	if s.Summary == nil {
		return
	}
	if want, ok := s.Summary.Properties["total-data-files"]; ok && want != strconv.Itoa(files) {
		i.damage("snapshot", list, "its manifests name %d files, and it says %s", files, want)
	}
}

// note notes a file that the metadata tells of, and returns its place.
func (i *tableInspection) note(location string) string {
	rel, err := i.w.catalog.within(i.table, location)
	if err != nil {
		i.damage("metadata", "", "%v", err)
		return ""
	}
	i.known[rel] = true
	return i.place(rel)
}

// sized checks the size of a file.
func (i *tableInspection) sized(location string, want int64) error {
	path, err := i.w.catalog.path(location)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err == nil && info.Size() != want {
		err = fmt.Errorf("it has %d bytes, and had %d when it was written", info.Size(), want)
	}
	return err
}

// part checks a file with rows.
func (i *tableInspection) part(ctx context.Context, path string, size int64, sum string) error {
	place := i.place(filepath.Join(dataDir, filepath.Base(path)))
	f, err := os.Open(path)
	if err != nil {
		i.damage("part", place, "%v", reasonOf(err))
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("looking at part: %w", err)
	}
	i.found.Files++
	i.found.Bytes += info.Size()
	if info.Size() != size {
		i.damage("part", place, "it has %d bytes, and had %d when it was written", info.Size(), size)
		return nil
	}
	if sum == "" {
		i.isUnsum = true
		i.found.Found(sinks.Note, "part", i.name, place, "its SHA-256 is not known, as another program wrote it")
		return nil
	}
	got := sha256.New()
	if _, err := io.Copy(got, contextReader{ctx, f}); ctx.Err() != nil {
		return ctx.Err()
	} else if err != nil {
		i.damage("part", place, "reading it: %v", reasonOf(err))
	} else if is := hex.EncodeToString(got.Sum(nil)); is != sum {
		i.damage("part", place, "its content was changed since it was written: its SHA-256 is %s, and was %s", is, sum)
	}
	return nil
}

// contextReader reads until its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// others looks for files that the metadata does not tell of, and at modes.
func (i *tableInspection) others() error {
	dir := i.w.folder.tableDir(i.name)
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if info, err := d.Info(); err == nil {
			i.found.CheckMode(i.place(rel), info)
		}
		if d.IsDir() || i.known[rel] {
			return nil
		}
		switch {
		case filepath.Dir(rel) == metadataDir:
			i.found.Found(sinks.Note, "file", i.name, i.place(rel), "the metadata does not tell of it: a commit may have left it that was not made; compact removes it")
		case strings.HasPrefix(rel, dataDir):
			i.found.Found(sinks.Warning, "part", i.name, i.place(rel), "the metadata does not tell of it")
		default:
			i.found.Found(sinks.Warning, "file", i.name, i.place(rel), "the metadata does not tell of it")
		}
		return nil
	})
}

// reasonOf leaves the path out of an error that names it: the finding does.
func reasonOf(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
