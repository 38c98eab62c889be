package oci

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/ckexport/ckexport/pipeline/archive"
)

// image is an archive's input: an image, or an index of several.
type image struct {
	puller    *remote.Puller
	reference name.Reference
	root      document
	version   archive.Version
}

// document is a manifest, with what it lists.
type document struct {
	v1.Descriptor
	content []byte
	listed  manifest
}

// manifest is what is read of a manifest or an index. Source: OCI image
// specification, manifest.md, image-index.md.
type manifest struct {
	Manifests []v1.Descriptor `json:"manifests"`
	Config    *v1.Descriptor  `json:"config"`
	Layers    []v1.Descriptor `json:"layers"`
}

// blobs returns what a manifest is of, but for other manifests.
func (m *manifest) blobs() []v1.Descriptor {
	if m.Config == nil {
		return m.Layers
	}
	return append([]v1.Descriptor{*m.Config}, m.Layers...)
}

// open asks for the manifest of an image. Its version is its digest: what has
// one digest never changes.
func open(ctx context.Context, puller *remote.Puller, reference name.Reference) (*image, error) {
	root, err := getDocument(ctx, puller, reference)
	if err != nil {
		return nil, err
	}
	i := &image{puller: puller, reference: reference, root: root}
	i.version = archive.Version{Size: root.Size, Tag: root.Digest.String()}
	for _, d := range slices.Concat(root.listed.blobs(), root.listed.Manifests) {
		i.version.Size += d.Size
	}
	return i, nil
}

func getDocument(ctx context.Context, puller *remote.Puller, reference name.Reference) (document, error) {
	got, err := puller.Get(ctx, reference) // which checks the digest
	if err != nil {
		return document{}, fmt.Errorf("%s: %w", reference, err)
	}
	d := document{Descriptor: got.Descriptor, content: got.Manifest}
	if err := json.Unmarshal(d.content, &d.listed); err != nil {
		return document{}, fmt.Errorf("%s: reading the manifest: %w", reference, err)
	}
	for _, listed := range slices.Concat(d.listed.blobs(), d.listed.Manifests) {
		if listed.Size < 0 {
			return document{}, fmt.Errorf("%s: the manifest says that %s has %d bytes", reference, listed.Digest, listed.Size)
		}
	}
	return d, nil
}

func (i *image) Name() string { return scheme + "://" + i.reference.Name() }

// Open returns the image as the layout that it would be unpacked as.
func (i *image) Open(ctx context.Context) (archive.Content, error) {
	l := newLayout()
	if err := l.addIndex(i); err != nil {
		return nil, err
	}
	return l, i.addManifest(ctx, l, i.root)
}

// addManifest adds a manifest, and what it lists.
func (i *image) addManifest(ctx context.Context, l *layout, d document) error {
	l.addBytes(blobPath(d.Digest), d.content)
	for _, blob := range d.listed.blobs() {
		l.add(blobPath(blob.Digest), blob.Size, func() (fs.File, error) { return i.openBlob(ctx, blob) })
	}
	for _, listed := range d.listed.Manifests {
		if _, known := l.files[blobPath(listed.Digest)]; known {
			continue // an index cannot list itself, but hostile ones may list much twice
		}
		if len(l.files) > maxFiles {
			return fmt.Errorf("%s: the index lists more than %d files", i.Name(), maxFiles)
		}
		inner, err := getDocument(ctx, i.puller, i.reference.Context().Digest(listed.Digest.String()))
		if err != nil {
			return err
		}
		if err := i.addManifest(ctx, l, inner); err != nil {
			return err
		}
	}
	return nil
}

// maxFiles bounds what an index may list.
const maxFiles = 10_000

// openBlob begins to read a blob. Its digest is checked when it ends.
func (i *image) openBlob(ctx context.Context, d v1.Descriptor) (fs.File, error) {
	layer, err := i.puller.Layer(ctx, i.reference.Context().Digest(d.Digest.String()))
	if err != nil {
		return nil, err
	}
	content, err := layer.Compressed()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Digest, err)
	}
	return &blob{content, d}, nil
}

// blob is a blob that is being read.
type blob struct {
	content io.ReadCloser
	v1.Descriptor
}

func (b *blob) Read(p []byte) (int, error) {
	n, err := b.content.Read(p)
	if err != nil && err != io.EOF { // not wrapped: the end of a connection is not the end of the archive
		err = fmt.Errorf("%s: %v", b.Digest, err)
	}
	return n, err
}

func (b *blob) Close() error { return b.content.Close() }

func (b *blob) Stat() (fs.FileInfo, error) {
	return info{blobPath(b.Digest), b.Size, 0o400}, nil
}

// memoryFile is a file whose content is known.
type memoryFile struct {
	*bytes.Reader
	info
}

func (memoryFile) Close() error { return nil }

func (f memoryFile) Stat() (fs.FileInfo, error) { return f.info, nil }
