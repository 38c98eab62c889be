//go:build !noiceberg

package iceberg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	icebergio "github.com/apache/iceberg-go/io"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/sinks/iceberg/internal/catalogs"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

// located is the storage of tables that lie where a catalog says: in folders of this
// machine, or in object stores, whose objects have copies in a folder once they are
// used.
type located struct {
	// ctx is that of requests for single files, see mirror.
	ctx  context.Context
	dir  string              // for the copies
	base objectstore.Options // where nothing else is said

	stores *stores

	mu     sync.Mutex
	config map[string]objectstore.Options // by the beginning of locations
}

// stores are connections to object stores, each of which is made once: when a process
// is confined, it may not look for credentials any more.
type stores struct {
	mu        sync.Mutex
	connected map[objectstore.Options]*objectstore.Store
}

func (s *stores) connect(to objectstore.Options) (*objectstore.Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if store := s.connected[to]; store != nil {
		return store, nil
	}
	store, err := objectstore.Connect(to)
	if err == nil {
		s.connected[to] = store
	}
	return store, err
}

var _ icebergio.WriteFileIO = (*located)(nil)

func newLocated(ctx context.Context, base objectstore.Options, connected *stores) *located {
	return &located{ctx: context.WithoutCancel(ctx), base: base, stores: connected, config: map[string]objectstore.Options{}}
}

// storeOptions returns options with those that properties say.
func storeOptions(base objectstore.Options, get func(key string) string) objectstore.Options {
	for _, of := range []struct {
		in  *string
		key string
	}{{&base.Endpoint, catalogs.S3Endpoint}, {&base.Region, catalogs.ClientRegion}, {&base.Region, catalogs.S3Region}} {
		if text := get(of.key); text != "" {
			*of.in = text
		}
	}
	if id := get(catalogs.S3KeyID); id != "" {
		base.Keys = objectstore.Keys{ID: id, Secret: get(catalogs.S3Secret), SessionToken: get(catalogs.S3SessionToken)}
	}
	switch get(catalogs.S3PathStyle) {
	case "true":
		base.ByPath, base.ByHost = true, false
	case "false":
		base.ByPath, base.ByHost = false, true
	}
	return base
}

// use notes how files are reached whose locations begin with prefix.
func (l *located) use(prefix string, config map[string]string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.config[prefix] = storeOptions(l.base, func(key string) string { return config[key] })
}

// isGiven tells whether it was said how the files at a location are reached.
func (l *located) isGiven(location string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for prefix := range l.config {
		if strings.HasPrefix(location, prefix) {
			return true
		}
	}
	return false
}

// store returns the store that has an object, and the object.
func (l *located) store(location string) (store *objectstore.Store, bucket, key string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	options, longest := l.base, -1
	for prefix, its := range l.config {
		if strings.HasPrefix(location, prefix) && len(prefix) > longest {
			options, longest = its, len(prefix)
		}
	}
	if store, err = l.stores.connect(options); err != nil {
		return nil, "", "", err
	}
	_, behind, _ := strings.Cut(location, "://") // s3, or a name that Hadoop has for it
	bucket, key, _ = strings.Cut(behind, "/")
	return store, bucket, key, nil
}

// localPath returns the path of a location on this machine.
func localPath(location string) (at string, isLocal bool, err error) {
	scheme, _, hasScheme := strings.Cut(location, ":/")
	switch {
	case !hasScheme || scheme == "file":
		at, err = locationPath(location)
		if err == nil && !filepath.IsAbs(at) {
			err = fmt.Errorf("location %q is not absolute", location)
		}
		return at, true, err
	case scheme == "s3" || scheme == "s3a" || scheme == "s3n":
		return "", false, nil
	}
	return "", false, fmt.Errorf("location %q: files can lie in folders (file://) and in object stores (s3://)", location)
}

// copyPath returns where the copy of an object is.
func (l *located) copyPath(location string) string {
	sum := sha256.Sum256([]byte(location))
	name := path.Base(location)
	if !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) {
		name = "object"
	}
	return filepath.Join(l.dir, hex.EncodeToString(sum[:8]), name)
}

// path returns where a file is on this machine.
func (l *located) path(location string) (string, error) {
	at, isLocal, err := localPath(location)
	if isLocal || err != nil {
		return at, err
	}
	at = l.copyPath(location)
	if _, err := os.Lstat(at); err == nil {
		return at, nil
	}
	store, bucket, key, err := l.store(location)
	if err != nil {
		return "", err
	}
	info, err := store.Stat(l.ctx, bucket, key)
	if err != nil {
		return "", err
	}
	w, err := newCopy(at)
	if err != nil {
		return "", err
	}
	err = errors.Join(store.Copy(l.ctx, bucket, key, info.Size, w), w.Close())
	if err == nil {
		err = os.Rename(w.Name(), at)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(w.Name()))
	}
	return at, nil
}

// newCopy makes a file beside the path at, whose name no other has.
func newCopy(at string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		return nil, err
	}
	return os.CreateTemp(filepath.Dir(at), "*.tmp")
}

func (l *located) Open(location string) (icebergio.File, error) {
	at, err := l.path(location)
	if err != nil {
		return nil, err
	}
	return os.Open(at)
}

// Remove removes a file; one that is not there is removed.
func (l *located) Remove(location string) error {
	at, isLocal, err := localPath(location)
	if err != nil {
		return err
	}
	if !isLocal {
		at = l.copyPath(location)
		store, bucket, key, err := l.store(location)
		if err == nil {
			err = store.Remove(l.ctx, bucket, key)
		}
		if err != nil {
			return err
		}
	}
	if err := os.Remove(at); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Create makes a file, which is there when it is closed.
func (l *located) Create(location string) (icebergio.FileWriter, error) {
	at, isLocal, err := localPath(location)
	if err != nil {
		return nil, err
	}
	if isLocal {
		if err := staging.MakeFolders(filepath.Dir(at)); err != nil {
			return nil, err
		}
		f, err := staging.CreateFile(at)
		if err != nil {
			return nil, err
		}
		return &locatedFile{File: f, done: func() error { return staging.SyncDir(filepath.Dir(at)) }}, nil
	}
	at = l.copyPath(location)
	f, err := newCopy(at)
	if err != nil {
		return nil, err
	}
	return &locatedFile{File: f, done: func() error {
		if err := os.Rename(f.Name(), at); err != nil {
			return err
		}
		return l.send(l.ctx, at, location)
	}}, nil
}

// locatedFile is a file that is written, durable once it is closed.
type locatedFile struct {
	*os.File
	done func() error
}

func (f *locatedFile) Close() error {
	if err := errors.Join(f.Sync(), f.File.Close()); err != nil {
		return err
	}
	return f.done()
}

func (l *located) WriteFile(location string, content []byte) error {
	w, err := l.Create(location)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return errors.Join(err, w.Close())
}

// put makes a file of this machine one at a location.
func (l *located) put(ctx context.Context, file, location string) error {
	at, isLocal, err := localPath(location)
	if err != nil {
		return err
	}
	if isLocal {
		if err := staging.Link(file, at); err != nil {
			return err
		}
		return staging.SyncDir(filepath.Dir(at))
	}
	at = l.copyPath(location)
	if err := staging.Link(file, at); err != nil {
		return err
	}
	return l.send(ctx, at, location)
}

func (l *located) send(ctx context.Context, file, location string) error {
	store, bucket, key, err := l.store(location)
	if err != nil {
		return err
	}
	return store.PutFile(ctx, bucket, key, file)
}

// listed is a file that lies below a location.
type listed struct {
	location string
	modified time.Time
}

// list lists the files in the folder at a location.
func (l *located) list(ctx context.Context, location string) ([]listed, error) {
	dir, isLocal, err := localPath(location)
	if err != nil {
		return nil, err
	}
	var all []listed
	if isLocal {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		for _, e := range entries {
			if info, err := e.Info(); err == nil && !e.IsDir() {
				all = append(all, listed{location + "/" + e.Name(), info.ModTime()})
			}
		}
		return all, err
	}
	store, bucket, prefix, err := l.store(location + "/")
	if err != nil {
		return nil, err
	}
	for info, err := range store.List(ctx, bucket, prefix) {
		if err != nil {
			return nil, err
		}
		all = append(all, listed{location + "/" + strings.TrimPrefix(info.Key, prefix), info.ModTime})
	}
	return all, nil
}
