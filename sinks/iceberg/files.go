//go:build !noiceberg

package iceberg

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	icebergio "github.com/apache/iceberg-go/io"

	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

// files is the storage of an output in a folder. Iceberg's metadata names files
// by where they are when the output is in place; the folder may be one in which
// the output is still made, or that it was moved to since.
type files struct {
	dir      string  // where the files are
	location string  // what the metadata calls it, as a path
	mirror   *mirror // of an output in an object store, which the folder stands for; else nil
	made     *made   // notes what is made there; nil where nobody asks
}

// made are the locations of files that were made.
type made struct {
	mu        sync.Mutex
	locations []string
}

func (m *made) add(location string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.locations = append(m.locations, location)
}

var _ icebergio.WriteFileIO = files{}

// locationOf returns what metadata calls a path.
func (f files) locationOf(path string) string {
	if f.mirror != nil {
		return bucket.Scheme + ":/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// locationPath returns the path of what metadata calls a location.
func locationPath(location string) (string, error) {
	if path, ok := strings.CutPrefix(location, bucket.Scheme+":/"); ok {
		return path, nil
	}
	if !strings.HasPrefix(location, "file:") {
		return location, nil
	}
	u, err := url.Parse(location)
	if err != nil {
		return "", err
	}
	return u.Path, nil
}

// isMirror tells whether files that are not in the folder may be in a store.
func (f files) isMirror() bool { return f.mirror != nil && f.mirror.dir == f.dir }

// path returns where a file is.
func (f files) path(location string) (string, error) {
	path, err := locationPath(location)
	if err != nil {
		return "", fmt.Errorf("location %q: %w", location, err)
	}
	rel, err := filepath.Rel(f.location, path)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("location %q is outside of the output, which was made at %q", location, f.location)
	}
	if f.isMirror() {
		if err := f.mirror.need(filepath.ToSlash(rel)); err != nil {
			return "", err
		}
	}
	return filepath.Join(f.dir, rel), nil
}

func (f files) Open(location string) (icebergio.File, error) {
	path, err := f.path(location)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

func (f files) Remove(location string) error {
	path, err := f.path(location)
	if err != nil {
		return err
	}
	if f.isMirror() {
		rel, err := filepath.Rel(f.dir, path)
		if err != nil {
			return err
		}
		f.mirror.gone = append(f.mirror.gone, filepath.ToSlash(rel))
	}
	return os.Remove(path)
}

// Create makes a file that only its owner reads, and that is durable once it is
// closed, but for its name.
func (f files) Create(location string) (icebergio.FileWriter, error) {
	path, err := f.path(location)
	if err != nil {
		return nil, err
	}
	file, err := staging.CreateFile(path)
	if err != nil {
		return nil, err
	}
	if f.made != nil {
		f.made.add(location)
	}
	return &durableFile{file}, nil
}

// removeMade removes the files that were made, those that are there still.
func (f files) removeMade() error {
	for _, location := range f.made.locations {
		if err := f.Remove(location); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f files) WriteFile(location string, content []byte) error {
	w, err := f.Create(location)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return errors.Join(err, w.Close())
}

type durableFile struct{ *os.File }

func (d *durableFile) ReadFrom(r io.Reader) (int64, error) { return d.File.ReadFrom(r) }

func (d *durableFile) Close() error { return errors.Join(d.Sync(), d.File.Close()) }

// writeNew writes a file that must not exist, whole: whoever finds it finds all
// of it. The error wraps fs.ErrExist where it exists.
func writeNew(path string, content []byte) error {
	temporary := path + ".tmp"
	if err := writeTemporary(temporary, content); err != nil {
		return err
	}
	err := os.Link(temporary, path)
	return errors.Join(err, os.Remove(temporary))
}

// writeOver writes a file in the place of one that may exist.
func writeOver(path string, content []byte) error {
	temporary := path + ".tmp"
	if err := writeTemporary(temporary, content); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

func writeTemporary(path string, content []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a killed run
		return err
	}
	f, err := staging.CreateFile(path)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // a full disk needs the room
	}
	return nil
}
