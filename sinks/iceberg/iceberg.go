//go:build !noiceberg

package iceberg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/local"
)

// Format returns the kind of output. Its files are queried with the engine,
// which is nil in builds that have none.
func Format(engine sinks.Engine) sinks.Format {
	f := format()
	f.Check, f.Open = local.Check, openOutput
	f.Recognise, f.Footprint, f.OpenSQL, f.Part, f.Describe = recognise, local.Footprint, local.OpenSQL(engine, tableFiles), local.Part(tableFiles), describe
	f.Inspect, f.Rewrite = inspectOutput, rewriteOutput
	f.Staging, f.PeekLedger = local.Staging, peekLedger
	return f
}

// recognise tells whether path is a folder with a table of archives.
func recognise(_ context.Context, path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return false, err
	}
	version, err := folderCatalog{files{dir: path}}.current(contents.Archives)
	return version > 0, err
}

// describe tells what an output has.
func describe(_ context.Context, path string) (d sinks.Description, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return d, err
	}
	w, err := openWarehouse(files{dir: abs})
	if err != nil {
		return d, fmt.Errorf("opening output %q: %w", path, err)
	}
	return w.description(), nil
}

func (w *warehouse) description() sinks.Description {
	return sinks.Description{Policy: w.contents.Policy, Tables: w.contents.Tables}
}

// tableFiles returns the files of the wanted tables, or of all for nil.
func tableFiles(path string, wanted []string) ([]sinks.TableFiles, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	w, err := openWarehouse(files{dir: path})
	if err != nil {
		return nil, err
	}
	return w.tableFiles(wanted)
}

func (w *warehouse) tableFiles(wanted []string) ([]sinks.TableFiles, error) {
	var all []sinks.TableFiles
	for _, name := range w.contents.Tables {
		if wanted != nil && !slices.Contains(wanted, name) {
			continue
		}
		files, err := w.filesOf(name)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
		all = append(all, files)
	}
	return all, nil
}

// filesOf returns the files of a table, and which of the columns that it should
// have it has.
func (w *warehouse) filesOf(name string) (sinks.TableFiles, error) {
	files := sinks.TableFiles{Table: name}
	t, ok := schema.Lookup(name)
	if !ok || w.contents.SchemaVersion != schema.Version {
		return files, errors.New("made by another version of ckexport, with other tables")
	}
	at := w.tables[name]
	s := w.visible(at)
	data, err := w.dataFiles(s)
	if err != nil {
		return files, err
	}
	for _, f := range data {
		path, err := w.catalog.path(f.FilePath())
		if err != nil {
			return files, err
		}
		files.Paths = append(files.Paths, path)
	}
	files.Differ = len(at.Metadata().Schemas()) > 1
	lacks := missing(t, at.Schema())
	for _, c := range t.Columns {
		if !slices.ContainsFunc(lacks, func(l schema.Column) bool { return l.Name == c.Name }) {
			files.Columns = append(files.Columns, c)
		}
	}
	return files, nil
}
