package local

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

// Staging returns the staging place of a run into the output at path:
// beside fleet.parquet, the folder .fleet.parquet.RUN.shards.
func Staging(path, run string) (sinks.StagingPlace, error) {
	dir, err := staging.Beside(path, "."+run+".shards")
	return place{dir}, err
}

// place is a folder that machines may share. It takes no lock: files appear whole
// and under names that no other process uses, but for Create, where the file
// system decides who was first.
type place struct{ dir string }

// Footprint is that of the place, and of an output that is read.
func (p place) Footprint() sinks.Footprint {
	folder := filepath.Dir(p.dir)
	return sinks.Footprint{Read: []string{folder}, Own: []string{p.dir}, Folder: folder}
}

func (p place) path(name string) string { return filepath.Join(p.dir, name) }

func (p place) Scratch(name string) (string, error) {
	for {
		if err := staging.MakeDir(p.dir); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		err := staging.MakeDir(p.path(name))
		if !errors.Is(err, fs.ErrNotExist) { // the last one to leave removed the place
			return p.path(name), err
		}
	}
}

func (p place) Put(_ context.Context, name, path string) error { return os.Rename(path, p.path(name)) }

// Create links a complete file to the name, which only one process can do.
func (p place) Create(_ context.Context, name string, content []byte) error {
	temporary := p.path(name + "." + rand.Text() + ".tmp")
	f, err := staging.CreateFile(temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = staging.SyncDir(p.dir) // what it tells of comes first
	}
	if err == nil {
		err = os.Link(temporary, p.path(name))
	}
	return errors.Join(err, os.Remove(temporary), staging.SyncDir(p.dir))
}

func (p place) Read(_ context.Context, name string) ([]byte, error) { return os.ReadFile(p.path(name)) }

func (p place) Local(_ context.Context, name string) (string, error) { return p.path(name), nil }

func (p place) URL(string) string { return "" }

func (p place) Close() error { return nil }

func (p place) List(context.Context) ([]string, error) {
	entries, err := os.ReadDir(p.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

func (p place) Remove(_ context.Context, names ...string) error {
	var errs []error
	for _, name := range names {
		errs = append(errs, removeAll(p.path(name)))
	}
	_ = os.Remove(p.dir) // which others may use
	return errors.Join(errs...)
}

func (p place) Clear(context.Context) error { return removeAll(p.dir) }

// removeAll removes a file or folder in which others may still make files: it gets
// another name first, by which they don't find it.
func removeAll(path string) error {
	gone := path + ".gone"
	if err := os.RemoveAll(gone); err != nil { // of a process that was killed
		return err
	}
	if err := os.Rename(path, gone); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(gone)
}
