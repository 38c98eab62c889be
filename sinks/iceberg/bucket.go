//go:build !noiceberg

package iceberg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/internal/contents"
)

// BucketFormat returns the kind of output that is a Hadoop-style catalog in an
// object store. Its files are queried with the engine, which is nil in builds that
// have none.
//
// # Commits
//
// Version N of a table's metadata is written on condition that there is none yet
// (If-None-Match), so one of several writers makes it. A run works on a mirror of
// the metadata in a folder of this machine, and pushes what it made there: files
// with rows and manifests, whose names are unique; then the next version of each
// table; that of archives last. What a reader may see until then is as for an
// output in a folder. A run that somebody else came before at any table takes back
// what it did, and fails.
//
// What replaces an output (--overwrite, compact, forget) can't take its place in
// one step here. It is a generation: the next version of each table is one of an
// output that is made anew, and tells the version before it. Readers who take the
// generation that archives has, as this program does, see the old output until
// archives is replaced. Others may see some tables as they will be, and some as
// they were. When archives is there, all that the old output had is removed.
//
// A run that was killed while it committed is found by versions that archives does
// not know. As other machines' runs can't be told from killed ones, they count as
// alive for aliveFor, and writers are refused. Then the next writer makes a version
// of archives first: if the run is alive after all, it can't commit any more. After
// that it makes the versions from before the current ones.
func BucketFormat(engine sinks.Engine, store objectstore.Options) sinks.Format {
	b := bucketFormat{bucket.NewClient(store)}
	f := format()
	f.Scheme = bucket.Scheme
	f.Check, f.Open = b.client.Check(metadataName(contents.Archives, versionName(1))), b.open
	f.Recognise, f.Footprint, f.Describe, f.Inspect, f.Rewrite = b.recognise, bucket.QueryFootprint, b.describe, b.inspect, b.rewrite
	f.OpenSQL, f.Part = b.client.OpenSQL(engine, fetchTables), b.client.Part(fetchTables)
	f.Staging, f.PeekLedger = b.client.Staging, b.peekLedger
	return f
}

type bucketFormat struct{ client *bucket.Client }

// recognise tells whether there is a table of archives.
func (b bucketFormat) recognise(ctx context.Context, location string) (bool, error) {
	f, err := b.client.Folder(location)
	if err != nil {
		return false, err
	}
	last, err := lastArchives(ctx, f)
	if err == nil && last == 0 {
		err = fmt.Errorf("%s: there is no output: %w", location, fs.ErrNotExist)
	}
	return err == nil, err
}

// bucketBase returns the output of a mirror, nil if there is none, and refuses what
// is not ours.
func bucketBase(m *mirror) (*warehouse, error) {
	if !m.isThere() {
		for name := range m.listed {
			parts := strings.Split(name, "/")
			if len(parts) != 4 || parts[0] != namespace || !isTable(parts[1]) {
				return nil, &sinks.RefusedError{Path: m.folder.Location, Reason: "is not ours: it has no table of archives and is not empty"}
			}
		}
		return nil, nil
	}
	w, err := openWarehouse(m.files())
	if err != nil {
		return nil, &sinks.RefusedError{Path: m.folder.Location, Reason: "is not ours, or damaged: " + err.Error()}
	}
	return w, nil
}

func isTable(name string) bool {
	_, ok := schema.Lookup(name)
	return ok
}

// describe tells what the metadata says.
func (b bucketFormat) describe(ctx context.Context, location string) (sinks.Description, error) {
	return bucket.Read(b.client, location, func(f *bucket.Folder, dir string) (d sinks.Description, err error) {
		m, err := openMirror(ctx, f, dir, "")
		if err != nil {
			return d, err
		}
		w, err := openWarehouse(m.files())
		if err != nil {
			return d, fmt.Errorf("opening output %q: %w", location, err)
		}
		return w.description(), nil
	})
}

func fetchTables(ctx context.Context, f *bucket.Folder, dir string, opts sinks.SQLOptions) ([]sinks.TableFiles, error) {
	m, err := openMirror(ctx, f, dir, "")
	if err != nil {
		return nil, err
	}
	w, err := openWarehouse(m.files())
	if err != nil {
		return nil, err
	}
	wanted := w.named(opts)
	if len(wanted) == 0 {
		return nil, nil
	}
	if err := m.prefetch(ctx, wanted); err != nil {
		return nil, err
	}
	return w.tableFiles(wanted)
}

// named returns the tables that queries name.
func (w *warehouse) named(opts sinks.SQLOptions) []string {
	wanted := []string{}
	for _, name := range w.contents.Tables {
		if opts.Wants(name) {
			wanted = append(wanted, name)
		}
	}
	return wanted
}

// inspect fetches all of an output, and checks it as one in a folder.
func (b bucketFormat) inspect(ctx context.Context, location string) (_ *sinks.Inspection, err error) {
	if ok, err := b.recognise(ctx, location); errors.Is(err, fs.ErrNotExist) || err == nil && !ok {
		return nil, &sinks.RefusedError{Path: location, Reason: "cannot be looked at: there is no output"}
	} else if err != nil {
		return nil, err
	}
	f, err := b.client.Folder(location)
	if err != nil {
		return nil, err
	}
	scratch, err := bucket.NewScratch()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, scratch.Remove()) }()
	for try := 1; ; try++ {
		m, err := openMirror(ctx, f, filepath.Join(scratch.Dir, fmt.Sprint(try)), "")
		if err != nil {
			return nil, err
		}
		if err := m.prefetch(ctx, nil); err != nil {
			return nil, err
		}
		found := &sinks.Inspection{Kind: formatName}
		if err := inspectIn(ctx, m.files(), found); err != nil {
			return nil, err
		}
		// What a run replaced meanwhile is missing, and no damage.
		if last, err := lastArchives(ctx, f); err != nil || last == m.last[contents.Archives] || try == bucket.ReadTries {
			return found, err
		}
		if err := os.RemoveAll(m.dir); err != nil {
			return nil, err
		}
	}
}
