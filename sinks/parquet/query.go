package parquet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/local"
)

// recognise tells whether path is a dataset folder or a Parquet file.
func recognise(_ context.Context, path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	if !info.IsDir() {
		return local.HasMagic(path, "PAR1", 0), nil
	}
	_, err = os.Stat(filepath.Join(path, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return holdsTables(path), nil
	}
	return err == nil, err
}

// describe tells what an output has.
func describe(_ context.Context, path string) (d sinks.Description, err error) {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		var mark *fileMark
		if mark, err = readMark(path); err == nil {
			return sinks.Description{Policy: mark.policy, Tables: []string{mark.table}}, nil
		}
	} else if err == nil {
		var m *Manifest
		if m, err = ReadManifest(path); err == nil {
			return sinks.Description{Policy: m.Policy, Tables: m.Tables}, nil
		}
	}
	return d, fmt.Errorf("opening output %q: %w", path, err)
}

// tableFiles returns the files of the wanted tables, or of all for nil.
func tableFiles(path string, wanted []string) ([]sinks.TableFiles, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		mark, err := readMark(path)
		if err != nil {
			return nil, err
		}
		return []sinks.TableFiles{{Table: mark.table, Paths: []string{path}}}, nil
	}
	m, err := ReadManifest(path)
	if err != nil {
		return nil, err
	}
	var all []sinks.TableFiles
	for _, name := range m.Tables {
		if wanted == nil || slices.Contains(wanted, name) {
			all = append(all, m.filesOf(name, path))
		}
	}
	return all, nil
}

// filesOf returns the files of a table of the dataset in folder dir.
func (m *Manifest) filesOf(table, dir string) sinks.TableFiles {
	files := sinks.TableFiles{Table: table}
	columns := 0
	for _, p := range m.Parts {
		if p.Table != table {
			continue
		}
		files.Paths = append(files.Paths, filepath.Join(dir, filepath.FromSlash(p.Path)))
		files.Differ = files.Differ || columns != 0 && columns != p.Columns
		columns = p.Columns
	}
	return files
}
