package parquet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/spool"
)

// BucketFormat returns the kind of output that is a dataset in an object store:
// the objects are those of a dataset folder, of a single table too. Its files are
// queried with the engine, which is nil in builds that have none.
//
// # Commits
//
// A run writes its parts to a folder on this machine, which therefore needs room
// for what one run adds, and sends them when it commits. Their names have the
// run's id in them, so no two runs write the same object, and no object with rows
// ever changes. Then the run replaces the manifest, on condition that it still is
// the one that the run has read (If-Match), or that there still is none
// (If-None-Match): the store lets one of several writers through. Who reads by the
// manifest sees the dataset as before a run or as after it.
//
// A run that others came before reads the new manifest. If that has the run's id,
// an attempt had succeeded whose answer was lost. Else the run takes the other
// one's for its base (see rebase), or fails and removes what it sent.
//
// Parts that a rewrite replaced are removed once its manifest is there. A reader
// who has an older manifest may then miss one: queries begin anew. What killed runs
// sent, the next run removes (bucket.RemoveStrays).
func BucketFormat(engine sinks.Engine, store objectstore.Options) sinks.Format {
	b := bucketFormat{bucket.NewClient(store)}
	return sinks.Format{
		Name: formatName, Suffixes: []string{".parquet"}, Scheme: bucket.Scheme,
		Check: b.client.Check(manifestName), Open: b.open,
		Recognise: b.recognise, Footprint: bucket.QueryFootprint, Describe: b.describe, Inspect: b.inspect, Rewrite: b.rewrite,
		OpenSQL: b.client.OpenSQL(engine, fetchTables), Part: b.client.Part(fetchTables),
		Staging: b.client.Staging, PeekLedger: b.peekLedger,
	}
}

type bucketFormat struct{ client *bucket.Client }

// recognise tells whether there is a dataset's manifest.
func (b bucketFormat) recognise(ctx context.Context, location string) (bool, error) {
	f, err := b.client.Folder(location)
	if err != nil {
		return false, err
	}
	_, err = bucketManifest(ctx, f)
	if errors.Is(err, fs.ErrNotExist) || ctx.Err() != nil {
		return false, err
	}
	_, failed := errors.AsType[*manifestError](err)
	return err == nil || failed, err
}

// storedManifest is a manifest as an object.
type storedManifest struct {
	*Manifest
	etag    string
	changed error // that it does not have the digest it states
}

// manifestError says that an object is no manifest that this version reads.
type manifestError struct{ err error }

func (e *manifestError) Error() string { return e.err.Error() }
func (e *manifestError) Unwrap() error { return e.err }

// bucketManifest reads the manifest of a dataset. The error wraps fs.ErrNotExist
// where there is none, or a *manifestError.
func bucketManifest(ctx context.Context, f *bucket.Folder) (*storedManifest, error) {
	data, etag, err := f.Read(ctx, manifestName)
	if err != nil {
		return nil, fmt.Errorf("reading manifest: %w", err)
	}
	m, err := parseManifest(data)
	if err != nil {
		return nil, &manifestError{err}
	}
	return &storedManifest{m, etag, m.check(data)}, nil
}

// bucketBase returns the manifest of the dataset that a run builds upon, nil if
// there is none, and refuses what is not ours.
func bucketBase(ctx context.Context, f *bucket.Folder) (*storedManifest, error) {
	m, err := bucketManifest(ctx, f)
	switch _, isOther := errors.AsType[*manifestError](err); {
	case err == nil:
		return m, nil
	case isOther:
		return nil, &sinks.RefusedError{Path: f.Location, Reason: "is not ours: " + err.Error()}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("looking at output %q: %w", f.Location, err)
	}
	for info, err := range f.List(ctx, "") {
		if err != nil {
			return nil, fmt.Errorf("looking at output %q: %w", f.Location, err)
		}
		if _, isPart := bucket.RunOfPart(info.Key); !isPart { // parts are those of runs that have not committed
			return nil, &sinks.RefusedError{Path: f.Location, Reason: "is not ours: it has no " + manifestName + " and is not empty"}
		}
	}
	return nil, nil
}

// condition is that the manifest still is what a run has read; m is nil for none.
func condition(m *storedManifest) objectstore.Condition {
	if m == nil {
		return objectstore.IfAbsent()
	}
	return objectstore.IfIs(m.etag)
}

// removeStrays removes what killed runs left of a dataset.
func removeStrays(ctx context.Context, f *bucket.Folder, m *storedManifest) error {
	named, runs := map[string]bool{}, map[string]bool{}
	if m != nil {
		for _, p := range m.Parts {
			named[p.Path] = true
		}
		for _, r := range m.Runs {
			runs[r.ID] = true
		}
	}
	err := f.RemoveStrays(ctx, "", func(name string) bool { return named[name] }, func(run string) bool { return runs[run] })
	if err != nil {
		return fmt.Errorf("removing what killed runs left in %q: %w", f.Location, err)
	}
	return nil
}

// filesOf returns parts as what is fetched, of the tables, or of all for nil.
func filesOf(parts []spool.Part, tables []string) []bucket.File {
	var files []bucket.File
	for _, p := range parts {
		if tables == nil || slices.Contains(tables, p.Table) {
			files = append(files, bucket.File{Name: p.Path, Bytes: p.Bytes})
		}
	}
	return files
}

// namesOf returns the objects of parts.
func namesOf(parts []spool.Part) []string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.Path
	}
	return names
}
