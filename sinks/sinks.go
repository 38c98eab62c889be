// Package sinks says what an output is to the rest of the program: something
// that takes record batches of tables and makes them visible together, and that
// can be recognised, queried, checked and rewritten later.
//
// Each kind of output is a Format, and lives in a package of its own below this
// one. Which kinds a program has is one list (Formats), made by the program;
// nothing else knows what kinds there are.
package sinks

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
)

// Sink is one output, opened for one run. Its methods are called by one
// goroutine at a time.
type Sink interface {
	// Footprint tells what the run touches from now until Close ends.
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

// Footprint is what use of an output touches on this machine, for a process
// that gives up its rights to everything else. For an output that lies elsewhere
// that is the network, and what is staged here.
type Footprint struct {
	// Read lists files and folders that are read, with all that is below.
	Read []string
	// Own lists what is read, written and removed with all that is below: the
	// output, which need not exist yet, and the folder it is made in. Files are
	// linked and moved from one to the other.
	Own []string
	// Folder, unless empty, is the folder of the output. Names are made, exchanged
	// and removed in it; what its other files hold is neither read nor written.
	Folder string
	// Moves says that files are moved from Own into Folder, rather than folders renamed.
	Moves bool
	// Network says that other machines are connected to.
	Network bool
	// Writes says that files are also made and written in Folder itself: a
	// database keeps its log there.
	Writes bool
}

// Options says how to open an output.
type Options struct {
	// Tables are the tables to keep, in order. The ledger needs archives and
	// checkpoints; a sink that lacks one keeps their facts in its own way.
	Tables []*schema.Table
	// Overwrite replaces an existing output of ours when the run commits.
	Overwrite bool
	// KeepParts leaves what earlier runs wrote as it is. Without it a commit may
	// join small files of an output that has many.
	KeepParts bool
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
	Policy
	// Views, unless nil, returns the views to make inside outputs that can hold them.
	Views func() []View
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

// RefusedError says that an output is not used, and why: it is not there, not
// ours, of another schema version, or holds other tables than asked for.
type RefusedError struct {
	Path   string
	Reason string
	Err    error // what the system said, nil for nothing
}

func (e *RefusedError) Error() string { return fmt.Sprintf("output %q: %s", e.Path, e.Reason) }

func (e *RefusedError) Unwrap() error { return e.Err }
