package sinks

import (
	"context"
	"strconv"

	"github.com/ckexport/ckexport/schema"
)

// Shard is the part of a run that one of several processes does.
type Shard struct {
	Run   string // its name, fit for a file name
	Index int    // from 0
	Of    int    // how many parts there are
}

// RunID is the run_id of the shard's rows.
func (s Shard) RunID() string { return s.Run + "-" + strconv.Itoa(s.Index) }

// ShardSink is the sink of a shard. What depends on other shards is settled when
// the run is committed: in place of rows of the tables about archives and runs it
// takes what the shard saw.
type ShardSink interface {
	Sink
	// Saw takes what the shard saw of an archive, in the order of keys. It may be
	// called while another goroutine calls Write.
	Saw(SeenArchive) error
}

// SeenArchive is what a shard saw of an archive.
type SeenArchive struct {
	Key string `json:"key"` // source.Item.Key
	// Archive is its row, as if nothing in it were in the output already.
	Archive schema.Archive `json:"archive"`
	// Problems are those of the archive, rather than of a checkpoint in it.
	Problems    []schema.Problem `json:"problems,omitempty"`
	Checkpoints []SeenCheckpoint `json:"checkpoints,omitempty"`
}

// ShardArchive is what one of several shards saw of an archive.
type ShardArchive struct {
	Shard int
	SeenArchive
}

// SeenCheckpoint is what a shard saw of a checkpoint.
type SeenCheckpoint struct {
	ImagesID string                  `json:"images_id"`
	Digest   schema.CheckpointDigest `json:"digest"`
	// StagedAs is the checkpoint_id of the rows that the shard has of it: those of
	// a checkpoint are never staged twice under one. It is empty where there are
	// none, as the output or the shard had seen exactly the same before.
	StagedAs string `json:"staged_as,omitempty"`
	Rows     uint64 `json:"rows,omitempty"` // of tables whose rows belong to checkpoints
}

// StagingPlace is where the shards of a run put their files until the run is
// committed: a flat folder beside an output, on this machine or in a store. All
// machines that do shards get at it, and none holds it for itself.
type StagingPlace interface {
	// Footprint tells what use of the place touches on this machine.
	Footprint() Footprint
	// Scratch makes a folder of this machine for files that are to be put.
	Scratch(name string) (path string, err error)
	// Put moves a file of this machine to a name that nothing has yet.
	Put(ctx context.Context, name, path string) error
	// Create makes a file whole, unless one has the name: then the error wraps
	// fs.ErrExist. It is durable afterwards, with all that was put before.
	Create(ctx context.Context, name string, content []byte) error
	// Read returns a file. The error wraps fs.ErrNotExist where there is none.
	Read(ctx context.Context, name string) ([]byte, error)
	// Local returns a path of this machine at which a file can be read, until Close.
	Local(ctx context.Context, name string) (path string, err error)
	// URL is where a file lies in a store; empty on this machine.
	URL(name string) string
	// List returns the names of all files, and of scratch folders beside them.
	List(ctx context.Context) ([]string, error)
	// Remove removes files and scratch folders, those that are there.
	Remove(ctx context.Context, names ...string) error
	// Clear removes all files, and the place.
	Clear(ctx context.Context) error
	// Close removes what this process needed of its machine beside the place.
	Close() error
}

// PartFile is a Parquet file of rows of one table, as package spool makes them.
type PartFile struct {
	// Local returns its path on this machine, to which it may have to be fetched
	// first. The file stays.
	Local       func(context.Context) (string, error)
	URL         string // where it lies in a store; empty on this machine
	Rows, Bytes int64
	Columns     int
	SHA256      string // in hexadecimal
}

// PartSink is a sink that takes rows as files, too, which need not be decoded.
type PartSink interface {
	Sink
	// AddPart adds the rows of a file to the run.
	AddPart(ctx context.Context, table *schema.Table, part PartFile) error
}
