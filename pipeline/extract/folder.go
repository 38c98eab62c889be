package extract

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
)

// ManifestName is the file that tells what the others are.
const ManifestName = "manifest.jsonl"

// Folder is where contents are written. Files have names of its own, are for their
// owner only, and none is ever replaced. A file comes to its name when it is whole,
// and then to its line in the manifest.
type Folder struct {
	root     *os.Root
	manifest *os.File
	staged   atomic.Int64
	number   int
}

// ErrNotEmpty says that a folder has files already.
var ErrNotEmpty = errors.New("the folder is not empty")

// CreateFolder makes a folder, or takes one that is empty.
func CreateFolder(path string) (*Folder, error) {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	d, err := root.Open(".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	defer d.Close()
	switch _, err := d.Readdirnames(1); {
	case err == nil:
		return nil, errors.Join(ErrNotEmpty, root.Close())
	case !errors.Is(err, io.EOF):
		return nil, errors.Join(err, root.Close())
	}
	return &Folder{root: root}, nil
}

// Close closes the folder.
func (f *Folder) Close() error {
	var err error
	if f.manifest != nil {
		err = f.manifest.Close()
	}
	return errors.Join(err, f.root.Close())
}

// stage makes a file that has no name of its own yet.
func (f *Folder) stage() (*staged, error) {
	name := fmt.Sprintf(".partial-%d", f.staged.Add(1))
	file, err := f.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making a file: %w", err)
	}
	return &staged{folder: f, file: file, name: name, sum: sha256.New()}, nil
}

// add gives the item its number, its content its name, and the manifest its line.
func (f *Folder) add(i *item) error {
	f.number++
	i.Number = f.number
	if i.content != nil {
		if err := f.place(i); err != nil {
			return fmt.Errorf("writing %q: %w", i.Name, err)
		}
	}
	line, err := json.Marshal(i.Item)
	if err != nil {
		return fmt.Errorf("writing %s: %w", ManifestName, err)
	}
	if f.manifest == nil {
		f.manifest, err = f.root.OpenFile(ManifestName, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
	}
	if _, err := f.manifest.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("writing %s: %w", ManifestName, err)
	}
	return nil
}

// place puts the content of an item, and what goes with it, in place.
func (f *Folder) place(i *item) error {
	size, sum, err := i.content.settle()
	if err != nil {
		return err
	}
	i.Size, i.SHA256 = &size, sum
	i.Name = fmt.Sprintf("%05d-%s%s", i.Number, sum[:16], i.suffix)
	if i.beside != nil {
		if _, _, err := i.beside.settle(); err != nil {
			return err
		}
		i.Map = i.Name + ".map.jsonl"
		if err := i.beside.giveName(i.Map); err != nil {
			return err
		}
	}
	return i.content.giveName(i.Name)
}
