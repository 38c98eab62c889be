package pipeline

import (
	"time"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// IsKnown reports whether the ledger has the archive, unchanged and exported
// in full: then it need not be opened again.
func IsKnown(ledger *sinks.Ledger, a source.Item) bool {
	return isKnown(ledger, decode.SourceText(a.Name()), a.Version)
}

func isKnown(ledger *sinks.Ledger, source string, v archive.Version) bool {
	row, ok := ledger.Archives[source]
	return ok && (row.Status == schema.StatusOK || row.Status == schema.StatusDuplicate) && isUnchanged(row, v)
}

// isUnchanged compares versions.
func isUnchanged(row sinks.LedgerArchive, v archive.Version) bool {
	return row.Tag == v.Tag && row.SizeBytes == uint64(v.Size) && row.ModifiedAt.Equal(v.ModTime.Truncate(time.Microsecond))
}

// isRecorded reports whether the ledger tells the same of an archive that
// could not be read in full: then there is nothing to add.
func isRecorded(ledger *sinks.Ledger, a *schema.Archive, v archive.Version) bool {
	row, ok := ledger.Archives[a.Source]
	return ok && a.Status != schema.StatusOK && isUnchanged(row, v) && row.Status == a.Status && row.Error == deref(a.Error)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// complete returns the archive's row of the ledger.
func (c *collector) complete(d decodedArchive) schema.Archive {
	row := d.result.Archive
	row.RunID, row.ToolVersion, row.SchemaVersion = c.opts.Run.RunID, c.opts.Run.ToolVersion, schema.Version
	if row.SizeBytes == nil && d.archive.Version != (archive.Version{}) { // a folder, or a file that could not be opened
		size := uint64(d.archive.Version.Size)
		row.SizeBytes = &size
	}
	if modified := d.archive.Version.ModTime.UTC(); row.ModifiedAt == nil && !modified.IsZero() {
		row.ModifiedAt = &modified
	}
	if tag := d.archive.Version.Tag; row.ETag == nil && tag != "" {
		row.ETag = &tag
	}
	return row
}

// record notes an archive, and the first checkpoint in it, in the ledger, and
// returns the row for that.
func (c *collector) record(row schema.Archive, checkpointID string) *schema.Rows {
	known := sinks.LedgerArchive{Status: row.Status, Error: deref(row.Error), Tag: deref(row.ETag), CheckpointID: checkpointID}
	if row.SizeBytes != nil {
		known.SizeBytes = *row.SizeBytes
	}
	if row.ModifiedAt != nil {
		known.ModifiedAt = row.ModifiedAt.Truncate(time.Microsecond)
	}
	c.ledger.Archives[row.Source] = known
	return &schema.Rows{CheckpointID: checkpointID, Archives: []schema.Archive{row}}
}

// inputOf returns what the run's row tells of an archive.
func inputOf(row schema.Archive) schema.RunInput {
	return schema.RunInput{Source: row.Source, SizeBytes: row.SizeBytes, SHA256: row.SHA256, Status: row.Status}
}
