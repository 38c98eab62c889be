// Package sinks says what an output is to the pipeline: something that takes
// record batches of tables and makes them visible together. Each kind of
// output lives in a package of its own below this one; which kinds a binary
// has is the command's choice, so that a build without DuckDB leaves it out.
package sinks

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
)

// Sink is one output, opened for one run. Its methods are called by one
// goroutine at a time.
type Sink interface {
	// Footprint tells what the run writes to.
	Footprint() Footprint
	// Ledger tells what earlier runs committed to the output.
	Ledger(ctx context.Context) (*Ledger, error)
	// Write adds rows of a table to the run; nobody sees them before Commit.
	// The sink does not keep the batch: the caller releases it.
	Write(ctx context.Context, table *schema.Table, batch arrow.RecordBatch) error
	// Commit makes all rows of the run visible in one step. Without any, it
	// creates the output if there is none, with every table empty. It may be
	// called once.
	Commit(ctx context.Context) error
	// Close drops what was not committed and frees the output.
	Close() error
}

// Footprint is what a sink touches from Open to the end of Close, for a
// process that gives up its rights to everything else.
type Footprint struct {
	// Own lists what the sink reads, writes and removes with all that is below:
	// the output, which need not exist yet, and the folder it is made in. Files
	// are linked and moved from one to the other.
	Own []string
	// Folder is the folder of the output. Names are made, exchanged and removed
	// in it; what its other files hold is neither read nor written.
	Folder string
	// Moves says that files are moved from Own into Folder, rather than folders renamed.
	Moves bool
	// Writes says that files are also made and written in Folder itself: a
	// database keeps its log there.
	Writes bool
}

// Ledger is what an output knows of the archives it was made from.
type Ledger struct {
	// Archives holds the latest row of every source, by its path.
	Archives map[string]LedgerArchive
	// Checkpoints holds the id of every checkpoint in the output.
	Checkpoints map[string]bool
	// Programs holds the key of every row of seccomp_programs in the output.
	Programs map[Program]bool
}

// NewLedger returns the ledger of an output that has nothing yet.
func NewLedger() *Ledger {
	return &Ledger{Archives: map[string]LedgerArchive{}, Checkpoints: map[string]bool{}, Programs: map[Program]bool{}}
}

// Program is the key of a row of seccomp_programs.
type Program struct{ SHA256, ByteOrder string }

// LedgerArchive is what a ledger knows of one archive.
type LedgerArchive struct {
	SizeBytes    uint64
	ModifiedAt   time.Time // microseconds, UTC
	Status       schema.Status
	Error        string // as archives.error
	CheckpointID string
}

// Options says how to open an output.
type Options struct {
	// Tables are the tables to keep, in order. The ledger needs archives and
	// checkpoints; a sink that lacks one keeps their facts in its own way.
	Tables []*schema.Table
	// Overwrite replaces an existing output of ours when the run commits.
	Overwrite bool
	// LockTimeout is how long Open waits for an output that another run writes
	// to; 0 refuses it at once.
	LockTimeout time.Duration
	// OnWait, if not nil, is called when Open begins to wait.
	OnWait func()
	// MemoryBytes is how much memory the process may take; 0 leaves it to the sink.
	MemoryBytes int64
	// RunID names the run; it is unique and fit for a file name.
	RunID string
	// Version is the tool's version, kept in the output.
	Version string
	// Redaction says which secrets are replaced, and under which key; empty for
	// none. It is kept in the output, which rows of another one are not added to.
	Redaction string
	// Views are made inside outputs that can hold them.
	Views []View
}

// View is a named query that ships with the tool.
type View struct {
	Name    string
	Comment string
	SQL     string   // a SELECT over the tables, and over views before this one
	Tables  []string // the tables it needs; without one of them it is left out
	// Params are the parameters, each "name := default". With any, it is no view
	// but a table macro: SELECT * FROM name(), or name(parameter := value).
	Params []string
}

// Format is a kind of output.
type Format struct {
	// Name is the kind's name, such as parquet.
	Name string
	// Suffixes are the endings of the paths of such outputs, such as .parquet.
	Suffixes []string
	// Open opens or begins the output at path. It fails with *RefusedError
	// where something is there that must not be touched.
	Open func(ctx context.Context, path string, opts Options) (Sink, error)
	// Rewrite changes the output at path as a whole: it removes checkpoints, or
	// puts its rows in order, in one step for anyone who looks. It fails with
	// *RefusedError where there is no output of ours.
	Rewrite func(ctx context.Context, path string, opts Options, what Rewrite) (*Rewritten, error)
	// Inspect checks the files of the output at path, and changes nothing. It
	// fails with *RefusedError where something else is there.
	Inspect func(ctx context.Context, path string) (*Inspection, error)
}

// Rewrite says how an output is to be changed.
type Rewrite struct {
	// Forget chooses the checkpoints to remove, among those that the output
	// has, and may give rows that are added in their place; nil removes none.
	Forget func([]Checkpoint) (ids map[string]bool, add *schema.Rows, err error)
	// Compact merges what the runs have added, sorted by checkpoint, and gives
	// back space that is no longer used.
	Compact bool
}

// Checkpoint is what retention needs to know of a checkpoint.
type Checkpoint struct {
	ID string
	// The others are empty or zero where the output does not tell.
	ContainerID, ContainerName, Source string
	TakenAt                            time.Time // checkpointed_at, else dumped_at
}

// Rewritten says what a rewrite did.
type Rewritten struct {
	Changed                bool
	Rows                   uint64 // rows removed
	FilesBefore, Files     int
	BytesBefore, BytesSize int64
}

// FormatOf returns the format whose suffix the path has.
func FormatOf(formats []Format, path string) (Format, error) {
	var known []string
	for _, f := range formats {
		for _, s := range f.Suffixes {
			if strings.EqualFold(filepath.Ext(path), s) {
				return f, nil
			}
			known = append(known, s)
		}
	}
	return Format{}, &RefusedError{Path: path, Reason: fmt.Sprintf("the kind of output is told by its ending, one of %s", strings.Join(known, ", "))}
}

// CommittedError says that a run failed when its rows were in the output
// already: they are all visible, and the next run puts the rest in order.
type CommittedError struct {
	Path string
	Err  error
}

func (e *CommittedError) Error() string {
	return fmt.Sprintf("output %q has all rows of the run, but then this went wrong: %v", e.Path, e.Err)
}

func (e *CommittedError) Unwrap() error { return e.Err }

// RefusedError says that an output is not written to, and why: it is not ours,
// of another schema version, or holds other tables than asked for.
type RefusedError struct {
	Path   string
	Reason string
}

func (e *RefusedError) Error() string { return fmt.Sprintf("output %q: %s", e.Path, e.Reason) }
