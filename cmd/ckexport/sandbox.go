package main

import (
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/cmd/ckexport/internal/sandbox"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/sinks"
)

func sandboxFlags() []cli.Flag {
	return []cli.Flag{&cli.BoolFlag{Name: "no-sandbox", Usage: "do not confine the process to its inputs and its output"}}
}

// sandboxError says that the sandbox could not be set up.
type sandboxError struct{ err error }

func (e *sandboxError) Error() string { return "confining the process: " + e.err.Error() }

func (e *sandboxError) Unwrap() error { return e.err }

const sandboxHint = "--no-sandbox goes on without"

// confine confines the process to the grants. What the system lacks for it
// is logged.
func confine(log *slog.Logger, grants []sandbox.Grant) error {
	state, err := sandbox.Confine(grants)
	if err != nil {
		return &sandboxError{err}
	}
	for _, missing := range state.Missing {
		log.Warn("the process is not confined in full", "missing", missing)
	}
	if state.ABI > 0 {
		log.Info("the process is confined", "landlock", state.ABI)
	}
	return nil
}

// readGrants grants reading.
func readGrants(paths []string) []sandbox.Grant {
	var grants []sandbox.Grant
	for _, p := range paths {
		grants = append(grants, sandbox.Grant{Path: p, Access: sandbox.Read})
	}
	return grants
}

// inputGrants grants what reading inputs takes, and no more.
func inputGrants(l *source.Listing) []sandbox.Grant { return readGrants(l.Paths) }

// outputGrants grants what a sink needs, and no more.
func outputGrants(f sinks.Footprint) []sandbox.Grant {
	var grants []sandbox.Grant
	for _, p := range f.Own {
		grants = append(grants, sandbox.Grant{Path: p, Access: sandbox.All})
	}
	access := sandbox.Entries
	if f.Moves {
		access |= sandbox.Files | sandbox.Moves
	}
	if f.Writes { // and reads what it wrote, where a commit is left in the log
		access |= sandbox.Files | sandbox.Write | sandbox.Read
	}
	return append(grants, sandbox.Grant{Path: f.Folder, Access: access})
}

// queryGrants grants reading an output, and the folder it lies in: while a
// query runs, a run may put a new one in its place.
func queryGrants(output string) ([]sandbox.Grant, error) {
	resolved, err := filepath.EvalSymlinks(output)
	if err != nil {
		return nil, fmt.Errorf("opening output: %w", err)
	}
	return readGrants([]string{filepath.Dir(resolved)}), nil
}

// verifyGrants grants reading an output and the inputs it is compared with,
// and all of the temporary folder, which is removed in the end.
func verifyGrants(output, temp string, inputs *source.Listing) ([]sandbox.Grant, error) {
	grants, err := queryGrants(output)
	if err != nil {
		return nil, err
	}
	grants = append(grants, inputGrants(inputs)...)
	return append(grants, sandbox.Grant{Path: temp, Access: sandbox.All}, sandbox.Grant{Path: filepath.Dir(temp), Access: sandbox.Entries}), nil
}
