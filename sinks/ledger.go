package sinks

import (
	"strings"
	"time"

	"github.com/ckexport/ckexport/schema"
)

// Ledger is what an output knows of the archives it was made from.
type Ledger struct {
	// Archives holds the latest row of every source, by its path.
	Archives map[string]LedgerArchive
	// Checkpoints holds the id of every checkpoint in the output.
	Checkpoints map[string]bool
	// Contents holds the keys of the rows of content-addressed tables
	// (schema.ScopeContent), by table.
	Contents map[string]map[ContentKey]bool
}

// LedgerArchive is what a ledger knows of one archive.
type LedgerArchive struct {
	SizeBytes    uint64
	ModifiedAt   time.Time // microseconds, UTC
	Status       schema.Status
	Error        string // as archives.error
	CheckpointID string
}

// NewLedger returns the ledger of an output that has nothing yet.
func NewLedger() *Ledger {
	return &Ledger{Archives: map[string]LedgerArchive{}, Checkpoints: map[string]bool{}, Contents: map[string]map[ContentKey]bool{}}
}

// ContentKey is the key of a row of a content-addressed table: the values of
// the key's columns as text.
type ContentKey string

// ContentKeyOf returns the key with these values.
func ContentKeyOf(values ...string) ContentKey { return ContentKey(strings.Join(values, "\x00")) }

// AddContent notes a row of a content-addressed table, and tells whether the
// ledger did not have it.
func (l *Ledger) AddContent(table string, key ContentKey) bool {
	if l.Contents[table] == nil {
		l.Contents[table] = map[ContentKey]bool{}
	}
	isNew := !l.Contents[table][key]
	l.Contents[table][key] = true
	return isNew
}
