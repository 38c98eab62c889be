package metrics

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ckexport/ckexport/filelock"
)

// File is a file of metrics that is about to be replaced. It is opened before
// the process loses the right to write where it stands: then reading, naming
// and removing files in Folder is enough.
type File struct {
	path string
	next *filelock.Replacement
}

// fileMode lets node_exporter read the file, whoever it runs as. There is
// nothing secret in it.
const fileMode = 0o644

// OpenFile makes ready to write a file, which need not exist.
func OpenFile(path string) (*File, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is no file", path)
	}
	// node_exporter reads names that end in .prom; the new file's does not.
	next, err := filelock.Beside(path)
	if err != nil {
		return nil, err
	}
	f := &File{path: path, next: next}
	if err := next.Chmod(fileMode); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Folder is where the file stands.
func (f *File) Folder() string { return filepath.Dir(f.path) }

// Update replaces the file by what change makes of its metrics. A file that
// cannot be understood is replaced by new metrics.
func (f *File) Update(change func(*Metrics)) error {
	m, err := f.earlier()
	if err != nil {
		return err
	}
	change(m)
	if err := m.Write(f.next); err != nil {
		return err
	}
	if err := f.next.Commit(); err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	return nil
}

// earlier returns the metrics that the file has now: another run may have
// written it since OpenFile.
func (f *File) earlier() (*Metrics, error) {
	in, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return New(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading earlier metrics: %w", err)
	}
	defer in.Close()
	m, err := Read(in)
	if err != nil {
		return New(), nil
	}
	return m, nil
}

// Close gives up what was not written.
func (f *File) Close() error { return f.next.Close() }
