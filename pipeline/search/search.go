package search

import (
	"context"
	"io"
	"sync"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/scan"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// Options says what is looked for, and where.
type Options struct {
	Archives []source.Item
	Pattern  *Pattern
	// Context is how many bytes are shown in front of a match, and behind it.
	Context int
	// Most is how many matches of an archive are shown; the others are counted.
	Most   int
	Limits decode.Limits
	Jobs   int // archives read at a time
	// OnCheckpoint is called with what was found in each checkpoint, in the order of
	// the archives.
	OnCheckpoint func(*Found) error
}

// Found is what was found in a checkpoint.
type Found struct {
	Archive      string // as the columns have it
	CheckpointID string
	Container    string // its name, or its id where it has none
	Count        int    // of all matches
	Matches      []Match
}

// Summary is what a search did.
type Summary struct {
	Matches int
	Hidden  int // matches that were counted and not shown
	// Bad tells of the archives that failed or are partial.
	Bad []schema.Archive
}

// result is what was found in an archive.
type result struct {
	archive *schema.Archive
	found   []*Found
	by      *reader
	err     error
}

// Run searches the archives. An error means that the search ended early.
func Run(ctx context.Context, opts Options) (*Summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	var reading sync.WaitGroup
	readers := make(chan *reader, opts.Jobs)
	for range opts.Jobs {
		r := newReader(&opts)
		defer r.beside.Close()
		readers <- r
	}
	defer reading.Wait()
	defer cancel()
	results := make([]chan result, len(opts.Archives))
	for i := range results {
		results[i] = make(chan result, 1)
	}
	reading.Go(func() { // readers are lent in the order of the archives, so the next result is always on its way
		for i, a := range opts.Archives {
			select {
			case <-ctx.Done():
				return
			case r := <-readers:
				reading.Go(func() { results[i] <- r.read(ctx, a) })
			}
		}
	})
	s := &Summary{}
	for _, next := range results {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case r := <-next:
			err := s.add(&opts, r)
			readers <- r.by
			if err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

func (s *Summary) add(opts *Options, r result) error {
	if r.err != nil {
		return r.err
	}
	if r.archive.Status != decode.StatusOK {
		s.Bad = append(s.Bad, *r.archive)
	}
	for _, f := range r.found {
		s.Matches += f.Count
		s.Hidden += f.Count - len(f.Matches)
		if err := opts.OnCheckpoint(f); err != nil {
			return err
		}
	}
	return nil
}

// reader reads archives one after another.
type reader struct {
	opts    *Options
	decoder decode.Decoder
	beside  *scan.Beside
}

// tables tell what a match stands in; in the last ones, payloads are.
var tables = []string{
	"checkpoints", "processes", "memory_mappings", "shared_memory", "filesystem_entries", "ghost_files",
	"pipe_buffers", "socket_queues", "tcp_streams", "ttys", "ipc_objects", "bpf_maps",
}

func newReader(opts *Options) *reader {
	r := &reader{opts: opts, beside: scan.NewBeside()}
	r.decoder.Limits, r.decoder.Undigested = opts.Limits, true
	for _, name := range tables {
		if t, ok := schema.Lookup(name); ok {
			r.decoder.Tables = append(r.decoder.Tables, t)
		}
	}
	return r
}

func (r *reader) read(ctx context.Context, in source.Item) result {
	s := &session{opts: r.opts, beside: r.beside}
	r.decoder.CopyContent = func(c decode.Content) io.Writer {
		if to := s.content(c); to != nil {
			return to
		}
		return nil // and no nil pointer in an interface
	}
	r.decoder.ReadPages, r.decoder.CopyPayload = s.pages, s.payload
	decoded, err := r.decoder.Decode(ctx, in)
	if err != nil {
		return result{by: r, err: err}
	}
	out := result{by: r, archive: &decoded.Archive}
	for i, rows := range decoded.Checkpoints {
		out.found = append(out.found, s.foundIn(&decoded.Archive, rows, &decoded.Copies[i]))
	}
	return out
}
