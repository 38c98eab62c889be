// Package decode turns one checkpoint archive into the rows of every table. It
// reads the archive's members in one pass, keeps the small ones, streams the
// large ones, and then decodes each CRIU image set it found.
//
// What is where:
//
//   - decode.go, archivereader.go, members.go: an archive, from its opening to the
//     result; needs.go and families.go: which tables want what of it
//   - container.go, imageset.go: what belongs to one checkpoint while it is read;
//     facts.go, entries.go: images decoded when they are first asked for
//   - a file for each family of tables: processes.go, sockets.go, mounts.go, ...;
//     oldlayout.go brings images of early versions of CRIU into today's form
//   - filesystem.go, capturedfiles.go, criulog.go, logs.go: what is streamed;
//     imagestream.go, streamfile.go, streamedpages.go: images that are one stream
//   - memory.go and the files of its consumers (stacks.go, pagedigests.go,
//     memorystrings.go, elfheaders.go, contentscan.go): what is read of pages
//   - containerinfo.go, spec.go, docker.go, podcheckpoint.go, packaging.go,
//     imagelayout.go, taskimage.go: metadata of engines, and what stands around a
//     checkpoint
//   - rows.go, columns.go, times.go, laterrows.go: how rows are made and kept
//   - problems.go, limits.go, faults.go, required.go, witnesses.go, references.go:
//     what is wrong or missing, and what an archive may cost
//   - identity.go, contentdigest.go, contentsum.go, filesums.go: what a checkpoint is
//     known by
//
// Whatever cannot be read becomes a row of problems and leaves NULL behind,
// never a zero or an empty text.
//
// To add a table: write a method of imageSet that appends to its rows, and name it
// with what it needs in families (families.go).
package decode

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/content"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/pipeline/scan"
	"github.com/ckexport/ckexport/pipeline/yara"
	"github.com/ckexport/ckexport/schema"
)

// Statuses of an archive and a checkpoint.
const (
	StatusOK      = schema.StatusOK
	StatusPartial = schema.StatusPartial
	StatusFailed  = schema.StatusFailed
)

// Decoder decodes archives one after another. It is for one goroutine and
// keeps buffers between archives.
type Decoder struct {
	Limits Limits
	Labels map[string]string // of the run, for checkpoints.labels
	Raw    bool              // keep every message as JSON, in image_entries
	// AllLogLines keeps every line of CRIU's logs, not only those that tell of
	// problems or facts.
	AllLogLines bool
	// PayloadLimit is how many bytes of each queue, pipe, deleted file and the
	// like are kept; 0 keeps none.
	PayloadLimit int64
	// Tables are the tables to decode; nil for all. Of the others there are no
	// rows, and what only they need is not read.
	Tables []*schema.Table
	// Memory are the kinds of content of memory to look for (schema.MemoryKinds):
	// all pages are then read. Tables of other kinds have no rows.
	Memory []string
	// Rules are YARA rules to scan memory and other content with, nil for none.
	Rules *yara.Rules
	// SHA256 fills archives.sha256: files are then read whole, and so are pages.
	SHA256 bool
	// WholePages has memory pages read whole, to be digested, where they would be
	// seeked over.
	WholePages bool
	// Undigested leaves out the digest of the pages, which the ledger tells
	// checkpoints apart by.
	Undigested bool

	// CopyContent, if not nil, is shown each file that passes by, and returns where
	// its content goes too; nil for nowhere. Errors of that writer are passed over.
	CopyContent func(Content) io.Writer
	// CopyPayload, if not nil, is shown each content that waits to be read, whole, with
	// the row that has it. It must not keep the content.
	CopyPayload func(table, key string, content []byte) any
	// ReadPages, if not nil, returns what else reads the pages of memory of an image
	// folder. It is for runs whose Tables have the page maps decoded.
	ReadPages func(folder string) memory.Consumer

	// Spare, if not nil, has memory for the rows.
	Spare *schema.SpareRows

	opener    archive.Opener
	shapes    criu.Shapes
	registers criu.RegisterReader
	sniffer   content.Sniffer
	buffer    []byte                                // see copyBuffer
	sumBlocks chan []byte                           // see freeBlocks
	fileSums  fileSums                              // see newFileSums
	contents  map[content.Facts]*schema.FileContent // see contentOf

	scanner  *scan.Scanner // with Rules
	programs programs
	plan     *plan // for Tables
}

// Result is what one archive holds.
type Result struct {
	// Archive is the ledger's row; the caller fills in run and rows.
	Archive schema.Archive
	// Checkpoints holds the rows of each checkpoint, the main one first. It
	// is empty for a failed archive.
	Checkpoints []*schema.Rows
	// Digests holds what else was read of each checkpoint; run and source are the
	// caller's to fill in.
	Digests []schema.CheckpointDigest
	// Copies holds what was taken of each checkpoint.
	Copies []Copies
	// Problems of a failed archive; those of others are among their rows.
	Problems []schema.Problem
	// Memory is about how many bytes decoding took, as Limits.MemoryBytes
	// counts them: the rows take no more.
	Memory int64
}

// SourceText returns the name of an archive as the columns have it, which hold
// text: bytes that are none are escaped.
func SourceText(name string) string { return plain(name) }

// Decode reads an archive. Everything wrong with it is in the result; the error
// is not nil only if the context ended.
func (d *Decoder) Decode(ctx context.Context, in archive.Input) (*Result, error) {
	started := time.Now()
	ar := newArchiveReader(ctx, d, in)
	if ar.scan != nil {
		defer ar.scan.Close()
	}
	if d.programs == nil {
		d.programs = programs{}
	}
	d.opener.MaxRead, d.opener.MaxExpanded, d.opener.MaxRatio = d.Limits.ReadBytes, d.Limits.ExpandedBytes, d.Limits.Ratio
	d.opener.SHA256 = d.SHA256
	result := &Result{Archive: schema.Archive{Source: ar.source, ArchiveName: filepath.Base(ar.source), StartedAt: started.UTC()}}
	ar.decodeArchive(result)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ar.settle(result)
	result.Memory = ar.taken
	result.Archive.Seconds = time.Since(started).Seconds()
	return result, nil
}

// Close frees what the decoder holds beside Go's memory.
func (d *Decoder) Close() {
	if d.scanner != nil {
		d.scanner.Close()
	}
}

// decodeArchive reads the archive into the result. Faults of this program cost
// a member or a family of tables, see guard; one elsewhere costs the archive's
// rows, not the run.
func (ar *archiveReader) decodeArchive(result *Result) {
	d := ar.decoder
	defer func() {
		if fault := recover(); fault != nil {
			result.Checkpoints, result.Digests, result.Copies, d.opener = nil, nil, nil, archive.Opener{}
			ar.outer().problem(schema.Problem{Severity: Error, Code: Internal, Message: faultText(fault)})
		}
	}()
	a, err := d.opener.Open(ar.ctx, ar.input)
	if err != nil {
		ar.outer().problem(schema.Problem{Severity: Error, Code: openCode(err), Message: err.Error()})
		if !errors.As(err, new(*archive.OpenError)) {
			ar.digestOnly(&result.Archive)
		}
		return
	}
	if v := a.Version(); v != nil {
		result.Archive.SizeBytes = ptr(uint64(v.Size))
		if !v.ModTime.IsZero() {
			result.Archive.ModifiedAt = ptr(v.ModTime.UTC())
		}
		result.Archive.ETag = nonEmpty(v.Tag)
	}
	result.Archive.Format, result.Archive.Compression = ptr(a.Format), ptr(a.Compression)
	if err := ar.readMembers(a, "", 0); err != nil {
		ar.endedEarly = true
		ar.current().readProblem("", err)
	}
	ar.decode(a, result)
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
func (ar *archiveReader) settle(result *Result) {
	a := &result.Archive
	if len(result.Checkpoints) == 0 {
		all := notes{of: ar, list: &result.Problems}
		for _, r := range ar.containers { // of an ordinary layer only what kept it from being read
			all.merge(&r.notes, func(p schema.Problem) bool { return r.site.archive == "" || isError(p) && p.Code != DuplicateMember })
		}
		all.close()
		if !slices.ContainsFunc(result.Problems, isError) {
			result.Problems = append(result.Problems, schema.Problem{Source: ar.source, Severity: Error, Code: NotACheckpoint, Message: ar.whyNoCheckpoint()})
		}
		a.Status, a.Error = StatusFailed, firstError(result.Problems)
		return
	}
	a.Status = StatusOK
	for i, rows := range result.Checkpoints {
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
		result.Digests[i].ErrorsSHA256 = errorsDigest(rows.Problems)
		for _, t := range ar.decoder.plan.asides {
			t.Drop(rows)
		}
	}
}

func isError(p schema.Problem) bool { return p.Severity == Error }

// firstError returns the first error among problems as text, with where it is; nil if
// there is none.
func firstError(problems []schema.Problem) *string {
	i := slices.IndexFunc(problems, isError)
	if i < 0 {
		return nil
	}
	p := problems[i]
	message := p.Message
	switch {
	case p.Member.Text != nil:
		message = *p.Member.Text + ": " + message
	case p.TableName != nil && p.RowKey != nil:
		message = *p.TableName + " " + *p.RowKey + ": " + message
	}
	return &message
}

// errUnsupported is wrapped by errors of forms that are not decoded.
var errUnsupported = errors.New("not decoded")

func readCode(err error) string {
	if errors.Is(err, errUnsupported) {
		return Unsupported
	}
	if errors.Is(err, archive.ErrTruncated) {
		return Truncated
	}
	if errors.Is(err, archive.ErrNotTar) {
		return NotAnArchive
	}
	if errors.As(err, new(*archive.TrailingError)) {
		return TrailingData
	}
	if errors.As(err, new(syscall.Errno)) {
		return Unreadable
	}
	return Malformed
}
