package parquet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/spool"
)

// describe tells what the manifest says.
func (b bucketFormat) describe(ctx context.Context, location string) (d sinks.Description, err error) {
	f, err := b.client.Folder(location)
	if err != nil {
		return d, err
	}
	m, err := bucketManifest(ctx, f)
	if err != nil {
		return d, fmt.Errorf("opening output %q: %w", location, err)
	}
	return sinks.Description{Policy: m.Policy, Tables: m.Tables}, nil
}

// fetchTables fetches the files of tables into the folder dir.
func fetchTables(ctx context.Context, f *bucket.Folder, dir string, opts sinks.SQLOptions) ([]sinks.TableFiles, error) {
	m, err := bucketManifest(ctx, f)
	if err != nil {
		return nil, err
	}
	var all []sinks.TableFiles
	var names []string
	for _, name := range m.Tables {
		if opts.Wants(name) {
			all, names = append(all, m.filesOf(name, dir)), append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	return all, f.Fetch(ctx, dir, filesOf(m.Parts, names))
}

// inspect checks the objects of a dataset against its manifest, a part at a time.
func (b bucketFormat) inspect(ctx context.Context, location string) (*sinks.Inspection, error) {
	f, err := b.client.Folder(location)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		found, etag, err := inspectStored(ctx, f)
		if err != nil || len(found.Damaged) == 0 || try == bucket.ReadTries {
			return found, err
		}
		// What a run replaced meanwhile is missing, and no damage.
		if now, err := bucketManifest(ctx, f); err != nil || now.etag == etag {
			return found, ctx.Err()
		}
	}
}

func inspectStored(ctx context.Context, f *bucket.Folder) (_ *sinks.Inspection, etag string, err error) {
	found := &sinks.Inspection{Kind: formatName}
	m, err := bucketManifest(ctx, f)
	if _, isOther := errors.AsType[*manifestError](err); isOther {
		found.Found(sinks.Damage, "manifest", "", manifestName, "%v", err)
		return found, "", nil
	} else if errors.Is(err, fs.ErrNotExist) {
		return nil, "", &sinks.RefusedError{Path: f.Location, Reason: "cannot be looked at: " + err.Error()}
	} else if err != nil {
		return nil, "", err
	}
	scratch, err := bucket.NewScratch()
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, scratch.Remove()) }()
	known, err := inspectDataset(m.Manifest, m.changed, found, func(p spool.Part) error {
		return inspectObject(ctx, f, scratch.Dir, p, m.SchemaVersion, found)
	})
	if err != nil {
		return nil, "", err
	}
	return found, m.etag, inspectOtherObjects(ctx, f, m.Manifest, known, found)
}

// inspectObject fetches a part into the folder dir, checks it, and removes it
// there.
func inspectObject(ctx context.Context, f *bucket.Folder, dir string, p spool.Part, version int, found *sinks.Inspection) error {
	err := f.Fetch(ctx, dir, filesOf([]spool.Part{p}, nil))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, objectstore.ErrSize):
		found.Found(sinks.Damage, "part", p.Table, p.Path, "%v", err)
		return nil
	case err != nil:
		return fmt.Errorf("fetching part: %w", err)
	}
	if err := inspectPart(ctx, dir, p, version, found); err != nil {
		return err
	}
	return os.Remove(filepath.Join(dir, filepath.FromSlash(p.Path)))
}

// inspectOtherObjects looks for objects that the manifest does not name.
func inspectOtherObjects(ctx context.Context, f *bucket.Folder, m *Manifest, known map[string]bool, found *sinks.Inspection) error {
	for info, err := range f.List(ctx, "") {
		switch name := info.Key; {
		case err != nil:
			return fmt.Errorf("looking for other objects: %w", err)
		case name == manifestName || known[name]:
		case m.isReadByGlob(name):
			found.Found(sinks.Warning, "part", tableOf(name), name, "the manifest does not know it: a run is sending it, or was killed, and a later one will remove it; whoever reads the table by a glob reads it")
		default:
			found.Found(sinks.Warning, "file", "", name, "the manifest does not know it")
		}
	}
	return nil
}
