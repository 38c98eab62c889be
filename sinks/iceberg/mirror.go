//go:build !noiceberg

package iceberg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"

	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/internal/contents"
)

// mirror is a folder of this machine that stands for an output in an object store:
// what is read of the output is fetched into it. What is made in it is sent by a
// push.
type mirror struct {
	// ctx is that of requests for single files: iceberg-go asks for these without
	// one. They end by themselves.
	ctx    context.Context
	folder *bucket.Folder
	dir    string
	runID  string           // of who writes; empty for who reads
	listed map[string]int64 // sizes of the objects, by name
	last   map[string]int   // version of each table
	gone   []string         // objects that are to be removed
}

// openMirror lists an output, and fetches the last version of each table. The
// folder dir is empty.
func openMirror(ctx context.Context, folder *bucket.Folder, dir, runID string) (*mirror, error) {
	m := &mirror{ctx: context.WithoutCancel(ctx), folder: folder, dir: dir, runID: runID, listed: map[string]int64{}, last: map[string]int{}}
	// Archives first: the others are then at least as new (openWarehouse).
	last, err := lastArchives(ctx, folder)
	if err != nil {
		return nil, err
	}
	for info, err := range folder.List(ctx, "") {
		if err != nil {
			return nil, fmt.Errorf("looking at output %q: %w", folder.Location, err)
		}
		m.listed[info.Key] = info.Size
		if table, version, ok := versionAt(info.Key); ok {
			m.last[table] = max(m.last[table], version)
		}
	}
	if m.last[contents.Archives] = last; last == 0 {
		delete(m.last, contents.Archives)
	}
	var wanted []bucket.File
	for table, version := range m.last {
		for _, d := range []string{metadataDir, dataDir} {
			if err := os.MkdirAll(filepath.Join(dir, namespace, table, d), 0o700); err != nil {
				return nil, fmt.Errorf("making a folder for what is fetched: %w", err)
			}
		}
		name := metadataName(table, versionName(version))
		wanted = append(wanted, bucket.File{Name: name, Bytes: m.listed[name]})
	}
	if err := folder.Fetch(ctx, dir, wanted); err != nil {
		return nil, fmt.Errorf("reading output %q: %w", folder.Location, err)
	}
	return m, nil
}

// lastArchives returns the version of archives, 0 if there is none.
func lastArchives(ctx context.Context, folder *bucket.Folder) (int, error) {
	last := 0
	for info, err := range folder.List(ctx, metadataName(contents.Archives, "")+"/") {
		if err != nil {
			return 0, fmt.Errorf("looking at output %q: %w", folder.Location, err)
		}
		if _, version, ok := versionAt(info.Key); ok {
			last = max(last, version)
		}
	}
	return last, nil
}

func metadataName(table, file string) string { return path.Join(namespace, table, metadataDir, file) }

// versionAt returns the table and the version whose metadata an object is.
func versionAt(name string) (table string, version int, ok bool) {
	parts := strings.Split(name, "/")
	if len(parts) != 4 || parts[0] != namespace || parts[2] != metadataDir {
		return "", 0, false
	}
	version, ok = versionOf(parts[3])
	return parts[1], version, ok
}

// isThere tells whether the store has an output: one has a table of archives.
func (m *mirror) isThere() bool { return m.last[contents.Archives] > 0 }

// files is the storage that the mirror is.
func (m *mirror) files() files {
	return files{dir: m.dir, location: "/" + strings.TrimPrefix(m.folder.URL(), bucket.Scheme+"://"), mirror: m}
}

// need fetches an object that is listed, unless it was.
func (m *mirror) need(name string) error {
	size, ok := m.listed[name]
	if !ok {
		return nil // it is made here, or nowhere
	}
	return m.folder.Fetch(m.ctx, m.dir, []bucket.File{{Name: name, Bytes: size}})
}

// prefetch fetches many objects at a time: those of tables, or all for nil. Those
// that are gone by now are left out: that they are needed is told later.
func (m *mirror) prefetch(ctx context.Context, tables []string) error {
	var wanted []bucket.File
	for name, size := range m.listed {
		parts := strings.Split(name, "/")
		if tables == nil || len(parts) == 4 && slices.Contains(tables, parts[1]) && parts[2] == dataDir {
			wanted = append(wanted, bucket.File{Name: name, Bytes: size})
		}
	}
	err := m.folder.Fetch(ctx, m.dir, wanted)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// generation are the properties of a table of an output that is made anew.
func (m *mirror) generation(table string) iceberg.Properties {
	return iceberg.Properties{keyGeneration: m.runID, keyReplaces: strconv.Itoa(m.last[table])}
}

// made returns the files below a folder that are no object yet, by their names,
// but for versions of metadata and the hints at them.
func (m *mirror) made(dir string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(filepath.Join(dir, namespace), func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		_, _, isVersion := versionAt(name)
		if _, known := m.listed[name]; !known && !isVersion && path.Base(name) != hintName {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}
