package oci

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layout shows an image as the folder of an OCI image layout, whose blobs are
// fetched when they are opened. Source: OCI image specification, image-layout.md.
type layout struct {
	files map[string]file
}

type file struct {
	size int64
	open func() (fs.File, error)
}

func newLayout() *layout {
	l := &layout{files: map[string]file{}}
	l.addBytes("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	return l
}

func blobPath(digest v1.Hash) string { return path.Join("blobs", digest.Algorithm, digest.Hex) }

func (l *layout) add(name string, size int64, open func() (fs.File, error)) {
	l.files[name] = file{size, open}
}

func (l *layout) addBytes(name string, content []byte) {
	of := info{name, int64(len(content)), 0o400}
	l.add(name, of.size, func() (fs.File, error) { return memoryFile{bytes.NewReader(content), of}, nil })
}

// addIndex adds index.json, which names the image.
func (l *layout) addIndex(i *image) error {
	d := i.root.Descriptor
	d.Annotations = map[string]string{}
	if tag, ok := i.reference.(name.Tag); ok {
		d.Annotations["org.opencontainers.image.ref.name"] = tag.TagStr()
		d.Annotations["io.containerd.image.name"] = tag.Name()
	}
	index, err := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{d}})
	if err != nil {
		return err
	}
	l.addBytes("index.json", index)
	return nil
}

func (*layout) Close() error { return nil }

// isFolder reports whether files lie below a name.
func (l *layout) isFolder(name string) bool { return len(l.below(name)) > 0 }

// below returns the names of what stands in a folder.
func (l *layout) below(folder string) []string {
	names := map[string]bool{}
	for name := range l.files {
		for ; name != "."; name = path.Dir(name) {
			if path.Dir(name) == folder {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (l *layout) Open(name string) (fs.File, error) {
	f, ok := l.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return f.open()
}

func (l *layout) ReadDir(folder string) ([]fs.DirEntry, error) {
	var entries []fs.DirEntry
	for _, name := range l.below(folder) {
		of, err := l.Lstat(name)
		if err != nil {
			return nil, err
		}
		entries = append(entries, fs.FileInfoToDirEntry(of))
	}
	return entries, nil
}

func (l *layout) Lstat(name string) (fs.FileInfo, error) {
	f, ok := l.files[name]
	switch {
	case ok:
		return info{name, f.size, 0o400}, nil
	case name == "." || l.isFolder(name):
		return info{name, 0, fs.ModeDir | 0o500}, nil
	}
	return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
}

func (l *layout) Stat(name string) (fs.FileInfo, error) { return l.Lstat(name) }

func (*layout) ReadLink(name string) (string, error) {
	return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
}

// info is what is known of a file.
type info struct {
	path string
	size int64
	mode fs.FileMode
}

func (i info) Name() string       { return path.Base(i.path) }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }
