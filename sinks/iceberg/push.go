//go:build !noiceberg

package iceberg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/bucket"
	"github.com/ckexport/ckexport/sinks/internal/contents"
)

// errMeanwhile says that somebody else changed what a run builds upon.
var errMeanwhile = errors.New("another run committed meanwhile, or another program did; run it again")

// errUnsure says that nobody knows whether the run will have been committed.
var errUnsure = errors.New("it is not known whether the run is committed, as the store did not answer: running it again tells")

// push sends what was made in a folder: files first, then the next version of each
// table, that of archives last.
type push struct {
	mirror *mirror
	dir    string // with the new versions, and what they name
	// versions has the version in the folder of each table that changes.
	versions map[string]int

	mu   sync.Mutex
	sent map[string]bool // tables whose version is there
}

// takeBackWithin bounds how long a run that failed takes to take back what it sent.
const takeBackWithin = time.Minute

// run sends everything, or takes back what it sent.
func (p *push) run(ctx context.Context) error {
	p.sent = map[string]bool{}
	began := time.Now()
	names, err := p.mirror.made(p.dir)
	if err != nil {
		return fmt.Errorf("looking at what was made: %w", err)
	}
	err = p.send(ctx, names, began)
	if err == nil || errors.Is(err, errUnsure) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackWithin)
	defer cancel()
	return errors.Join(err, p.takeBack(ctx, names))
}

func (p *push) send(ctx context.Context, names []string, began time.Time) error {
	if err := p.mirror.folder.Send(ctx, p.dir, names); err != nil {
		return fmt.Errorf("sending files: %w", err)
	}
	if err := bucket.MayCommit(began); err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for table := range p.versions {
		if table != contents.Archives {
			group.Go(func() error { return p.version(groupCtx, table) })
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := errors.Join(ctx.Err(), bucket.MayCommit(began)); err != nil {
		return err
	}
	return p.version(ctx, contents.Archives)
}

// version writes the next version of a table, on condition that there is none.
func (p *push) version(ctx context.Context, table string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(p.dir, namespace, table, metadataDir, versionName(p.versions[table])))
	if err != nil {
		return fmt.Errorf("reading what was made: %w", err)
	}
	return p.write(ctx, table, p.mirror.last[table]+1, data)
}

func (p *push) write(ctx context.Context, table string, version int, data []byte) error {
	name := metadataName(table, versionName(version))
	_, err := p.mirror.folder.Write(context.WithoutCancel(ctx), name, data, objectstore.IfAbsent())
	if err != nil {
		there, _, failed := p.mirror.folder.Read(context.WithoutCancel(ctx), name)
		switch {
		case failed == nil && bytes.Equal(there, data): // an attempt whose answer was lost wrote it
		case errors.Is(err, objectstore.ErrPrecondition):
			return fmt.Errorf("table %s: %w", table, errMeanwhile)
		case errors.Is(err, objectstore.ErrRefused):
			return fmt.Errorf("committing to table %s: %w", table, err)
		default:
			return fmt.Errorf("committing to table %s: %w: %w", table, errUnsure, err)
		}
	}
	p.mu.Lock()
	p.sent[table] = true
	p.mu.Unlock()
	// Readers look whether there is a later version than the hint says.
	_, err = p.mirror.folder.Write(context.WithoutCancel(ctx), metadataName(table, hintName), []byte(strconv.Itoa(version)), objectstore.Condition{})
	if err != nil && table == contents.Archives {
		return &sinks.CommittedError{Path: p.mirror.folder.Location, Err: err}
	}
	return err
}

// takeBack makes the versions from before those that are there the current ones,
// and removes what was sent; unless archives is there.
func (p *push) takeBack(ctx context.Context, names []string) error {
	if p.sent[contents.Archives] {
		return nil
	}
	var errs []error
	for table := range p.sent {
		last := p.mirror.last[table]
		if last == 0 { // who makes the output will replace it
			continue
		}
		if err := p.mirror.need(metadataName(table, versionName(last))); err != nil {
			errs = append(errs, err)
			continue
		}
		data, err := os.ReadFile(filepath.Join(p.mirror.dir, namespace, table, metadataDir, versionName(last)))
		if err == nil {
			err = p.write(ctx, table, last+2, data)
		}
		if err != nil && !errors.Is(err, errMeanwhile) { // else somebody else has taken it back
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("taking back, which a later run will do: %w", err)
	}
	if err := p.mirror.folder.Remove(ctx, names); err != nil {
		return fmt.Errorf("removing what was sent, which a later run will do: %w", err)
	}
	return nil
}
