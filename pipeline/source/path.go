package source

import (
	"context"
	"fmt"
	"io/fs"
	"os"

	"github.com/ckexport/ckexport/pipeline/archive"
)

// Path is a file or folder of this machine as an archive's input.
type Path string

// Name returns the path.
func (p Path) Name() string { return string(p) }

// Open opens the file or folder.
func (p Path) Open(context.Context) (archive.Content, error) {
	info, err := os.Stat(string(p))
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		root, err := os.OpenRoot(string(p))
		if err != nil {
			return nil, err
		}
		return folder{root}, nil
	case !info.Mode().IsRegular(): // opening it may wait, or do something
		return nil, fmt.Errorf("%w: it is neither a file nor a folder", archive.ErrNotTar)
	}
	f, err := os.Open(string(p))
	if err != nil {
		return nil, err
	}
	return file{f}, nil
}

// unreadable is what the system did not let be looked at: a link that leads
// nowhere or in a circle, a folder that cannot be listed.
type unreadable struct {
	Path
	err error
}

// Open fails with the system's reason.
func (u unreadable) Open(context.Context) (archive.Content, error) { return nil, u.err }

// file is an open file.
type file struct{ *os.File }

// Version returns size and modification time.
func (f file) Version() (archive.Version, error) {
	info, err := f.Stat()
	if err != nil {
		return archive.Version{}, err
	}
	return versionOf(info), nil
}

func versionOf(info fs.FileInfo) archive.Version {
	return archive.Version{Size: info.Size(), ModTime: info.ModTime()}
}

// folder is an open folder: os.Root keeps every access within it. Unlike
// Root.FS it takes names that are no UTF-8.
type folder struct{ *os.Root }

func (f folder) Open(name string) (fs.File, error) {
	file, err := f.Root.Open(name)
	if err != nil {
		return nil, err // a nil *os.File in an fs.File would not be nil
	}
	return file, nil
}

func (f folder) ReadLink(name string) (string, error) { return f.Readlink(name) }
