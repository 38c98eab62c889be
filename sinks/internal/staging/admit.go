package staging

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// LedgerTable is the table that tells which archives an output was made from.
const LedgerTable = "archives"

// WithLedger adds table archives where it is not among the tables asked for:
// an output of several tables always keeps it.
func WithLedger(tables []*schema.Table) []*schema.Table {
	if slices.ContainsFunc(tables, func(t *schema.Table) bool { return t.Name == LedgerTable }) {
		return tables
	}
	ledger, ok := schema.Lookup(LedgerTable)
	if !ok {
		return tables
	}
	return append([]*schema.Table{ledger}, tables...)
}

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
