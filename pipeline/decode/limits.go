package decode

import (
	"errors"
	"strconv"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/units"
)

// Limits bound what one archive may cost. Past one, the archive is partial,
// and a row of problems names the limit by its flag.
type Limits struct {
	ReadBytes     int64 // --max-read: bytes read of the archive in one pass
	ExpandedBytes int64 // --max-expanded: bytes decompressed of it and all within it, holes of sparse members included
	Ratio         int64 // --max-ratio: of bytes expanded to bytes read, see archive.Budget
	Members       int   // --max-members: members of it with those within it, and entries of a tar of files
	Nesting       int   // --max-nesting: archives within archives; a layer within an image is one
	Checkpoints   int   // --max-checkpoints: image sets
	Processes     int   // --max-processes: processes of a checkpoint
	Rows          int   // --max-rows: rows of any one table but memory_pages
	MetadataBytes int64 // --max-metadata: bytes of one image or metadata member
	MemoryBytes   int64 // --max-archive-memory: bytes kept while it is decoded, see archiveReader.take

	// Bounds that ordinary archives do not come near, without flags.
	HashedFileBytes uint64 // bytes of a ghost file with its holes that are hashed
	RegionBytes     uint64 // bytes of the arguments or environment of a process
	LogLines        uint32 // lines of a container's own log
}

// DefaultLimits returns limits that ordinary archives stay far below.
func DefaultLimits() Limits {
	return Limits{
		ReadBytes: 1 << 40, ExpandedBytes: 1 << 40, Ratio: 250, Members: 1_000_000, Nesting: 3, Checkpoints: 1000, Processes: 100_000,
		Rows: 1_000_000, MetadataBytes: 64 << 20, MemoryBytes: 512 << 20,
		HashedFileBytes: 64 << 30, RegionBytes: 8 << 20, LogLines: 100_000,
	}
}

// limit is a limit that was passed: its flag, and its value as the flag takes it.
type limit struct{ flag, value string }

func (l limit) String() string { return "--" + l.flag + " " + l.value }

func countLimit(flag string, n int) limit { return limit{flag, strconv.Itoa(n)} }

func sizeLimit(flag string, n int64) limit { return limit{flag, units.Size(n)} }

// limitError says that reading ended at a limit.
type limitError struct {
	limit limit
	what  string
}

func (e *limitError) Error() string { return e.limit.String() + ": " + e.what }

func (l Limits) members() limit     { return countLimit("max-members", l.Members) }
func (l Limits) nesting() limit     { return countLimit("max-nesting", l.Nesting) }
func (l Limits) checkpoints() limit { return countLimit("max-checkpoints", l.Checkpoints) }
func (l Limits) processes() limit   { return countLimit("max-processes", l.Processes) }
func (l Limits) rows() limit        { return countLimit("max-rows", l.Rows) }
func (l Limits) metadata() limit    { return sizeLimit("max-metadata", l.MetadataBytes) }
func (l Limits) memory() limit      { return sizeLimit("max-archive-memory", l.MemoryBytes) }
func (l Limits) ratio() limit       { return countLimit("max-ratio", int(l.Ratio)) }

// passed returns the limit that an error of reading tells of, if any, and what
// happened.
func (l Limits) passed(err error) (passed limit, what string, ok bool) {
	var own *limitError
	switch {
	case errors.As(err, &own):
		return own.limit, own.what, true
	case errors.Is(err, archive.ErrRead):
		return sizeLimit("max-read", l.ReadBytes), err.Error(), true
	case errors.Is(err, archive.ErrExpanded):
		return sizeLimit("max-expanded", l.ExpandedBytes), err.Error(), true
	case errors.Is(err, archive.ErrRatio):
		return l.ratio(), err.Error(), true
	}
	return limit{}, "", false
}

// What the memory of things beside their texts is taken for, in bytes: of a
// member, with its entries in maps; of a container, and of an image set.
const (
	memberBytes    = 512
	containerBytes = 1 << 10
	setBytes       = 6 << 10
)

// share is how much memory one image, member or table may take: three quarters
// of what the archive may have more. So one that is huge leaves room for all others,
// which are smaller in any archive that is not made to harm.
func (ar *archiveReader) share() int64 { return (ar.decoder.Limits.MemoryBytes - ar.taken) / 4 * 3 }

// logShare is how much memory the lines of logs may take, a tenth for each of
// their tables: how long a log is, is up to whoever writes it.
func (ar *archiveReader) logShare() int64 { return ar.decoder.Limits.MemoryBytes / 10 }

// take takes memory of what the archive may have; false, and nothing is taken,
// where it has no more. It counts what is kept until the archive is done: members in
// memory, decoded messages, rows. It is an estimate, made before memory is
// allocated; what is soon freed again does not count.
func (ar *archiveReader) take(bytes int64) bool {
	if bytes > ar.decoder.Limits.MemoryBytes-ar.taken {
		return false
	}
	ar.taken += bytes
	return true
}

// give gives memory back that was taken.
func (ar *archiveReader) give(bytes int64) { ar.taken -= bytes }
