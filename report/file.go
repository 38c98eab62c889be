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

// Create begins a page at path, for its owner only; it takes the place of an earlier
// page, and of nothing else.
func Create(path string) (*filelock.Replacement, error) {
	if err := mayReplace(path); err != nil {
		return nil, err
	}
	page, err := filelock.Beside(path)
	if err != nil {
		return nil, fmt.Errorf("making the page: %w", err)
	}
	return page, nil
}

// mayReplace fails where something is at path that is no page of ours.
func mayReplace(path string) error {
	notOurs := fmt.Errorf("%q is there, and is no report of ckexport: it is not replaced", path)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking at what the page replaces: %w", err)
	}
	if !info.Mode().IsRegular() {
		return notOurs
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
		return notOurs
	}
	return nil
}
