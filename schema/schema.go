// Package schema says what the tables are. A row of a table is a struct, and the
// tags of the struct say all there is to know of the table: its columns, what
// they mean, what tells rows apart, what refers to what, what may be secret, how
// it is encoded and how checkpoints are compared. Arrow schemas, record batches,
// the data dictionary, and what sinks, redaction, verify and diff know of tables
// follow from it. It knows nothing of archives or files.
//
// To add a table, write a row struct and add a slice of it to Rows. To add a
// column, add a field. A mistake in a tag is found by any test.
//
// # Tags of a column
//
//	arrow       name of the column
//	doc         what it holds, with its unit
//	src         image and field, or file and path, that the value comes from
//	sensitive   policies of --redact that replace it (see Sensitivity), or no;
//	            text and bytes must have it
//	ref         what the column refers to: "files(file_id)",
//	            "namespaces(namespace_id) of kind net" (see Reference)
//	encode      how files keep it, where the type does not tell (see Encoding):
//	            plain, bloom, delta
//	range       of numbers of 64 bits without sign: int64 if they never pass the
//	            greatest number with a sign, as this program counts them; else
//	            uint64
//	compare     no: it may differ between two checkpoints of a container in which
//	            nothing happened, or says again what another column says
//	payload     yes: it is NULL without --payloads, and cut at --payload-limit
//	was         its name in earlier versions: ckexport query says the new one
//	provenance  yes: it depends on where the archive lies and how the run was
//	            called, not on the checkpoint alone
//
// A field of a type of types.go is several columns, whose names begin alike. The
// tags are for all of them; ref is for the first.
//
// A list of structs is one column. The fields of its elements have the tags arrow,
// doc, sensitive and range, and the list has no tag sensitive of its own.
//
// # Tags of a table
//
// They stand on blank fields at the beginning of the struct.
//
//	table        name of the table
//	doc          what one row is
//	key          columns that tell rows apart; none if nothing does
//	scope        what rows belong to, where that is not a checkpoint (see Scope)
//	raw          yes: it has rows only with --raw
//	memory       kind of content of memory: it has rows only with --memory KIND
//	scan         yes: it has rows only with --scan
//	ref          a reference by several columns: "pid tid to threads(pid tid)";
//	             one on each blank field
//	compare      columns by which ckexport diff finds a row again in another
//	             checkpoint of the container (see Comparison)
//	order        columns that number rows with the same such key
//	through      columns of another table that belong to that key:
//	             "file_id to file_descriptors(file_id): pid fd"
//	show         columns that tell a reader what came or went
//	notcompared  why ckexport diff leaves the table out
package schema

// Version is the version of the tables' layout. It goes up when a column is
// removed or renamed, or changes its type or what it refers to; an output of
// another version is not written to.
const Version = 4

// CheckpointID is the name of the first column of every table that is not
// global.
const CheckpointID = "checkpoint_id"

// Status says what became of an archive, or of a checkpoint in it.
type Status string

// Statuses of archives; those of checkpoints are the first two.
const (
	StatusOK        Status = "ok"
	StatusPartial   Status = "partial"   // something could not be read
	StatusFailed    Status = "failed"    // nothing could be read
	StatusDuplicate Status = "duplicate" // the output had its checkpoint already
)

// HasCheckpoint reports whether an archive with that status holds a checkpoint.
func (s Status) HasCheckpoint() bool {
	return s == StatusOK || s == StatusPartial || s == StatusDuplicate
}

// Which lines of CRIU's logs have rows in log_lines: what runs.logs and --logs
// say.
const (
	LogsOutline = "outline" // those that tell of problems or facts
	LogsAll     = "all"
)

// Severity says how bad a problem is.
type Severity string

// Severities of problems.
const (
	SeverityError   Severity = "error"   // data is missing
	SeverityWarning Severity = "warning" // data may be missing, or does not fit together
	SeverityInfo    Severity = "info"    // worth knowing; nothing is missing
)
