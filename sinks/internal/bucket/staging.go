package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/sinks"
)

// Staging returns the staging place of a run into the output at a location: beside
// s3://BUCKET/x/fleet.parquet, the objects below x/.fleet.parquet.RUN.shards/.
// That an object is created at most once, the store sees to (If-None-Match).
func (c *Client) Staging(location, run string) (sinks.StagingPlace, error) {
	f, err := c.Folder(location)
	if err != nil {
		return nil, err
	}
	dir, base := path.Split(path.Clean(f.prefix))
	f.prefix = dir + "." + base + "." + run + ".shards/"
	return &place{Folder: f}, nil
}

type place struct {
	*Folder
	scratch *Scratch // nil before it is needed
}

// Footprint is that of the temporary folder, and of the network.
func (p *place) Footprint() sinks.Footprint {
	footprint, err := ownFootprint()
	if err != nil { // whoever makes the folder is told
		return Footprint(sinks.Footprint{})
	}
	return footprint
}

// Scratch returns a folder of this machine, which Close removes. Its name tells
// nothing.
func (p *place) Scratch(string) (_ string, err error) {
	if p.scratch == nil {
		if p.scratch, err = NewScratch(); err != nil {
			return "", err
		}
	}
	return p.scratch.Dir, nil
}

func (p *place) Put(ctx context.Context, name, path string) error {
	if err := p.store.PutFile(ctx, p.bucket, p.prefix+name, path); err != nil {
		return err
	}
	return os.Remove(path)
}

func (p *place) Create(ctx context.Context, name string, content []byte) error {
	_, err := p.Write(ctx, name, content, objectstore.IfAbsent())
	if !errors.Is(err, objectstore.ErrPrecondition) {
		return err
	}
	there, _, failed := p.Folder.Read(ctx, name)
	if failed == nil && bytes.Equal(there, content) { // by an attempt whose answer was lost
		return nil
	}
	return fmt.Errorf("%w: %w", fs.ErrExist, errors.Join(err, failed))
}

func (p *place) Read(ctx context.Context, name string) ([]byte, error) {
	data, _, err := p.Folder.Read(ctx, name)
	return data, err
}

// Local fetches an object, where it was not yet.
func (p *place) Local(ctx context.Context, name string) (string, error) {
	dir, err := p.Scratch("")
	if err != nil {
		return "", err
	}
	info, err := p.store.Stat(ctx, p.bucket, p.prefix+name)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, name), p.Fetch(ctx, dir, []File{{name, info.Size}})
}

func (p *place) URL(name string) string { return objectstore.URL(p.bucket, p.prefix+name) }

func (p *place) List(ctx context.Context) ([]string, error) {
	var names []string
	for info, err := range p.Folder.List(ctx, "") {
		if err != nil {
			return nil, err
		}
		names = append(names, info.Key)
	}
	return names, nil
}

func (p *place) Remove(ctx context.Context, names ...string) error {
	return p.Folder.Remove(ctx, names)
}

func (p *place) Clear(ctx context.Context) error {
	names, err := p.List(ctx)
	if err != nil {
		return err
	}
	return p.Remove(ctx, names...)
}

func (p *place) Close() error {
	if p.scratch == nil {
		return nil
	}
	return p.scratch.Remove()
}
