package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/ckexport/ckexport/filelock"
)

// File is a page that is being written beside the place it will have, so that
// there is an old page, or a whole new one, at any time.
type File struct {
	path string
	temp *os.File
}

// NotOursError says that a file is not replaced because it is no page of ours.
type NotOursError struct{ Path string }

func (e *NotOursError) Error() string {
	return fmt.Sprintf("%q is there, and is no report of ckexport: it is not replaced", e.Path)
}

// Create begins a page at path, for its owner only; what a killed process left of
// one there is removed. Both names are used with
// what the process may do when Create is called: afterwards, only Commit and
// Close touch the folder, to give the file its name or to remove it.
func Create(path string) (*File, error) {
	if err := mayReplace(path); err != nil {
		return nil, err
	}
	temp, err := filelock.Beside(path)
	if err != nil {
		return nil, fmt.Errorf("making the page: %w", err)
	}
	return &File{path: path, temp: temp}, nil
}

// mayReplace fails where something is at path that is no page of ours.
func mayReplace(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking at what the page replaces: %w", err)
	}
	if !info.Mode().IsRegular() {
		return &NotOursError{path}
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("looking at what the page replaces: %w", err)
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return fmt.Errorf("looking at what the page replaces: %w", err)
	}
	if !bytes.Contains(head[:n], []byte(generator)) {
		return &NotOursError{path}
	}
	return nil
}

// Write adds to the page.
func (f *File) Write(data []byte) (int, error) { return f.temp.Write(data) }

// Commit puts the page in its place.
func (f *File) Commit() error {
	if err := f.temp.Sync(); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	if err := f.temp.Close(); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	if err := os.Rename(f.temp.Name(), f.path); err != nil {
		return fmt.Errorf("putting the page in its place: %w", err)
	}
	f.temp = nil
	return nil
}

// Close removes what was not committed.
func (f *File) Close() error {
	if f.temp == nil {
		return nil
	}
	f.temp.Close() // Commit may have done so
	return os.Remove(f.temp.Name())
}
