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
	row, ok := ledger.Archives[decode.SourceText(a.Name())]
	return ok && (row.Status == schema.StatusOK || row.Status == schema.StatusDuplicate) && isUnchanged(row, a)
}

// isUnchanged compares versions.
func isUnchanged(row sinks.LedgerArchive, a source.Item) bool {
	v := a.Version
	return row.Tag == v.Tag && row.SizeBytes == uint64(v.Size) && row.ModifiedAt.Equal(v.ModTime.Truncate(time.Microsecond))
}

// isRecorded reports whether the ledger tells the same of an archive that
// could not be read in full: then there is nothing to add.
func isRecorded(ledger *sinks.Ledger, d decodedArchive) bool {
	row, ok := ledger.Archives[decode.SourceText(d.archive.Name())]
	return ok && d.result.Archive.Status != schema.StatusOK && isUnchanged(row, d.archive) &&
		row.Status == d.result.Archive.Status && row.Error == deref(d.result.Archive.Error)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// ledgerRow completes the archive's row of the ledger, and notes it there.
func (c *collector) ledgerRow(d decodedArchive) *schema.Rows {
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
	r := &schema.Rows{Archives: []schema.Archive{row}}
	if len(d.result.Checkpoints) > 0 {
		r.CheckpointID = d.result.Checkpoints[0].CheckpointID
	}
	known := sinks.LedgerArchive{Status: row.Status, Error: deref(row.Error), Tag: deref(row.ETag), CheckpointID: r.CheckpointID}
	if row.SizeBytes != nil {
		known.SizeBytes = *row.SizeBytes
	}
	if row.ModifiedAt != nil {
		known.ModifiedAt = row.ModifiedAt.Truncate(time.Microsecond)
	}
	c.ledger.Archives[row.Source] = known
	return r
}
