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
	"io"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// Limits bound what one archive may cost. A limit that is passed becomes a row
// of problems.
type Limits struct {
	Members         int    // members of an archive, and entries of a tar within it
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
		Members: 2_000_000, MetadataBytes: 256 << 20, BufferedBytes: 1 << 30, HashedFileBytes: 64 << 30,
		RegionBytes: 8 << 20, LogLines: 100_000, CRIULogLines: 1_000_000,
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

	opener archive.Opener
	shapes criu.Shapes
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
	r := &reading{decoder: d, ctx: ctx, path: path, sets: map[string]*set{}, services: map[string]*image{}, metadata: map[string][]byte{}, seen: map[string]bool{}}
	result := &Result{Archive: schema.Archive{Source: path, ArchiveName: filepath.Base(path), StartedAt: started.UTC()}}
	d.decode(r, result)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.settle(result)
	result.Archive.Seconds = time.Since(started).Seconds()
	return result, nil
}

// decode reads the archive into the result. An archive that finds a fault in
// this program costs its own rows, not the run.
func (d *Decoder) decode(r *reading, result *Result) {
	defer func() {
		if fault := recover(); fault != nil {
			result.Checkpoints, d.opener = nil, archive.Opener{}
			r.problem(schema.Problem{Severity: Error, Code: Internal, Message: fmt.Sprintf("a fault of ckexport, please report it: %v\n%s", fault, debug.Stack())})
		}
	}()
	a, err := d.opener.Open(r.ctx, r.path)
	if err != nil {
		r.problem(schema.Problem{Severity: Error, Code: openCode(err), Message: err.Error()})
		return
	}
	result.Archive.Format, result.Archive.Compression = &a.Format, &a.Compression
	r.readMembers(a)
	result.Checkpoints = r.decodeSets(a, &result.Archive)
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
func (r *reading) settle(result *Result) {
	a := &result.Archive
	if len(result.Checkpoints) == 0 {
		if !slices.ContainsFunc(r.problems, isError) {
			r.problem(schema.Problem{Severity: Error, Code: NotACheckpoint, Message: "no CRIU images and no config.dump or spec.dump: not a checkpoint archive"})
		}
		a.Status, result.Problems = StatusFailed, r.problems
		a.Error = firstError(r.problems)
		return
	}
	a.Status = StatusOK
	for _, rows := range result.Checkpoints {
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

// readMembers goes over the archive once.
func (r *reading) readMembers(a *archive.Archive) {
	for position := 0; ; position++ {
		m, err := a.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			r.problem(schema.Problem{Severity: Error, Code: readCode(err), Message: fmt.Sprintf("behind member %d: %v", position, err)})
			return
		}
		if position >= r.decoder.Limits.Members {
			r.limit("", fmt.Sprintf("more than %d members", r.decoder.Limits.Members))
			return
		}
		r.member(m, uint32(position))
	}
}

// readAgain goes over the archive a second time, for memory that stood in
// front of the images that say what it is. Engines write it behind them.
func (r *reading) readAgain(ledger *schema.Archive) {
	a, err := r.decoder.opener.Open(r.ctx, r.path)
	if err != nil {
		r.problem(schema.Problem{Severity: Error, Code: Unreadable, Message: fmt.Sprintf("reading a second time: %v", err)})
		return
	}
	defer r.closeArchive(a, ledger)
	for {
		m, err := a.Next()
		if err != nil {
			return // the first pass told of it
		}
		kind, number, ok := criu.KindOf(path.Base(m.Name))
		if ok && kind.Name == "PAGES" && m.Type == archive.File {
			if s := r.sets[folderOf(m.Name)]; s != nil {
				s.readMissed(m, uint32(number))
			}
		}
	}
}

// closeArchive closes the archive and adds up what was read.
func (r *reading) closeArchive(a *archive.Archive, ledger *schema.Archive) {
	ledger.BytesRead += uint64(a.BytesRead())
	ledger.ExpandedBytes += uint64(a.ExpandedBytes())
	if err := a.Close(); err != nil {
		r.problem(schema.Problem{Severity: Warning, Code: Unreadable, Message: fmt.Sprintf("closing: %v", err)})
	}
}

func readCode(err error) string {
	if errors.Is(err, archive.ErrTruncated) {
		return Truncated
	}
	if errors.Is(err, archive.ErrNotTar) {
		return NotAnArchive
	}
	return Malformed
}

// decodeSets decodes each image set; the one in checkpoint is the main one. It
// closes the archive, once all wanted memory has been read.
func (r *reading) decodeSets(a *archive.Archive, ledger *schema.Archive) []*schema.Rows {
	again := r.readLatePages()
	r.closeArchive(a, ledger)
	if again {
		r.readAgain(ledger)
	}
	sets := make([]*set, 0, len(r.sets))
	for _, s := range r.sets {
		if s.hasImages() {
			sets = append(sets, s)
		}
	}
	slices.SortFunc(sets, func(a, b *set) int {
		if a.isMain() != b.isMain() {
			if a.isMain() {
				return -1
			}
			return 1
		}
		if a.dir < b.dir {
			return -1
		}
		return 1
	})
	if len(sets) == 0 {
		if !r.hasMetadata() {
			return nil
		}
		s := r.set("checkpoint") // metadata without images
		r.problem(schema.Problem{Severity: Error, Code: MissingImage, Message: "no CRIU images"})
		sets = append(sets, s)
	}
	var all []*schema.Rows
	for i, s := range sets {
		s.main = i == 0
		s.decode()
	}
	for _, s := range sets {
		s.finish()
		all = append(all, &s.rows)
	}
	return all
}
