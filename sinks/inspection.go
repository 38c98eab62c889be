package sinks

import (
	"fmt"
	"io/fs"
)

// Severities of findings.
const (
	Damage  = "damage"  // the output is not what was written to it
	Warning = "warning" // the output is whole, but something is not as it should be
	Note    = "note"    // something could not be checked
)

// Finding is one thing that an inspection of an output found.
type Finding struct {
	Severity string `json:"severity"`
	// Check names what was checked, such as manifest, part or key.
	Check string `json:"check"`
	// Table is the table concerned; empty where none is.
	Table string `json:"table,omitempty"`
	// Place is the file, by its path within the output, or the checkpoint or
	// archive concerned; empty for the output as a whole.
	Place   string `json:"place,omitempty"`
	Message string `json:"message"`
}

// Inspection is what was seen of the files of an output.
type Inspection struct {
	Kind     string // the format's name
	Policy          // of the runs that made the output
	Findings []Finding
	// Tables are the tables that are whole, in the order of the output, and
	// Damaged those that are not.
	Tables  []string
	Damaged []string
	// Unsummed are those of Tables with files that no checksum is known of:
	// only their footers were looked at, and their rows must still be read.
	Unsummed []string
	// Ledger is the output's, where it is kept beside the tables; nil where the
	// table archives is it.
	Ledger *Ledger
	Files  int
	Bytes  int64
	Rows   int64
}

// Found adds a finding.
func (i *Inspection) Found(severity, check, table, place, format string, args ...any) {
	i.Findings = append(i.Findings, Finding{Severity: severity, Check: check, Table: table, Place: place, Message: fmt.Sprintf(format, args...)})
}

// CheckMode warns of a file or folder of the output that others than its
// owner can get at.
func (i *Inspection) CheckMode(place string, info fs.FileInfo) {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		i.Found(Warning, "mode", "", place, "others than its owner can get at it: its mode is %04o", mode)
	}
}
