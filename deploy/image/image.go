package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// contents are what the image holds of its own.
type contents struct {
	program, sbom []byte
}

// user is who runs the program unless something else is said: nobody that a
// machine has.
const user = 65532

// build makes the image.
func build(c contents, labels map[string]string, system, architecture string, created time.Time) (v1.Image, error) {
	files, err := c.layer(created)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, fmt.Errorf("making the layer: %w", err)
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.Append(base, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: created}, CreatedBy: "deploy/image"}})
	if err != nil {
		return nil, fmt.Errorf("adding the layer: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = system, architecture, v1.Time{Time: created}
	config.Config = v1.Config{
		User: fmt.Sprintf("%d:%d", user, user), Entrypoint: []string{"/usr/bin/ckexport"}, Cmd: []string{"--help"},
		Env: []string{"PATH=/usr/bin"}, WorkingDir: "/tmp", Labels: labels,
	}
	return mutate.ConfigFile(image, config)
}

// layer returns the image's files as a tar.
func (c contents) layer(modified time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	folder := func(name string, mode int64) error {
		return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, ModTime: modified, Format: tar.FormatPAX})
	}
	file := func(name string, mode int64, content []byte) error {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content)), ModTime: modified, Format: tar.FormatPAX}); err != nil {
			return err
		}
		_, err := w.Write(content)
		return err
	}
	for _, add := range []func() error{
		func() error { return folder("etc/", 0o755) },
		func() error {
			return file("etc/passwd", 0o644, fmt.Appendf(nil, "root:x:0:0:root:/:/sbin/nologin\nckexport:x:%d:%d::/tmp:/sbin/nologin\n", user, user))
		},
		func() error { return file("etc/group", 0o644, fmt.Appendf(nil, "root:x:0:\nckexport:x:%d:\n", user)) },
		func() error { return folder("etc/ssl/", 0o755) },
		func() error { return folder("etc/ssl/certs/", 0o755) },
		func() error { return file("etc/ssl/certs/ca-certificates.crt", 0o644, authorities()) }, // where Go looks, on Debian's path
		func() error { return folder("tmp/", 0o1777) },
		func() error { return folder("usr/", 0o755) },
		func() error { return folder("usr/bin/", 0o755) },
		func() error { return file("usr/bin/ckexport", 0o755, c.program) },
		func() error { return folder("usr/share/", 0o755) },
		func() error { return folder("usr/share/sbom/", 0o755) },
		func() error { return file("usr/share/sbom/ckexport.spdx.json", 0o644, c.sbom) },
		w.Close,
	} {
		if err := add(); err != nil {
			return nil, fmt.Errorf("making the layer: %w", err)
		}
	}
	return b.Bytes(), nil
}

// authorities returns the certificates that Mozilla trusts without constraint,
// as Go's maintainers publish them.
func authorities() []byte {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
		}
	}
	return b.Bytes()
}

// write writes the image as a tar of an OCI layout.
func write(w io.Writer, image v1.Image, version string) error {
	folder, err := os.MkdirTemp("", "image")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	if err := path.AppendImage(image, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tagOf(version)})); err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: filepath.ToSlash(name), Mode: 0o644, Size: int64(len(content)), Format: tar.FormatUSTAR}); err != nil {
			return err
		}
		_, err = archive.Write(content)
		return err
	})
	if err != nil {
		return err
	}
	return archive.Close()
}
