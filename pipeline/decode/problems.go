package decode

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// Severities of problems.
const (
	Error   = schema.SeverityError
	Warning = schema.SeverityWarning
	Info    = schema.SeverityInfo
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
	MissingField      = "missing_field"      // a message or a metadata file lacks a required field
	Changed           = "changed"            // the file changed while it was read
	UnknownImage      = "unknown_image"      // no decoder knows the image
	LimitExceeded     = "limit_exceeded"     // more than a limit allows
	TrailingData      = "trailing_data"      // something follows the end mark of an archive
	UnsafeName        = "unsafe_name"        // a name with .. in it, or one that names no file
	DuplicateMember   = "duplicate_member"   // a name occurs twice in the archive
	OtherContent      = "other_content"      // another archive has the same images and metadata, and other pages, files or errors
	DuplicateObject   = "duplicate_object"   // an id occurs twice in an image
	StaleImage        = "stale_image"        // an image left over from an earlier checkpoint
	MissingMetadata   = "missing_metadata"   // a file that the engine always writes is not there
	MissingImage      = "missing_image"      // an image that others refer to is not there
	DanglingReference = "dangling_reference" // an id that nothing has
	ParentMissing     = "parent_missing"     // memory is in a parent checkpoint's archive
	MemoryNotKept     = "memory_not_kept"    // memory is not in the checkpoint
	SizeMismatch      = "size_mismatch"      // two sizes that should agree do not
	Inconsistent      = "inconsistent"       // facts that contradict each other
	Encrypted         = "encrypted"          // images that CRIU encrypted, which are not decoded
	CompressedPages   = "compressed_pages"   // pages of memory are compressed; what was wanted of them was decompressed
	Unsupported       = "unsupported"        // a form of a newer or other program, which is not decoded
	Internal          = "internal"           // a fault of ckexport itself: please report it
)

// notes gathers the problems of a container or an image set. An archive can have
// a problem a million times: of each sort the first are kept, and counted the
// others.
type notes struct {
	of      *archiveReader
	list    *[]schema.Problem
	counts  map[problemSort]int // of those kept
	dropped map[problemSort]int
	limits  []limitProblem // one of each limit and table
}

// problemSort is a sort of problems.
type problemSort struct {
	severity schema.Severity
	code     string
}

// limitProblem tells of a limit that was passed, by a table if it names one.
type limitProblem struct {
	limit   limit
	table   string
	problem schema.Problem
}

// Bounds on problems: how many of a sort are kept, and the length of a message.
// A message may quote what an archive holds.
const (
	maxProblems = 1000
	maxMessage  = 2000
)

// problem notes something.
func (n *notes) problem(p schema.Problem) {
	if n.counts == nil {
		n.counts, n.dropped = map[problemSort]int{}, map[problemSort]int{}
	}
	sort := problemSort{p.Severity, p.Code}
	const size = 512
	if kept := n.counts[sort]; kept >= maxProblems || kept > 0 && !n.of.take(size+int64(len(bytesOf(p.Member)))) {
		n.dropped[sort]++
		return
	}
	n.counts[sort]++
	p.Source, p.Message = n.of.source, plain(shortened(p.Message))
	if p.RowKey != nil {
		p.RowKey = ptr(plain(shortened(*p.RowKey)))
	}
	*n.list = append(*n.list, p)
}

// shortened cuts a text that is too long for a message.
func shortened(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	return strings.ToValidUTF8(s[:maxMessage], "") + "..."
}

// merge takes over the problems of others that are to be kept.
func (n *notes) merge(other *notes, isKept func(schema.Problem) bool) {
	for _, p := range *other.list {
		if isKept(p) {
			*n.list = append(*n.list, p)
		}
	}
	for sort, count := range other.dropped {
		if isKept(schema.Problem{Severity: sort.severity, Code: sort.code}) {
			if n.dropped == nil {
				n.dropped = map[problemSort]int{}
			}
			n.dropped[sort] += count
		}
	}
	for _, l := range other.limits {
		n.pass(l)
	}
}

// close ends the list: with the limits that were passed, and with how many
// problems of a sort there are more.
func (n *notes) close() {
	for _, l := range n.limits {
		*n.list = append(*n.list, l.problem)
	}
	n.limits = nil
	for _, sort := range slices.SortedFunc(maps.Keys(n.dropped), func(a, b problemSort) int {
		return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.severity, b.severity))
	}) {
		*n.list = append(*n.list, schema.Problem{Source: n.of.source, Severity: sort.severity, Code: sort.code,
			Message: fmt.Sprintf("%d more problems of this sort are not listed", n.dropped[sort])})
	}
	clear(n.dropped)
}

// pass notes that a limit was passed, the first time.
func (n *notes) pass(l limitProblem) {
	if !slices.ContainsFunc(n.limits, func(known limitProblem) bool { return known.limit == l.limit && known.table == l.table }) {
		n.limits = append(n.limits, l)
	}
}

// passedBy notes that a member passed a limit; its name may be empty.
func (n *notes) passedBy(l limit, member, message string) {
	n.pass(limitProblem{limit: l, problem: schema.Problem{
		Source: n.of.source, Member: nonEmptyText(member), Severity: Error, Code: LimitExceeded, Message: l.String() + ": " + plain(shortened(message)),
	}})
}

// passedIn notes that a table passed a limit.
func (n *notes) passedIn(l limit, table, message string) {
	n.pass(limitProblem{limit: l, table: table, problem: schema.Problem{
		Source: n.of.source, TableName: &table, Severity: Error, Code: LimitExceeded, Message: l.String() + ": " + message,
	}})
}

// readProblem notes why reading a member ended early, or the archive.
func (n *notes) readProblem(member string, err error) {
	if l, what, ok := n.of.decoder.Limits.passed(err); ok {
		n.passedBy(l, member, what)
		return
	}
	n.problem(schema.Problem{Member: nonEmptyText(member), Severity: Error, Code: readCode(err), Message: err.Error()})
}

// memberProblem notes something about a member of the archive.
func (n *notes) memberProblem(name string, severity schema.Severity, code, message string) {
	n.problem(schema.Problem{Member: text(name), Severity: severity, Code: code, Message: message})
}

// imageProblem notes why an image could not be decoded whole.
func (s *imageSet) imageProblem(img *image, err error) {
	if img.unreadable {
		return
	}
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
func (n *notes) rowProblem(table, key string, severity schema.Severity, code, message string) {
	n.problem(schema.Problem{TableName: &table, RowKey: &key, Severity: severity, Code: code, Message: message})
}

// dangling notes a reference to an object that the checkpoint does not hold.
func (n *notes) dangling(table, key, what string, id uint64) {
	n.rowProblem(table, key, Warning, DanglingReference, fmt.Sprintf("refers to %s %d, which the checkpoint does not hold", what, id))
}
