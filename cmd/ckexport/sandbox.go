package main

import (
	"log/slog"
	"slices"

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

// confinement is what a command does with the sandbox.
type confinement struct {
	off bool         // --no-sandbox is given
	log *slog.Logger // is told what the system lacks for it
}

// confinementOf reads sandboxFlags.
func confinementOf(c *cli.Context, log *slog.Logger) confinement {
	return confinement{off: c.Bool("no-sandbox"), log: log}
}

// to confines the process to what an output takes, and to further grants.
func (c confinement) to(output sinks.Footprint, more ...sandbox.Grant) error {
	if c.off {
		return nil
	}
	state, err := sandbox.Confine(append(outputGrants(output), more...))
	if err != nil {
		return &sandboxError{err}
	}
	for _, missing := range state.Missing {
		c.log.Warn("the process is not confined in full", "missing", missing)
	}
	if state.ABI > 0 {
		c.log.Info("the process is confined", "landlock", state.ABI)
	}
	return nil
}

// warnings logs what the system lacks, for commands that log nothing else.
func warnings(std streams) *slog.Logger {
	return slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// grant grants the same access to each path.
func grant(access sandbox.Access, paths ...string) []sandbox.Grant {
	var grants []sandbox.Grant
	for _, p := range paths {
		grants = append(grants, sandbox.Grant{Path: p, Access: access})
	}
	return grants
}

// inputGrants grants what reading inputs takes, and no more.
func inputGrants(l *source.Listing) []sandbox.Grant {
	grants := grant(sandbox.Read, l.Paths...)
	if l.Network {
		grants = append(grants, sandbox.Grant{Access: sandbox.Connect})
	}
	return grants
}

// outputGrants grants what an output takes, and no more.
func outputGrants(f sinks.Footprint) []sandbox.Grant {
	grants := slices.Concat(grant(sandbox.Read, f.Read...), grant(sandbox.All, f.Own...))
	if f.Network {
		grants = append(grants, sandbox.Grant{Access: sandbox.Connect})
	}
	if f.Folder == "" {
		return grants
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
