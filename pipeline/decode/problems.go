package decode

import (
	"errors"
	"fmt"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// Severities of problems.
const (
	Error   = "error"   // data is missing
	Warning = "warning" // data may be missing, or does not fit together
	Info    = "info"    // worth knowing; nothing is missing
)

// Codes of problems.
const (
	EmptyFile         = "empty_file"         // the file has no bytes
	NotAnArchive      = "not_an_archive"     // the file is no tar, plain or compressed
	NotACheckpoint    = "not_a_checkpoint"   // the tar holds no checkpoint
	Unreadable        = "unreadable"         // the operating system refused to read it
	Truncated         = criu.CodeTruncated   // an archive, member or image ends too early
	BadMagic          = criu.CodeBadMagic    // an image is not what its name says
	Malformed         = criu.CodeMalformed   // content that does not decode
	MissingField      = "missing_field"      // a message lacks a required field
	Changed           = "changed"            // the file changed while it was read
	UnknownImage      = "unknown_image"      // no decoder knows the image
	LimitExceeded     = "limit_exceeded"     // more than a limit allows
	DuplicateMember   = "duplicate_member"   // a name occurs twice in the archive
	DuplicateObject   = "duplicate_object"   // an id occurs twice in an image
	StaleImage        = "stale_image"        // an image left over from an earlier checkpoint
	MissingImage      = "missing_image"      // an image that others refer to is not there
	DanglingReference = "dangling_reference" // an id that nothing has
	ParentMissing     = "parent_missing"     // memory is in a parent checkpoint's archive
	MemoryNotKept     = "memory_not_kept"    // memory is not in the checkpoint
	SizeMismatch      = "size_mismatch"      // two sizes that should agree do not
	Inconsistent      = "inconsistent"       // facts that contradict each other
	Internal          = "internal"           // a fault of ckexport itself: please report it
)

// problem notes something about the archive as a whole, or a member.
func (r *reading) problem(p schema.Problem) {
	p.Source = r.path
	r.problems = append(r.problems, p)
}

// problem notes something about the set.
func (s *set) problem(p schema.Problem) {
	p.Source = s.path
	s.rows.Problems = append(s.rows.Problems, p)
}

// memberProblem notes something about a member of the archive.
func (r *reading) memberProblem(name, severity, code, message string) {
	r.problem(schema.Problem{Member: text(name), Severity: severity, Code: code, Message: message})
}

// limit notes that a limit was passed; name may be empty for the archive.
func (r *reading) limit(name, message string) {
	p := schema.Problem{Severity: Error, Code: LimitExceeded, Message: message}
	if name != "" {
		p.Member = text(name)
	}
	r.problem(p)
}

// imageProblem notes why an image could not be decoded whole.
func (s *set) imageProblem(img *image, err error) {
	p := schema.Problem{Member: text(img.member), Severity: Error, Code: Malformed, Message: err.Error()}
	var ie *criu.ImageError
	switch {
	case errors.As(err, &ie):
		p.Code = ie.Code
		p.Offset = &ie.Offset
		img.status = ie.Code
	case errors.Is(err, criu.ErrMissingField):
		p.Code = MissingField
	default:
		img.status = Malformed
	}
	s.problem(p)
}

// rowProblem notes something about a row of a table.
func (s *set) rowProblem(table, key, severity, code, message string) {
	s.problem(schema.Problem{TableName: &table, RowKey: &key, Severity: severity, Code: code, Message: message})
}

// dangling notes a reference to an object that the checkpoint does not hold.
func (s *set) dangling(table, key, what string, id uint64) {
	s.rowProblem(table, key, Warning, DanglingReference, fmt.Sprintf("refers to %s %d, which the checkpoint does not hold", what, id))
}
