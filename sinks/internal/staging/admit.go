package staging

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

const (
	// LedgerTable is the table that tells which archives an output was made
	// from.
	LedgerTable = "archives"
	// ForgottenTable is the table that tells which checkpoints were removed.
	ForgottenTable = "forgotten_checkpoints"
	// ProgramsTable has what checkpoints share: runs add what it lacks.
	ProgramsTable = "seccomp_programs"
)

// WithLedger adds the tables of the ledger where they are not among the tables
// asked for: an output of several tables always keeps them.
func WithLedger(tables []*schema.Table) []*schema.Table {
	for _, name := range []string{ForgottenTable, LedgerTable} {
		ledger, ok := schema.Lookup(name)
		if ok && !slices.Contains(tables, ledger) {
			tables = append([]*schema.Table{ledger}, tables...)
		}
	}
	return tables
}

// IsOf reports whether rows of the table belong to checkpoints, and go when
// these are forgotten: the ledger's stay.
func IsOf(table *schema.Table) bool { return !table.Global && table.Name != LedgerTable }

// AdmitRedaction checks that rows with secrets replaced in one way may be added
// to an output in which they are replaced in another: equal values would no
// longer be equal, or secrets would stand beside their replacements.
func AdmitRedaction(path, have, want string) error {
	if have == want {
		return nil
	}
	named := func(redaction string) string {
		if redaction == "" {
			return "without --redact"
		}
		return "with --redact " + redaction
	}
	return &sinks.RefusedError{Path: path, Reason: fmt.Sprintf(
		"was made %s, this run is %s; use the same policy and --redact-key-file, or --overwrite or another path", named(have), named(want))}
}

// Admit checks that rows of this schema version and of the wanted tables may
// be added to an output with the given version and tables.
func Admit(path string, version int, have []string, want []*schema.Table) error {
	if version != schema.Version {
		return &sinks.RefusedError{Path: path, Reason: fmt.Sprintf(
			"made by schema version %d, this is %d; use --overwrite or another path", version, schema.Version)}
	}
	names := TableNames(want)
	if slices.Equal(slices.Sorted(slices.Values(have)), slices.Sorted(slices.Values(names))) {
		return nil
	}
	return &sinks.RefusedError{Path: path, Reason: fmt.Sprintf(
		"holds other tables than asked for: it has %s; asked for %s; use --overwrite or another path",
		strings.Join(have, ", "), strings.Join(names, ", "))}
}

// TableNames returns the tables' names.
func TableNames(tables []*schema.Table) []string {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.Name
	}
	return names
}

// TablesOf returns the tables of an output with the given version and table
// names, for changes to all of it.
func TablesOf(path string, version int, names []string) ([]*schema.Table, error) {
	var tables []*schema.Table
	for _, name := range names {
		if t, ok := schema.Lookup(name); ok {
			tables = append(tables, t)
		}
	}
	if version == schema.Version && len(tables) == len(names) {
		return tables, nil
	}
	return nil, &sinks.RefusedError{Path: path, Reason: fmt.Sprintf("made by another version of ckexport, with schema version %d and other tables", version)}
}
