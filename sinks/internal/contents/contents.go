// Package contents says which tables an output has, and what may be added to
// it or changed in it: the same for every kind of output.
package contents

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// Tables that outputs need for themselves.
const (
	// Archives is the ledger: which archives an output was made from.
	Archives = "archives"
	// Digests tells checkpoints with the same images apart.
	Digests = "checkpoint_digests"
	// Forgotten tells which checkpoints were removed.
	Forgotten = "forgotten_checkpoints"
	// Checkpoints has checkpoints that Archives does not name, as an archive may
	// hold several.
	Checkpoints = "checkpoints"
	// Runs tells of runs, also of those that found nothing to read.
	Runs = "runs"
)

// Contents is what an output says of what it holds.
type Contents struct {
	SchemaVersion int
	Tables        []string
	sinks.Policy
}

// Kept returns the tables that an output has for which these were asked for:
// an output of several tables always has those of the ledger.
func Kept(asked []*schema.Table) []*schema.Table {
	kept := asked
	for _, name := range []string{Forgotten, Digests, Archives} {
		ledger, ok := schema.Lookup(name)
		if ok && !slices.Contains(kept, ledger) {
			kept = append([]*schema.Table{ledger}, kept...)
		}
	}
	return kept
}

// IsForgettable reports whether rows of the table belong to checkpoints, and
// go when these are forgotten: the ledger's stay.
func IsForgettable(table *schema.Table) bool { return table.Scope == schema.ScopeCheckpoint }

// Admit checks that a run with these options may add rows of the tables kept
// to the output at path.
func (c Contents) Admit(path string, opts sinks.Options, kept []*schema.Table) error {
	if c.SchemaVersion != schema.Version {
		return refuse(path, "made by schema version %d, this is %d; use --overwrite or another path", c.SchemaVersion, schema.Version)
	}
	wanted := Names(kept)
	if !slices.Equal(slices.Sorted(slices.Values(c.Tables)), slices.Sorted(slices.Values(wanted))) {
		return refuse(path, "holds other tables than asked for: it has %s; asked for %s; use --overwrite or another path",
			strings.Join(c.Tables, ", "), strings.Join(wanted, ", "))
	}
	if c.Redaction != opts.Redaction {
		// Equal values would no longer be equal, or secrets stand beside their
		// replacements.
		return refuse(path, "was made %s, this run is %s; use the same policy and --redact-key-file, or --overwrite or another path",
			redactFlag(c.Redaction), redactFlag(opts.Redaction))
	}
	if c.AllLogLines != opts.AllLogLines && slices.Contains(wanted, logLines) {
		// Where a line is missing, nobody could tell whether the log has none.
		return refuse(path, "was made %s, this run is %s; use the same, or --overwrite or another path",
			logsFlag(c.AllLogLines), logsFlag(opts.AllLogLines))
	}
	return nil
}

// logLines is the table that Policy.AllLogLines tells of.
const logLines = "log_lines"

func logsFlag(all bool) string {
	if all {
		return "with --logs " + schema.LogsAll
	}
	return "with --logs " + schema.LogsOutline
}

func redactFlag(redaction string) string {
	if redaction == "" {
		return "without --redact"
	}
	return "with --redact " + redaction
}

// Known returns the tables of the output at path, for changes to all of it.
func (c Contents) Known(path string) ([]*schema.Table, error) {
	var tables []*schema.Table
	for _, name := range c.Tables {
		if t, ok := schema.Lookup(name); ok {
			tables = append(tables, t)
		}
	}
	if c.SchemaVersion != schema.Version || len(tables) != len(c.Tables) {
		return nil, refuse(path, "made by another version of ckexport, with schema version %d and other tables", c.SchemaVersion)
	}
	return tables, nil
}

// Names returns the tables' names.
func Names(tables []*schema.Table) []string {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.Name
	}
	return names
}

func refuse(path, format string, args ...any) error {
	return &sinks.RefusedError{Path: path, Reason: fmt.Sprintf(format, args...)}
}
