package sinks

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Format is a kind of output: all that the rest of the program knows of it.
//
// Where an output lies is a location that only its format interprets: a path,
// or with Scheme anything else.
type Format struct {
	// Name is the kind's name, such as parquet.
	Name string
	// Suffixes are the endings of the locations of such outputs, such as
	// .parquet; any ending will do if there are none.
	Suffixes []string
	// Scheme is what their locations begin with, such as s3 in s3://bucket/x;
	// empty for paths of files and folders.
	Scheme string
	// Missing says why this build has no more than the fields above; empty for a
	// format that it has.
	Missing string
	// LeastMemory is how many bytes of memory a process needs to write such an
	// output, where that is more than any run takes.
	LeastMemory int64
	// OutsideHeap is how many bytes a run takes for such an output that Go's collector
	// does not see.
	OutsideHeap int64

	// Check fails with *RefusedError where no output can be at location, as its
	// folder does not exist. It changes nothing: a run asks before it begins.
	Check func(ctx context.Context, location string) error
	// Open opens or begins the output at location. It fails with *RefusedError
	// where something is there that must not be touched.
	Open func(ctx context.Context, location string, opts Options) (Sink, error)

	// The others are for an output that is there.

	// Recognise tells whether it is of this kind, whatever its ending. An error
	// says that it could not be looked at; it wraps fs.ErrNotExist if nothing is
	// there.
	Recognise func(ctx context.Context, location string) (bool, error)
	// Footprint tells what OpenSQL, Part and Inspect touch, dir of Part aside.
	Footprint func(ctx context.Context, location string) (Footprint, error)
	// OpenSQL opens it for queries, which get at nothing else. It is nil where
	// this build has nothing that could answer them.
	OpenSQL func(ctx context.Context, location string, opts SQLOptions) (*sql.DB, error)
	// Part returns what it is as a part of a fleet, with the tables wanted as far
	// as it has them; nil of wanted is for all. With Scheme, dir is the path of a
	// folder for copies of files, which need not be there yet: the caller removes it
	// once the fleet is closed.
	Part func(ctx context.Context, location string, wanted []string, dir string) (Part, error)
	// Describe tells what tables it has, and how they were made.
	Describe func(ctx context.Context, location string) (Description, error)
	// Inspect checks what it is made of, and changes nothing. It fails with
	// *RefusedError where something else is there.
	Inspect func(ctx context.Context, location string) (*Inspection, error)
	// Rewrite changes it as a whole: it removes checkpoints, or puts its rows in
	// order, in one step for anyone who looks. It fails with *RefusedError where
	// there is no output of ours. What it returns beside an error says whether the
	// output is changed nevertheless.
	Rewrite func(ctx context.Context, location string, opts Options, what Rewrite) (*Rewritten, error)

	// The last two are for runs that several processes do a part of; nil where the
	// format takes none.

	// Staging is the place of the run with that name, which need not be there.
	Staging func(location, run string) (StagingPlace, error)
	// PeekLedger reads the ledger of an output that others may write to, empty if
	// there is no output. It fails with *RefusedError where a run with these options
	// could not add to it, or replace it.
	PeekLedger func(ctx context.Context, location string, opts Options) (*Ledger, error)
}

// hasScheme tells whether a location is one that the format interprets.
func (f Format) hasScheme(location string) bool {
	scheme, _, isURL := strings.Cut(location, "://")
	return !isURL && f.Scheme == "" || isURL && strings.EqualFold(scheme, f.Scheme)
}

// isNamedBy tells whether a location is that of an output of this kind by its
// scheme and its ending.
func (f Format) isNamedBy(location string) bool {
	return f.hasScheme(location) && (len(f.Suffixes) == 0 || slices.ContainsFunc(f.Suffixes, func(s string) bool {
		return strings.EqualFold(path.Ext(location), s)
	}))
}

// Formats are the kinds of output of a program.
type Formats []Format

// For returns the format of an output that is to be written, as its location
// names it.
func (all Formats) For(location string) (Format, error) {
	var known []string
	for _, f := range all {
		switch {
		case f.isNamedBy(location) && f.Missing != "":
			return Format{}, &RefusedError{Path: location, Reason: f.Missing}
		case f.isNamedBy(location):
			return f, nil
		case f.Missing == "" && f.hasScheme(location):
			known = append(known, f.Suffixes...)
		}
	}
	if len(known) == 0 {
		return Format{}, &RefusedError{Path: location, Reason: "outputs can't lie there"}
	}
	return Format{}, &RefusedError{Path: location, Reason: fmt.Sprintf("the kind of output is told by its ending, one of %s", strings.Join(known, ", "))}
}

// At returns the format of the output that is at location: the one that
// recognises it, else the one that the location names, for which it then is a
// damaged output.
func (all Formats) At(ctx context.Context, location string) (Format, error) {
	var failure error
	for _, f := range all {
		if f.Missing != "" || !f.hasScheme(location) {
			continue
		}
		ok, err := f.Recognise(ctx, location)
		if ok {
			return f, nil
		}
		if failure == nil {
			failure = err
		}
	}
	if failure == nil {
		return all.For(location)
	}
	var ofPath *fs.PathError
	switch {
	case ctx.Err() != nil:
		return Format{}, ctx.Err()
	case errors.As(failure, &ofPath):
		failure = ofPath.Err // the path is named already
	case !errors.Is(failure, fs.ErrNotExist):
		return Format{}, fmt.Errorf("looking at output %q: %w", location, failure)
	}
	return Format{}, &RefusedError{Path: location, Reason: "cannot be looked at: " + failure.Error(), Err: failure}
}
