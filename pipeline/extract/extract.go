// Package extract takes contents out of archives, as files: what was captured of
// the container's files, deleted files, the memory of processes, core dumps, what
// waits in pipes and sockets, logs, images.
//
// It has no reader of archives of its own. Package decode goes through an archive
// as for an export, shows each file that passes by (decode.Content) and hands the
// pages of memory to one more consumer; when it has ended, its rows tell what all
// of that was: paths, owners, mappings, registers. So what an archive may look
// like, and what it may cost, is settled there alone.
//
// What is taken first goes to files without a name of their own, as it is known
// at the end only to which checkpoint it belongs and where a capture was mounted.
// What is wanted then gets its name and its line in the manifest, archive by
// archive in the order of the inputs; the rest is removed. Nothing that an
// archive says becomes a name, a link, a device or a permission.
package extract

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// Options says what is extracted, and to where.
type Options struct {
	Archives  []source.Item
	Selection Selection
	// Wanted are the checkpoints to extract from, each with the id that the manifest
	// gives it: that of an output, for which the images' id may not tell apart. nil
	// are all.
	Wanted map[Checkpoint]string
	Limits decode.Limits
	Jobs   int // archives read at a time
	To     *Folder
	// OnItem is called for each item that was written.
	OnItem func(Item)
}

// Checkpoint names a checkpoint of an archive: by the archive's source as ledgers have
// it, and the id that is made of the checkpoint's images and metadata.
type Checkpoint struct{ Source, ImagesID string }

// Summary is what an extraction did.
type Summary struct {
	Items    int
	Bytes    uint64 // of their contents
	Archives int    // that were read
	// Checkpoints are those that were looked into.
	Checkpoints map[Checkpoint]bool
	// Bad tells of the archives that failed or are partial.
	Bad []schema.Archive
	// NotFound names the selectors that nothing was found for.
	NotFound []string
}

// Run extracts. What is wrong with archives is in the summary; an error means that
// the extraction ended early, with whole files only.
func Run(ctx context.Context, opts Options) (*Summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	readers := make(chan *reader, opts.Jobs)
	for range opts.Jobs {
		readers <- newReader(&opts)
	}
	results := make([]chan found, len(opts.Archives))
	for i := range results {
		results[i] = make(chan found, 1)
	}
	started := make(chan struct{})
	var reading sync.WaitGroup
	go func() { // readers are lent in the order of the archives, so the next result is always on its way
		defer close(started)
		for i, a := range opts.Archives {
			select {
			case <-ctx.Done():
				return
			case r := <-readers:
				reading.Go(func() { results[i] <- r.read(ctx, a) })
			}
		}
	}()
	defer func() { // what was read in vain
		cancel()
		<-started
		reading.Wait()
		for _, r := range results {
			select {
			case f := <-r:
				f.session.discard()
			default:
			}
		}
	}()
	s := &summing{opts: &opts, hits: map[string]bool{}, Summary: Summary{Checkpoints: map[Checkpoint]bool{}}}
	for i := range results {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case f := <-results[i]:
			err := s.add(f)
			readers <- f.by
			if err != nil {
				return nil, err
			}
		}
	}
	return s.end(), nil
}

// summing writes what was found, archive by archive.
type summing struct {
	Summary
	opts *Options
	hits map[string]bool // selectors that something was found for
}

func (s *summing) add(f found) error {
	defer f.session.discard()
	if f.err != nil {
		return f.err
	}
	s.Archives++
	a := &f.result.Archive
	defer func() {
		if fault := recover(); fault != nil { // of this program: it costs the archive that it came about in
			a.Status, a.Error = decode.StatusFailed, new(fmt.Sprintf("a fault of this program: %v", fault))
		}
		if f.session.isOver() && a.Status == decode.StatusOK {
			a.Status, a.Error = decode.StatusPartial, new(errTooMuch.Error())
		}
		if a.Status != decode.StatusOK {
			s.Bad = append(s.Bad, *a)
		}
	}()
	for i, rows := range f.result.Checkpoints {
		of := Checkpoint{f.result.Archive.Source, rows.CheckpointID}
		id := rows.CheckpointID
		if s.opts.Wanted != nil {
			wanted, ok := s.opts.Wanted[of]
			if !ok {
				continue
			}
			id = wanted
		}
		s.Checkpoints[of] = true
		c := &checkpoint{session: f.session, id: id, archive: &f.result.Archive, rows: rows, copies: f.result.Copies[i]}
		for item, err := range c.items() {
			if err == nil {
				err = s.write(item)
			}
			if err != nil {
				return fmt.Errorf("archive %q: %w", f.result.Archive.Source, err)
			}
		}
	}
	return nil
}

func (s *summing) write(item *item) error {
	if err := s.opts.To.add(item); err != nil {
		return err
	}
	s.hits[item.selector] = true
	s.Items++
	if item.Size != nil && item.content != nil {
		s.Bytes += *item.Size
	}
	if s.opts.OnItem != nil {
		s.opts.OnItem(item.Item)
	}
	return nil
}

func (s *summing) end() *Summary {
	for _, name := range s.opts.Selection.names() {
		if !s.hits[name] {
			s.NotFound = append(s.NotFound, name)
		}
	}
	return &s.Summary
}

// reader reads archives one after another.
type reader struct {
	opts    *Options
	decoder decode.Decoder
}

// found is what a reader found in an archive.
type found struct {
	by      *reader
	session *session
	result  *decode.Result
	err     error
}

func newReader(opts *Options) *reader {
	r := &reader{opts: opts}
	r.decoder.Limits, r.decoder.Tables = opts.Limits, opts.Selection.tables()
	if len(opts.Selection.Payloads) > 0 {
		r.decoder.PayloadLimit = opts.Limits.MetadataBytes // none is larger than the image it is in
	}
	return r
}

func (r *reader) read(ctx context.Context, in source.Item) found {
	s := &session{opts: r.opts, room: usualRoom}
	r.decoder.CopyContent = func(c decode.Content) io.Writer {
		if to := s.accept(c); to != nil {
			return to
		}
		return nil // and no nil pointer in an interface
	}
	if r.opts.Selection.wantsPages() {
		r.decoder.ReadPages = s.readPages
	}
	result, err := r.decoder.Decode(ctx, in)
	if err == nil {
		err = s.failure()
	}
	return found{by: r, session: s, result: result, err: err}
}
