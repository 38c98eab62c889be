// Package decode turns one checkpoint archive into the rows of every table. It
// reads the archive's members in one pass, keeps the small ones, streams the
// large ones, and then decodes each CRIU image set it found; a file of this
// package holds the decoding of one family of tables.
//
// Whatever cannot be read becomes a row of problems and leaves NULL behind,
// never a zero or an empty text.
//
// To add a table: write a method of set that appends to its rows, and call it
// from set.decode.
package decode

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/content"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// Limits bound what one archive may cost. A limit that is passed becomes a row
// of problems.
type Limits struct {
	Members         int    // members of an archive with those within it, and entries of a tar of files
	Nesting         int    // archives within archives: a layer within an image is one
	ExpandedBytes   int64  // bytes decompressed of an archive and all within it
	MetadataBytes   int64  // bytes of one image or metadata member kept in memory
	BufferedBytes   int64  // bytes of all of them together
	HashedFileBytes uint64 // bytes of a ghost file with its holes that are hashed
	RegionBytes     uint64 // bytes of the arguments or environment of a process
	LogLines        uint32 // lines of a container's own log
	CRIULogLines    uint32 // lines of dump.log or restore.log
}

// DefaultLimits returns limits that ordinary archives stay far below.
func DefaultLimits() Limits {
	return Limits{
		Members: 2_000_000, Nesting: 3, ExpandedBytes: 4 << 40, MetadataBytes: 256 << 20, BufferedBytes: 1 << 30,
		HashedFileBytes: 64 << 30, RegionBytes: 8 << 20, LogLines: 100_000, CRIULogLines: 1_000_000,
	}
}

// Statuses of an archive and a checkpoint.
const (
	StatusOK        = "ok"
	StatusPartial   = "partial"
	StatusFailed    = "failed"
	StatusDuplicate = "duplicate"
)

// Decoder decodes archives one after another. It is for one goroutine and
// keeps buffers between archives.
type Decoder struct {
	Limits Limits
	Labels map[string]string // of the run, for checkpoints.labels
	Raw    bool              // keep every message as JSON, in image_entries
	// PayloadLimit is how many bytes of each queue, pipe, deleted file and the
	// like are kept; 0 keeps none.
	PayloadLimit int64
	// SHA256 fills archives.sha256: files are then read whole.
	SHA256 bool

	opener  archive.Opener
	shapes  criu.Shapes
	sniffer content.Sniffer

	programs programs
}

// Result is what one archive holds.
type Result struct {
	// Archive is the ledger's row; the caller fills in run and rows.
	Archive schema.Archive
	// Checkpoints holds the rows of each checkpoint, the main one first. It
	// is empty for a failed archive.
	Checkpoints []*schema.Rows
	// Problems of a failed archive; those of others are among their rows.
	Problems []schema.Problem
}

// Decode reads the archive at path. Everything wrong with the archive is in
// the result; the error is not nil only if the context ended.
func (d *Decoder) Decode(ctx context.Context, path string) (*Result, error) {
	started := time.Now()
	w := newWalk(ctx, d, path)
	if d.programs == nil {
		d.programs = programs{}
	}
	d.opener.MaxExpanded, d.opener.SHA256 = d.Limits.ExpandedBytes, d.SHA256
	result := &Result{Archive: schema.Archive{Source: path, ArchiveName: filepath.Base(path), StartedAt: started.UTC()}}
	w.decodeArchive(result)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.settle(result)
	result.Archive.Seconds = time.Since(started).Seconds()
	return result, nil
}

// decodeArchive reads the archive into the result. An archive that finds a
// fault in this program costs its own rows, not the run.
func (w *walk) decodeArchive(result *Result) {
	d := w.decoder
	defer func() {
		if fault := recover(); fault != nil {
			result.Checkpoints, d.opener = nil, archive.Opener{}
			w.outer().problem(schema.Problem{Severity: Error, Code: Internal, Message: fmt.Sprintf("a fault of ckexport, please report it: %v\n%s", fault, debug.Stack())})
		}
	}()
	a, err := d.opener.Open(w.ctx, w.path)
	if err != nil {
		w.outer().problem(schema.Problem{Severity: Error, Code: openCode(err), Message: err.Error()})
		w.digestOnly(&result.Archive)
		return
	}
	if info := a.Info(); info != nil {
		result.Archive.SizeBytes, result.Archive.ModifiedAt = ptr(uint64(info.Size())), ptr(info.ModTime().UTC())
	}
	result.Archive.Format, result.Archive.Compression = &a.Format, &a.Compression
	if err := w.readMembers(a, "", 0); err != nil {
		w.current().problem(schema.Problem{Severity: Error, Code: readCode(err), Message: err.Error()})
	}
	result.Checkpoints = w.decode(a, &result.Archive)
}

func openCode(err error) string {
	switch {
	case errors.Is(err, archive.ErrEmpty):
		return EmptyFile
	case errors.Is(err, archive.ErrNotTar):
		return NotAnArchive
	}
	return Unreadable
}

// settle derives the statuses of archive and checkpoints from the problems.
func (w *walk) settle(result *Result) {
	a := &result.Archive
	if len(result.Checkpoints) == 0 {
		for _, r := range w.readings {
			for _, p := range r.problems { // of an ordinary layer only what kept it from being read
				if r.site.archive == "" || isError(p) && p.Code != DuplicateMember {
					result.Problems = append(result.Problems, p)
				}
			}
		}
		if !slices.ContainsFunc(result.Problems, isError) {
			result.Problems = append(result.Problems, schema.Problem{Source: w.path, Severity: Error, Code: NotACheckpoint, Message: w.whyNoCheckpoint()})
		}
		a.Status, a.Error = StatusFailed, firstError(result.Problems)
		return
	}
	a.Status = StatusOK
	for _, rows := range result.Checkpoints {
		w.noteDangling(rows)
		status := StatusOK
		if e := firstError(rows.Problems); e != nil {
			status, a.Status = StatusPartial, StatusPartial
			if a.Error == nil {
				a.Error = e
			}
		}
		for i := range rows.Checkpoints {
			rows.Checkpoints[i].Status = status
		}
	}
}

func isError(p schema.Problem) bool { return p.Severity == Error }

// firstError returns the first error among problems as text, nil if none.
func firstError(problems []schema.Problem) *string {
	i := slices.IndexFunc(problems, isError)
	if i < 0 {
		return nil
	}
	p := problems[i]
	message := p.Message
	if p.Member.Text != nil {
		message = *p.Member.Text + ": " + message
	}
	return &message
}

func readCode(err error) string {
	if errors.Is(err, archive.ErrTruncated) {
		return Truncated
	}
	if errors.Is(err, archive.ErrNotTar) {
		return NotAnArchive
	}
	if errors.Is(err, errLimit) || errors.Is(err, archive.ErrExpanded) {
		return LimitExceeded
	}
	return Malformed
}
