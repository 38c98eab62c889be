package sinks

import (
	"maps"
	"slices"
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
	// Forgotten holds the ids among Checkpoints of those that were removed on
	// purpose.
	Forgotten map[string]bool
	// Digests holds what was read of checkpoints, by the id of their images.
	Digests map[string][]Digest
	// Contents holds the keys of the rows of content-addressed tables
	// (schema.ScopeContent), by table.
	Contents map[string]map[ContentKey]bool
	// Runs holds the run_id of every run that read archives.
	Runs map[string]bool
}

// LedgerArchive is what a ledger knows of one archive.
type LedgerArchive struct {
	SizeBytes    uint64
	ModifiedAt   time.Time // microseconds, UTC
	Tag          string    // as archives.etag, empty for NULL
	Status       schema.Status
	Error        string // as archives.error
	CheckpointID string
}

// Digest is what an archive was found to hold of a checkpoint: a row of
// checkpoint_digests. What was not read is empty.
type Digest struct {
	CheckpointID, Source        string
	Pages, Texts, Files, Errors string
}

// NewLedger returns the ledger of an output that has nothing yet.
func NewLedger() *Ledger {
	return &Ledger{
		Archives: map[string]LedgerArchive{}, Checkpoints: map[string]bool{}, Forgotten: map[string]bool{},
		Digests: map[string][]Digest{}, Contents: map[string]map[ContentKey]bool{}, Runs: map[string]bool{},
	}
}

// Clone returns a ledger that has the same, and goes its own way.
func (l *Ledger) Clone() *Ledger {
	c := &Ledger{
		Archives: maps.Clone(l.Archives), Checkpoints: maps.Clone(l.Checkpoints), Forgotten: maps.Clone(l.Forgotten),
		Digests: map[string][]Digest{}, Contents: map[string]map[ContentKey]bool{}, Runs: maps.Clone(l.Runs),
	}
	for id, list := range l.Digests {
		c.Digests[id] = slices.Clip(list)
	}
	for table, keys := range l.Contents {
		c.Contents[table] = maps.Clone(keys)
	}
	return c
}

// AddDigest notes what was read of a checkpoint whose images have that id.
func (l *Ledger) AddDigest(imagesID string, d Digest) {
	l.Digests[imagesID] = append(l.Digests[imagesID], d)
	l.Checkpoints[d.CheckpointID] = true
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
