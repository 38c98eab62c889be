// Package bucket is what sinks whose outputs lie in object stores have in common:
// an output there as a folder, and folders on this machine for what is made or
// read of it.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

// Scheme is that of the locations of such outputs.
const Scheme = objectstore.Scheme

// Client connects to an object store when it is first asked for a folder.
type Client struct {
	connect func() (*objectstore.Store, error)
}

// NewClient returns a client of the store that the options say.
func NewClient(opts objectstore.Options) *Client {
	return &Client{connect: sync.OnceValues(func() (*objectstore.Store, error) { return objectstore.Connect(opts) })}
}

// Folder is an output: the objects of a bucket whose keys begin with its prefix.
// Names of objects are those behind that.
type Folder struct {
	Location       string
	store          *objectstore.Store
	bucket, prefix string
}

// Folder returns the one at a location.
func (c *Client) Folder(location string) (*Folder, error) {
	bucket, key := objectstore.Split(location)
	if key = strings.TrimSuffix(key, "/"); bucket == "" || key == "" {
		return nil, &sinks.RefusedError{Path: location, Reason: "want s3://BUCKET/NAME"}
	}
	store, err := c.connect()
	if err != nil {
		return nil, fmt.Errorf("output %q: %w", location, err)
	}
	return &Folder{Location: location, store: store, bucket: bucket, prefix: key + "/"}, nil
}

// URL returns that of the folder.
func (f *Folder) URL() string { return objectstore.URL(f.bucket, strings.TrimSuffix(f.prefix, "/")) }

// Check returns what refuses a location whose bucket does not exist or cannot be
// read. The object that is looked for there need not be.
func (c *Client) Check(name string) func(context.Context, string) error {
	return func(ctx context.Context, location string) error {
		f, err := c.Folder(location)
		if err != nil {
			return err
		}
		_, _, err = f.Read(ctx, name)
		switch {
		case errors.Is(err, objectstore.ErrNoBucket):
			return &sinks.RefusedError{Path: location, Reason: "there is no bucket " + f.bucket}
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return fmt.Errorf("looking at output: %w", err)
		}
		return nil
	}
}

// maxRead bounds an object that is read into memory.
const maxRead = 1 << 30

// Read returns the content of an object, and its ETag.
func (f *Folder) Read(ctx context.Context, name string) (data []byte, etag string, err error) {
	data, info, err := f.store.ReadAll(ctx, f.bucket, f.prefix+name, maxRead)
	return data, info.ETag, err
}

// Write writes an object under a condition; objectstore.ErrPrecondition says that
// it is not met.
func (f *Folder) Write(ctx context.Context, name string, data []byte, when objectstore.Condition) (etag string, err error) {
	return f.store.Put(ctx, f.bucket, f.prefix+name, data, when)
}

// List lists the objects whose names begin with prefix.
func (f *Folder) List(ctx context.Context, prefix string) iter.Seq2[objectstore.Info, error] {
	return func(yield func(objectstore.Info, error) bool) {
		for info, err := range f.store.List(ctx, f.bucket, f.prefix+prefix) {
			if err == nil && strings.HasSuffix(info.Key, "/") && info.Size == 0 {
				continue // what some programs make to show a folder
			}
			info.Key = strings.TrimPrefix(info.Key, f.prefix)
			if !yield(info, err) {
				return
			}
		}
	}
}

// transfers is how many objects are fetched, sent or removed at a time.
const transfers = 8

func each[T any](ctx context.Context, list []T, do func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(transfers)
	for _, one := range list {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return do(ctx, one)
		})
	}
	return group.Wait()
}

// Send writes files of the folder dir as objects with the same names.
func (f *Folder) Send(ctx context.Context, dir string, names []string) error {
	return each(ctx, names, func(ctx context.Context, name string) error {
		return f.store.PutFile(ctx, f.bucket, f.prefix+name, filepath.Join(dir, filepath.FromSlash(name)))
	})
}

// Copy makes copies of objects of the same bucket, within the store: names are those
// of the copies, and from has the URL of the object for each.
func (f *Folder) Copy(ctx context.Context, names []string, from map[string]string) error {
	return each(ctx, names, func(ctx context.Context, name string) error {
		_, key := objectstore.Split(from[name])
		return f.store.CopyWithin(ctx, f.bucket, key, f.prefix+name)
	})
}

// File is an object of known size.
type File struct {
	Name  string
	Bytes int64
}

// Fetch writes objects to files of the folder dir, but for those that are there
// already: objects with rows never change.
func (f *Folder) Fetch(ctx context.Context, dir string, files []File) error {
	return each(ctx, files, func(ctx context.Context, one File) error { return f.fetch(ctx, dir, one) })
}

func (f *Folder) fetch(ctx context.Context, dir string, one File) error {
	path := filepath.Join(dir, filepath.FromSlash(one.Name))
	if info, err := os.Stat(path); err == nil && info.Size() == one.Bytes {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making a folder for what is fetched: %w", err)
	}
	file, err := staging.CreateFile(path)
	if err != nil {
		return fmt.Errorf("making a file for what is fetched: %w", err)
	}
	err = errors.Join(f.store.Copy(ctx, f.bucket, f.prefix+one.Name, one.Bytes, file), file.Close())
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// Remove removes objects.
func (f *Folder) Remove(ctx context.Context, names []string) error {
	return each(ctx, names, func(ctx context.Context, name string) error { return f.store.Remove(ctx, f.bucket, f.prefix+name) })
}
